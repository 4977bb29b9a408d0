/** Logging as a dependency: the extension writes to its output channel, the launcher to stderr. */

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  log(level: LogLevel, message: string): void;
  /** A logger whose lines start with `topic:`. */
  child(topic: string): Logger;
}

const order: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** C0 but the tab, DEL, C1 and Unicode's line ends: what begins a line or steers a terminal. */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/g;

/** A logger that hands every line at or above `threshold` to `write`. */
export function createLogger(
  write: (level: LogLevel, line: string) => void,
  threshold: LogLevel = 'info',
  topic = '',
): Logger {
  return {
    log(level, message) {
      if (order.indexOf(level) < order.indexOf(threshold)) return;
      // Messages quote what clients and processes send, which must not forge lines of its own.
      write(level, (topic ? `${topic}: ${message}` : message).replace(CONTROL, escapeControl));
    },
    child: (name) => createLogger(write, threshold, topic ? `${topic}/${name}` : name),
  };
}

function escapeControl(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Drops every line; for tests and library use. */
export const silentLogger: Logger = createLogger(() => undefined, 'error');
