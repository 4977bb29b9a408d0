/** When to try again, as an immutable value: each attempt asks the policy for the next one. */

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Attempts in a row after which to give up. */
  readonly attempts: number;
  /** Share of the delay that is drawn at random, so that instances do not restart in step. */
  readonly jitter: number;
}

export interface BackoffStep {
  readonly delayMs: number;
  readonly policy: BackoffPolicy;
}

export class BackoffPolicy {
  readonly #options: BackoffOptions;
  readonly #attempt: number;
  readonly #random: () => number;

  constructor(options: BackoffOptions, random: () => number = Math.random, attempt = 0) {
    this.#options = options;
    this.#random = random;
    this.#attempt = attempt;
  }

  /** The delay before the next attempt and the policy to ask after it; undefined = give up. */
  next(): BackoffStep | undefined {
    return this.#attempt < this.#options.attempts ? this.step() : undefined;
  }

  /** The same for what is never given up: the longest delay comes again and again. */
  step(): BackoffStep {
    const { firstMs, maxMs, jitter } = this.#options;
    const delayMs = Math.min(maxMs, firstMs * 2 ** this.#attempt);
    return {
      delayMs: delayMs * (1 - jitter * this.#random()),
      policy: new BackoffPolicy(this.#options, this.#random, this.#attempt + 1),
    };
  }

  /** With no attempt left: the one that is under way is the last. */
  spent(): BackoffPolicy {
    return new BackoffPolicy(this.#options, this.#random, this.#options.attempts);
  }
}
