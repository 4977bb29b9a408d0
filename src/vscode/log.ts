import type { LogOutputChannel } from 'vscode';
import { createLogger, type Logger } from '../observe/log';
import type { RecentLog } from './recentLog';

/** A logger on an output channel; the level is the one the user sets for the channel. */
export function channelLogger(channel: LogOutputChannel, recent: RecentLog): Logger {
  return createLogger((level, line) => {
    channel[level](line);
    recent.add(level, line);
  }, 'trace');
}
