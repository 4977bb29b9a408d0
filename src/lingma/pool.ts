/**
 * The pool: keeps N instances and decides which of them takes a turn. A continued turn goes to the
 * process that holds its session and nowhere else; a new one to the least loaded; when all are
 * busy it waits in line, for a bounded time in a bounded queue.
 */
import { cancelled, GatewayError, stopping } from '../base/errors';
import type { Incarnation, Instance, LiveProcess } from './instance';
import type { Model } from './models';

export interface PoolOptions {
  readonly instances: readonly Instance[];
  /** Turns one instance runs at once; 0 = unlimited. */
  readonly maxInFlight: number;
  /** Requests that may wait at once; one more is refused with `queue_full`. */
  readonly maxQueued: number;
  /** Milliseconds a request may wait for its place. */
  readonly queueTimeoutMs: number;
  /** Sessions pinned to an instance; breaks ties between equally busy ones. */
  readonly pinnedTo: (instanceId: string) => number;
}

/** The right to run one turn on one process. */
export interface Slot {
  readonly live: LiveProcess;
  /** Frees the place; only the first call counts. */
  release(): void;
}

interface Waiter {
  readonly owner: Incarnation | undefined;
  /** Gives the waiter its place or its end; it has left the queue then. */
  settle(outcome: Slot | 'lost' | GatewayError): void;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #inFlight = new Map<string, number>();
  readonly #waiters: Waiter[] = [];
  #models: readonly Model[] = [];
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get instances(): readonly Instance[] {
    return this.#options.instances;
  }

  get queued(): number {
    return this.#waiters.length;
  }

  /**
   * The models of the instances, as last known: a restart does not empty the list. While the very
   * first instance is still starting this waits for it, and rejects as `acquire` does.
   */
  async models(signal: AbortSignal): Promise<readonly Model[]> {
    if (this.#models.length === 0) {
      const slot = await this.acquire(undefined, signal);
      if (slot !== 'lost') slot.release();
    }
    return this.#models;
  }

  inFlight(instanceId: string): number {
    return this.#inFlight.get(instanceId) ?? 0;
  }

  start(): void {
    for (const instance of this.instances) instance.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.settle(stopping());
    await Promise.all(this.instances.map((instance) => instance.close()));
  }

  /** To be called when an instance's status has changed: somebody in line may have a place now. */
  instanceChanged(): void {
    const live = this.#live()[0];
    if (live) this.#models = live.models;
    this.#serveQueue();
  }

  /**
   * A place on the process that is `owner`, or on the least loaded one when `owner` is undefined;
   * `avoid` is taken only when there is no other.
   * Resolves with `lost` when that process is gone. Rejects with `queue_full`, `queue_timeout`,
   * `no_instance`, `stopping`, or `cancelled` when `signal` aborts.
   */
  acquire(
    owner: Incarnation | undefined,
    signal: AbortSignal,
    avoid?: Incarnation,
  ): Promise<Slot | 'lost'> {
    if (this.#closed) return Promise.reject(stopping());
    if (signal.aborted) return Promise.reject(cancelled());
    const now = this.#place(owner, avoid);
    if (now instanceof GatewayError) return Promise.reject(now);
    if (now) return Promise.resolve(now);
    if (this.#waiters.length >= this.#options.maxQueued) return Promise.reject(queueFull());
    return this.#enqueue(owner, signal);
  }

  #enqueue(owner: Incarnation | undefined, signal: AbortSignal): Promise<Slot | 'lost'> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
      };
      const waiter: Waiter = {
        owner,
        settle: (outcome) => {
          leave();
          if (outcome instanceof GatewayError) reject(outcome);
          else resolve(outcome);
        },
      };
      const onAbort = (): void => {
        waiter.settle(cancelled());
      };
      const timer = setTimeout(() => {
        waiter.settle(this.#live().length > 0 ? queueTimeout() : this.#noInstance());
      }, this.#options.queueTimeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /** First come, first served, but one who waits for a busy process does not hold up the others. */
  #serveQueue(): void {
    for (const waiter of [...this.#waiters]) {
      const outcome = this.#place(waiter.owner);
      if (outcome) waiter.settle(outcome);
    }
  }

  /** A place right now; undefined when waiting makes sense, an error when it does not. */
  #place(
    owner: Incarnation | undefined,
    avoid?: Incarnation,
  ): Slot | 'lost' | GatewayError | undefined {
    const live = this.#live();
    if (owner) {
      const holder = live.find((candidate) => candidate.owner === owner);
      if (!holder) return 'lost';
      return this.#hasRoom(holder) ? this.#take(holder) : undefined;
    }
    const free = live.filter((candidate) => this.#hasRoom(candidate));
    const others = free.filter((candidate) => candidate.owner !== avoid);
    const choice = others.length > 0 ? others : free;
    const best = choice.sort((left, right) => this.#load(left, right))[0];
    if (best) return this.#take(best);
    const hope = this.instances.some(({ status }) =>
      ['ready', 'starting', 'reconnecting'].includes(status.state),
    );
    return hope ? undefined : this.#noInstance();
  }

  /** Fewer running turns first, then fewer pinned sessions; equal ones keep their order. */
  #load(left: LiveProcess, right: LiveProcess): number {
    const [leftId, rightId] = [left.owner.instanceId, right.owner.instanceId];
    const { pinnedTo } = this.#options;
    return this.inFlight(leftId) - this.inFlight(rightId) || pinnedTo(leftId) - pinnedTo(rightId);
  }

  #hasRoom(live: LiveProcess): boolean {
    const { maxInFlight } = this.#options;
    return maxInFlight <= 0 || this.inFlight(live.owner.instanceId) < maxInFlight;
  }

  #take(live: LiveProcess): Slot {
    const { instanceId } = live.owner;
    this.#inFlight.set(instanceId, this.inFlight(instanceId) + 1);
    let held = true;
    return {
      live,
      release: () => {
        if (!held) return;
        held = false;
        this.#inFlight.set(instanceId, this.inFlight(instanceId) - 1);
        this.#serveQueue();
      },
    };
  }

  #live(): LiveProcess[] {
    return this.instances.flatMap(({ status }) => (status.state === 'ready' ? [status.live] : []));
  }

  #noInstance(): GatewayError {
    const problems = this.instances.flatMap(({ status }) =>
      'problem' in status ? [status.problem] : [],
    );
    return new GatewayError({
      code: 'no_instance',
      status: 503,
      message: `No Lingma process is running. ${problems[0] ?? 'Restart the gateway.'}`,
      retryable: true,
      retryAfterSeconds: 5,
    });
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

function queueTimeout(): GatewayError {
  return new GatewayError({
    code: 'queue_timeout',
    status: 429,
    message: 'Every Lingma process stayed busy. Try again, or allow more turns at once.',
    retryable: true,
    retryAfterSeconds: 5,
  });
}
