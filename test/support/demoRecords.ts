import { existsSync, readFileSync } from 'node:fs';
import type { DemoRecord } from './headless';

/** What a demo has written to its `record` file so far, in order. */
export class DemoRecords {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  all(): DemoRecord[] {
    if (!existsSync(this.file)) return [];
    return readFileSync(this.file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as DemoRecord);
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
