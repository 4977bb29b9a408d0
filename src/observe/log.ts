/** Logging as a dependency: the extension writes to its output channel, the launcher to stderr. */

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  log(level: LogLevel, message: string): void;
  /** A logger whose lines start with `topic:`. */
  child(topic: string): Logger;
}

const order: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** A logger that hands every line at or above `threshold` to `write`. */
export function createLogger(
  write: (level: LogLevel, line: string) => void,
  threshold: LogLevel = 'info',
  topic = '',
): Logger {
  return {
    log(level, message) {
      if (order.indexOf(level) < order.indexOf(threshold)) return;
      write(level, topic ? `${topic}: ${message}` : message);
    },
    child: (name) => createLogger(write, threshold, topic ? `${topic}/${name}` : name),
  };
}

/** Drops every line; for tests and library use. */
export const silentLogger: Logger = createLogger(() => undefined, 'error');
