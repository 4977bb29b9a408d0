import type { Clock } from '../../src/base/clock';

/** Time that moves only when a test says so. */
export class ManualClock implements Clock {
  #nowMs = 0;

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  epochMs(): number {
    return this.#nowMs;
  }
}
