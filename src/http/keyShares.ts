/** How many requests each key has at work, so that no client takes the places of all others. */
import { GatewayError } from '../base/errors';
import type { ClientIdentity } from './keyRing';

export class KeyShares {
  readonly #most: () => number;
  readonly #taken = new Map<string, number>();

  /** @param most Requests of one key at a time; 0 = any number. Asked with each request. */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** Takes a place; gives what leaves it, once. Throws `too_many_requests` when none is left. */
  take({ scope }: ClientIdentity): () => void {
    const most = this.#most();
    const taken = this.#taken.get(scope) ?? 0;
    if (most > 0 && taken >= most) throw tooManyRequests(most);
    this.#taken.set(scope, taken + 1);
    return () => {
      const left = (this.#taken.get(scope) ?? 1) - 1;
      if (left > 0) this.#taken.set(scope, left);
      else this.#taken.delete(scope);
    };
  }
}

function tooManyRequests(most: number): GatewayError {
  return new GatewayError({
    code: 'too_many_requests',
    status: 429,
    message:
      `This key has ${most} requests at work, which is as many as it may have. Send this one again ` +
      'when one of them is done (setting lingmaGateway.maxTurnsPerKey, flag --max-turns-per-key).',
    retryable: true,
    retryAfterSeconds: 2,
  });
}
