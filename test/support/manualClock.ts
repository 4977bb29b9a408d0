import type { Clock } from '../../src/base/clock';

/** Time that moves only when a test says so. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #sleptMs = 0;
  #setByMs = 0;

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  /** The machine sleeps, as Linux has it: its monotonic clock stands still. */
  sleep(ms: number): void {
    this.#sleptMs += ms;
  }

  /** Somebody sets the wall clock by so much. */
  set(byMs: number): void {
    this.#setByMs += byMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  continuousMs(): number {
    return this.#nowMs + this.#sleptMs;
  }

  epochMs(): number {
    return this.#nowMs + this.#sleptMs + this.#setByMs;
  }
}
