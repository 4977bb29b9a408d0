/**
 * Slows down who tries keys. All callers share one address, so nobody is ever locked out, and whoever
 * has a right key never waits; what keeps keys from being guessed is their length.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpLimits } from './limits';

const WINDOW_MS = 60_000;

export class WrongKeys {
  readonly #limits: HttpLimits;
  readonly #nowMs: () => number;
  /** When the latest ones came; no more of them than the longest delay takes into account. */
  readonly #recent: number[] = [];
  #held = 0;

  constructor(limits: HttpLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Counts one more; gives the milliseconds by which its refusal is to be delayed. */
  count(): number {
    const { wrongKeys, wrongKeyStepMs, wrongKeyMostMs } = this.#limits;
    const now = this.#nowMs();
    this.#recent.push(now);
    const most = wrongKeys + Math.ceil(wrongKeyMostMs / wrongKeyStepMs);
    while (this.#recent.length > most || (this.#recent[0] ?? now) <= now - WINDOW_MS) {
      this.#recent.shift();
    }
    const beyond = Math.max(0, this.#recent.length - wrongKeys);
    return Math.min(beyond * wrongKeyStepMs, wrongKeyMostMs);
  }

  /**
   * Counts one more and waits for its delay, or until `signal` aborts. False at once when too many
   * wait already.
   */
  async hold(signal: AbortSignal): Promise<boolean> {
    const delayMs = this.count();
    if (delayMs === 0) return true;
    if (this.#held >= this.#limits.wrongKeysHeld) return false;
    this.#held++;
    try {
      await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined);
    } finally {
      this.#held--;
    }
    return true;
  }
}
