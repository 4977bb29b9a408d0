/**
 * What each key has at work, so that no client takes the places of all others, nor the memory of
 * the process: bodies stay in it until their requests are answered.
 */
import { GatewayError } from '../base/errors';
import type { ClientIdentity } from './keyRing';

const MIB = 1024 * 1024;

export interface ShareLimits {
  /** Requests of one key at a time; 0 = any number. Asked with each request. */
  readonly requests: () => number;
  /** Bytes of the bodies of one key's requests, and of those of all keys together. */
  readonly bytesPerKey: number;
  readonly bytes: number;
}

/** The part of its key's share that one request has. */
export interface Share {
  /** Counts further bytes of its body; what to refuse it with when they are too many. */
  readonly grow: (bytes: number) => GatewayError | undefined;
  /** Gives all of it back; only the first call counts. */
  readonly leave: () => void;
}

interface Taken {
  requests: number;
  bytes: number;
}

export class KeyShares {
  readonly #limits: ShareLimits;
  /** By scope; a key that has nothing at work has no entry. */
  readonly #taken = new Map<string, Taken>();
  #bytes = 0;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** Begins a request. Throws `too_many_requests` when the key has as many as it may have. */
  take({ scope }: ClientIdentity): Share {
    const most = this.#limits.requests();
    const taken = this.#taken.get(scope) ?? { requests: 0, bytes: 0 };
    if (most > 0 && taken.requests >= most) throw tooManyRequests(most);
    taken.requests++;
    this.#taken.set(scope, taken);
    let own = 0;
    let left = false;
    const count = (bytes: number): void => {
      own += bytes;
      taken.bytes += bytes;
      this.#bytes += bytes;
    };
    return {
      grow: (bytes) => {
        if (left) return undefined;
        count(bytes);
        const error = this.#excess(taken);
        // It is read no further, so that those which came before it have the room.
        if (error) count(-own);
        return error;
      },
      leave: () => {
        if (left) return;
        left = true;
        count(-own);
        taken.requests--;
        if (taken.requests === 0) this.#taken.delete(scope);
      },
    };
  }

  #excess(taken: Taken): GatewayError | undefined {
    const { bytesPerKey, bytes } = this.#limits;
    if (taken.bytes > bytesPerKey) return tooManyBytes('This key has', bytesPerKey);
    return this.#bytes > bytes ? tooManyBytes('The gateway has', bytes) : undefined;
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

function tooManyBytes(who: string, most: number): GatewayError {
  return new GatewayError({
    code: 'too_many_requests',
    status: 429,
    message:
      `${who} requests at work whose bodies are ${most / MIB} MiB in all, which is as much as may be. ` +
      'Send this one again when some of them are done.',
    retryable: true,
    retryAfterSeconds: 2,
  });
}
