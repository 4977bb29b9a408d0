import type { LogOutputChannel } from 'vscode';
import { createLogger, type Logger } from '../observe/log';

/** A logger on an output channel; the level is the one the user sets for the channel. */
export function channelLogger(channel: LogOutputChannel): Logger {
  return createLogger((level, line) => {
    channel[level](line);
  }, 'trace');
}
