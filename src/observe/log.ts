/** Logging as a dependency: the extension writes to its output channel, the launcher to stderr. */

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** What a line is about, for programs that read the log: ids, names and numbers, no texts. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null>>;

/** One line before it is written. */
export interface LogRecord {
  readonly level: LogLevel;
  /** Topics from the outermost to the innermost, joined by slashes; empty at the root. */
  readonly topic: string;
  readonly message: string;
  /** Put together when somebody wants them. */
  readonly facts: () => LogFacts;
}

export interface Logger {
  /** Whether lines of that level are written: what is dear to put together can be left out. */
  writes(level: LogLevel): boolean;
  /** @param facts What only structured logs show: it has to be in the message for people. */
  log(level: LogLevel, message: string, facts?: () => LogFacts): void;
  /** A logger whose lines start with `topic:`, and have these facts beside their own. */
  child(topic: string, facts?: LogFacts): Logger;
}

const order: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** C0 but the tab, DEL, C1 and Unicode's line ends: what begins a line or steers a terminal. */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/g;

/**
 * A logger that hands every line at or above `threshold` to `write`: as text for people, and as the
 * record it was made of.
 */
export function createLogger(
  write: (level: LogLevel, line: string, record: LogRecord) => void,
  threshold: LogLevel = 'info',
  topic = '',
  always: LogFacts = {},
): Logger {
  const writes = (level: LogLevel): boolean => order.indexOf(level) >= order.indexOf(threshold);
  return {
    writes,
    log(level, message, facts) {
      if (!writes(level)) return;
      const record = { level, topic, message, facts: () => ({ ...always, ...facts?.() }) };
      // Messages quote what clients and processes send, which must not forge lines of its own.
      write(level, escapeControls(topic ? `${topic}: ${message}` : message), record);
    },
    child: (name, facts = {}) =>
      createLogger(write, threshold, topic ? `${topic}/${name}` : name, { ...always, ...facts }),
  };
}

/**
 * A record as one line of JSON: `time` (RFC 3339, UTC), `level`, `topic`, `message`, then its facts.
 *
 * @param epochMs When it happened.
 */
export function jsonLine({ level, topic, message, facts }: LogRecord, epochMs: number): string {
  const time = new Date(epochMs).toISOString();
  // JSON itself leaves DEL, C1 and Unicode's line ends as they are; they stand in strings only.
  return escapeControls(JSON.stringify({ time, level, topic, message, ...facts() }));
}

function escapeControls(text: string): string {
  return text.replace(CONTROL, escapeControl);
}

function escapeControl(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Drops every line; for tests and library use. */
export const silentLogger: Logger = createLogger(() => undefined, 'error');
