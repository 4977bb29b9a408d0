/** A time-out for others' silence, which does not count time in which nobody could have been heard. */

/**
 * A timer that fires so much too late tells that the machine slept, or that the process stood still.
 * What has arrived meanwhile is read after the timers, so they must not judge by it.
 */
const LATE_MS = 1_000;

/**
 * Calls `onEnd` once, `ms` after its making or its last `refresh`. When it should have done so while
 * nothing ran, it waits once more for as long: after a sleep, connections need a moment to say
 * whether they are still there.
 */
export class WakefulTimeout {
  readonly #ms: number;
  readonly #onEnd: () => void;
  #timer: NodeJS.Timeout;
  #dueMs: number;

  constructor(ms: number, onEnd: () => void) {
    this.#ms = ms;
    this.#onEnd = onEnd;
    this.#dueMs = performance.now() + ms;
    this.#timer = this.#start();
  }

  /** Begins anew. */
  refresh(): void {
    this.#dueMs = performance.now() + this.#ms;
    this.#timer.refresh();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => {
      const nowMs = performance.now();
      if (nowMs - this.#dueMs <= LATE_MS) {
        this.#onEnd();
        return;
      }
      this.#dueMs = nowMs + this.#ms;
      this.#timer = this.#start();
    }, this.#ms);
  }
}
