/**
 * Those who wait for a place: first come, first served, each for a bounded time, and only so many
 * of them. Each one is settled exactly once, whatever happens at the same moment.
 */
import type { Clock } from '../base/clock';
import { cancelled, GatewayError } from '../base/errors';
import { WakefulTimeout } from '../base/wakefulTimeout';
import { Histogram, type HistogramReading } from '../observe/histogram';

/** Seconds; the longest is the time that a wait may take in a gateway. */
const WAIT_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30];

export interface WaitingLineOptions {
  /** Most that may wait at once; one more is refused with `queue_full`. */
  readonly max: number;
  /** Milliseconds that one may wait. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** What ends a wait that has taken too long. */
  readonly onTimeout: () => GatewayError;
}

export interface QueueReading {
  readonly queued: number;
  /** Milliseconds that the first in line has waited; 0 when nobody waits. */
  readonly oldestWaitMs: number;
  /** Seconds that those who had to wait did wait, however their wait ended. */
  readonly waits: HistogramReading;
  /** Refused for want of a place, at once (`full`) or after a wait (`timeout`). */
  readonly refused: { readonly full: number; readonly timeout: number };
}

interface Waiter<Want, Place> {
  readonly want: Want;
  readonly sinceMs: number;
  /** Ends the wait; the waiter has left the line then. */
  settle(outcome: Place | GatewayError): void;
}

export class WaitingLine<Want, Place> {
  readonly #options: WaitingLineOptions;
  readonly #waiters: Waiter<Want, Place>[] = [];
  readonly #waits = new Histogram(WAIT_BOUNDS);
  #refusedFull = 0;
  #refusedTimeout = 0;

  constructor(options: WaitingLineOptions) {
    this.#options = options;
  }

  read(): QueueReading {
    const first = this.#waiters[0];
    return {
      queued: this.#waiters.length,
      oldestWaitMs: first ? Math.round(this.#options.clock.monotonicMs() - first.sinceMs) : 0,
      waits: this.#waits.read(),
      refused: { full: this.#refusedFull, timeout: this.#refusedTimeout },
    };
  }

  /**
   * Joins at the end. Rejects with `queue_full`, `cancelled` when `signal` aborts, what `onTimeout`
   * gives after the time limit, or the error that `serve` or `close` brings.
   */
  join(want: Want, signal: AbortSignal): Promise<Place> {
    const { max, timeoutMs, clock, onTimeout } = this.#options;
    if (this.#waiters.length >= max) {
      this.#refusedFull++;
      return Promise.reject(queueFull());
    }
    return new Promise((resolve, reject) => {
      const sinceMs = clock.monotonicMs();
      const waiter: Waiter<Want, Place> = {
        want,
        sinceMs,
        settle: (outcome) => {
          timer.clear();
          signal.removeEventListener('abort', onAbort);
          const index = this.#waiters.indexOf(waiter);
          if (index < 0) return;
          this.#waiters.splice(index, 1);
          this.#waits.add((clock.monotonicMs() - sinceMs) / 1000);
          if (outcome instanceof GatewayError) reject(outcome);
          else resolve(outcome);
        },
      };
      const onAbort = (): void => {
        waiter.settle(cancelled());
      };
      const timer = new WakefulTimeout(timeoutMs, () => {
        this.#refusedTimeout++;
        waiter.settle(onTimeout());
      });
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /**
   * Asks for each one in turn whether there is a place (or an error) now. One for whom there is
   * none does not hold up those behind.
   */
  serve(placeFor: (want: Want) => Place | GatewayError | undefined): void {
    for (const waiter of [...this.#waiters]) {
      const outcome = placeFor(waiter.want);
      if (outcome !== undefined) waiter.settle(outcome);
    }
  }

  /** Ends every wait with the same error. */
  close(error: GatewayError): void {
    for (const waiter of [...this.#waiters]) waiter.settle(error);
  }
}

function queueFull(): GatewayError {
  return new GatewayError({
    code: 'queue_full',
    status: 429,
    message: 'Too many requests are waiting for Lingma. Try again in a moment.',
    retryable: true,
    retryAfterSeconds: 5,
  });
}
