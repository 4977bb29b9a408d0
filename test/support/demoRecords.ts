import { existsSync, readFileSync } from 'node:fs';
import type { DemoRecord } from './headless';

/** How each record begins; in a text within one, the quotes would be escaped. */
const RECORD_BEGINS = '{"ts":';

/** What a demo has written to its `record` file so far, in order. */
export class DemoRecords {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  all(): DemoRecord[] {
    return existsSync(this.file) ? readRecords(this.file) : [];
  }

  /** Parameters of the calls of one method, in order. */
  calls(method: string): Record<string, unknown>[] {
    return this.all().flatMap(({ message }) =>
      message?.method === method ? [message.params ?? {}] : [],
    );
  }

  events(name: string): DemoRecord[] {
    return this.all().filter(({ event }) => event === name);
  }
}

/** The records in a file; a process may be in the middle of writing the last one. */
export function readRecords(file: string): DemoRecord[] {
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map(parseRecord);
}

/**
 * The record of one line. A process that is killed in the middle of a long write leaves only the
 * first pages of it, and the next one to write goes on in the same line.
 */
export function parseRecord(line: string): DemoRecord {
  try {
    return JSON.parse(line) as DemoRecord;
  } catch (error) {
    const at = line.lastIndexOf(RECORD_BEGINS);
    if (at <= 0) throw error;
    return JSON.parse(line.slice(at)) as DemoRecord;
  }
}
