/** When to say that Lingma is signed out: not once for each request that fails for it. */
import type { HostState } from '../dashboard/protocol';
import { snapshotOf } from '../dashboard/protocol';

/** An agent may send requests for hours while nobody looks; one reminder in this time is enough. */
const QUIET_MS = 600_000;

export class SignInReminder {
  readonly #nowMs: () => number;
  #refused = 0;
  #quietUntilMs = -Infinity;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Whether to say it now: a request has been refused since the last state, and all was quiet. */
  isDue(state: HostState): boolean {
    const refused = snapshotOf(state)?.turns.signedOut ?? 0;
    const more = refused > this.#refused;
    // A new gateway counts from 0 again.
    this.#refused = refused;
    if (!more || this.#nowMs() < this.#quietUntilMs) return false;
    this.#quietUntilMs = this.#nowMs() + QUIET_MS;
    return true;
  }

  /** The user has signed in: whatever is refused after that is news. */
  reset(): void {
    this.#quietUntilMs = -Infinity;
  }
}
