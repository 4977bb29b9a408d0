/** Which blocks of `src` have run, from V8 itself. */
import { type Profiler, Session } from 'node:inspector';

export class Coverage {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The blocks that have run since the last call; takes some milliseconds. */
  take(): Set<string> {
    const blocks = new Set<string>();
    this.#session.post('Profiler.takePreciseCoverage', (_error, { result }) => {
      for (const script of result) {
        if (script.url.includes('/src/')) add(script, blocks);
      }
    });
    return blocks;
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }
}

function add({ scriptId, functions }: Profiler.ScriptCoverage, blocks: Set<string>): void {
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) {
      if (count > 0) blocks.add(`${scriptId}:${startOffset}:${endOffset}`);
    }
  }
}
