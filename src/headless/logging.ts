/** Where the launcher's log goes, and how it looks there. */
import { systemClock } from '../base/systemClock';
import type { GatewayError } from '../base/errors';
import { invalidRequest } from '../base/errors';
import { createLogger, jsonLine, type Logger, type LogLevel } from '../observe/log';
import { LogFile } from '../observe/logFile';

export const LOG_FORMATS = ['text', 'json'] as const;

/** With the one before it, which is kept beside it, twice as much. */
const MAX_FILE_BYTES = 10 * 1024 * 1024;

export interface LoggingFlags {
  readonly logLevel: LogLevel;
  readonly logFormat: (typeof LOG_FORMATS)[number];
  /** Empty = stderr. */
  readonly logFile: string;
}

export interface Logging {
  readonly logger: Logger;
  /** For people only: nothing where stderr holds one JSON object a line. */
  readonly greet: (text: string) => void;
  /** What the launcher ends for: in the log's own format, and always on stderr. */
  readonly complain: (error: GatewayError, text: string) => void;
}

/** Throws `invalid_request` when the log file cannot be opened. */
export function openLog({ logLevel, logFormat, logFile }: LoggingFlags): Logging {
  const json = logFormat === 'json';
  const say = stderrLines();
  const render = (level: LogLevel, line: string, record: Parameters<typeof jsonLine>[0]): string =>
    json ? jsonLine(record, systemClock.epochMs()) : `${level.padEnd(5)} ${line}`;
  const console = createLogger((...args) => {
    say(render(...args));
  }, logLevel);
  const file = logFile === '' ? undefined : openFile(logFile, console);
  const logger = file
    ? createLogger((...args) => {
        const line = render(...args);
        // JSON tells the time by itself.
        file.write(json ? line : `${new Date(systemClock.epochMs()).toISOString()} ${line}`);
      }, logLevel)
    : console;
  return {
    logger,
    greet: (text) => {
      if (!json) say(text);
    },
    complain: (error, text) => {
      if (file) logger.log('error', error.message, () => ({ code: error.code }));
      if (json) console.log('error', error.message, () => ({ code: error.code }));
      else say(text);
    },
  };
}

/** @param console Hears of a file that takes no lines: elsewhere nobody would. */
function openFile(file: string, console: Logger): LogFile {
  try {
    return new LogFile({
      file,
      maxBytes: MAX_FILE_BYTES,
      clock: systemClock,
      onTrouble: (message) => {
        console.log('warn', message);
      },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalidRequest('--log-file', `--log-file cannot be opened: ${why}`);
  }
}

/** Writes to stderr: the lines of one turn of the event loop with one system call. */
function stderrLines(): (line: string) => void {
  let unsaid = '';
  const flush = (): void => {
    const lines = unsaid;
    unsaid = '';
    if (lines !== '') process.stderr.write(lines);
  };
  // Whoever exits in this very turn has something to say, most of all.
  process.on('exit', flush);
  return (line) => {
    if (unsaid === '') setImmediate(flush);
    unsaid += `${line}\n`;
  };
}
