import type { LogLevel } from '../observe/log';

/** Lines that are kept; a report needs what happened last. */
const MAX_LINES = 60;

/** The last lines of the log, for reports. Below `info`, lines quote what processes print. */
export class RecentLog {
  readonly #lines: string[] = [];

  /** The oldest first, each with its time and level. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  add(level: LogLevel, line: string): void {
    if (level === 'trace' || level === 'debug') return;
    this.#lines.push(`${new Date().toISOString()} [${level}] ${line}`);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }
}
