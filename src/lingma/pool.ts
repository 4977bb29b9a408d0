/**
 * The pool: keeps N instances and decides which of them takes a turn. A continued turn goes to the
 * process that holds its session and nowhere else; a new one to the least loaded; when all are
 * busy it waits in line, for a bounded time in a bounded queue. A process that nobody is signed in to
 * gets new turns only when all are like that.
 *
 * An instance that drains takes no turn at all, not even one that continues a session of its own:
 * that session ends with the process anyway, and a busy conversation could put the end off for
 * ever. Such a turn is `lost` and is answered elsewhere with the whole conversation.
 */
import type { Clock } from '../base/clock';
import { systemClock } from '../base/systemClock';
import { cancelled, GatewayError, stopping } from '../base/errors';
import { WakefulTimeout } from '../base/wakefulTimeout';
import type { Incarnation, Instance, LiveProcess } from './instance';
import type { Model } from './models';
import { type QueueReading, WaitingLine } from './waitingLine';

/** An account's models change rarely; asked more often, a process would only be kept from work. */
const MODELS_STALE_AFTER_MS = 300_000;

export interface PoolOptions {
  /** Makes the instance with that number, counted from 1; not started yet. */
  readonly createInstance: (number: number) => Instance;
  /** Instances to begin with. */
  readonly size: number;
  /** Turns one instance runs at once; 0 = unlimited. */
  readonly maxInFlight: number;
  /** Requests that may wait at once; one more is refused with `queue_full`. */
  readonly maxQueued: number;
  /** Milliseconds a request may wait for its place. */
  readonly queueTimeoutMs: number;
  /** Milliseconds that turns may take to finish on an instance that drains. */
  readonly drainTimeoutMs: number;
  /** Sessions pinned to an instance; breaks ties between equally busy ones. */
  readonly pinnedTo: (instanceId: string) => number;
  /** An instance joined, began or ceased to drain, or left. */
  readonly onChange?: () => void;
  readonly clock?: Clock;
}

/** The right to run one turn on one process. */
export interface Slot {
  readonly live: LiveProcess;
  /** Frees the place; only the first call counts. */
  release(): void;
}

/** What an instance is there for, apart from how its process is. */
type Duty =
  | { readonly kind: 'serving' }
  /** Finishes its turns and takes no new ones. */
  | {
      readonly kind: 'draining';
      readonly purpose: 'restart' | 'removal';
      readonly deadline: WakefulTimeout;
    }
  /** Its process is being ended for good. */
  | { readonly kind: 'closing' };

interface Member {
  readonly number: number;
  readonly instance: Instance;
  duty: Duty;
}

const SERVING: Duty = { kind: 'serving' };

export class Pool {
  readonly #options: PoolOptions;
  readonly #clock: Clock;
  readonly #inFlight = new Map<string, number>();
  readonly #line: WaitingLine<Incarnation | undefined, Slot | 'lost'>;
  readonly #members: Member[] = [];
  #size: number;
  #maxInFlight: number;
  #models: readonly Model[] = [];
  #modelsAtMs = 0;
  #started = false;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#size = options.size;
    this.#maxInFlight = options.maxInFlight;
    this.#line = new WaitingLine({
      max: options.maxQueued,
      timeoutMs: options.queueTimeoutMs,
      clock: this.#clock,
      onTimeout: () => (this.#live().length > 0 ? queueTimeout() : this.#noInstance()),
    });
    this.#grow();
  }

  /** Every instance there is, by number; also those that are about to leave. */
  get instances(): readonly Instance[] {
    return this.#members.map(({ instance }) => instance);
  }

  /** Instances that take turns now. */
  get readyCount(): number {
    return this.#live().length;
  }

  get queued(): number {
    return this.#line.read().queued;
  }

  /** How long turns wait for a place, and how many got none. */
  get queue(): QueueReading {
    return this.#line.read();
  }

  get maxInFlight(): number {
    return this.#maxInFlight;
  }

  /**
   * The models of the instances, as last known: a restart does not empty the list. While the very
   * first instance is still starting this waits for it, and rejects as `acquire` does. A list that
   * has become old is asked for anew in the background.
   */
  async models(signal: AbortSignal): Promise<readonly Model[]> {
    if (this.#models.length === 0) {
      const slot = await this.acquire(undefined, signal);
      if (slot !== 'lost') slot.release();
    } else if (this.#clock.monotonicMs() - this.#modelsAtMs > MODELS_STALE_AFTER_MS) {
      this.#modelsAtMs = this.#clock.monotonicMs();
      for (const { instance } of this.#serving()) void instance.refresh();
    }
    return this.#models;
  }

  inFlight(instanceId: string): number {
    return this.#inFlight.get(instanceId) ?? 0;
  }

  /** Whether the instance takes no more turns because it is about to restart or to leave. */
  isDraining(instanceId: string): boolean {
    return this.#members.some(
      ({ instance, duty }) => instance.id === instanceId && duty.kind !== 'serving',
    );
  }

  start(): void {
    this.#started = true;
    for (const instance of this.instances) instance.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#line.close(stopping());
    for (const member of this.#members) callOff(member);
    await Promise.all(this.instances.map((instance) => instance.close()));
  }

  /** Turns that one instance may run at once from now on; those that run are left alone. */
  setMaxInFlight(maxInFlight: number): void {
    this.#maxInFlight = maxInFlight;
    this.#serveQueue();
  }

  /**
   * Brings the pool to `size` instances (at least 1) without touching those that stay. New ones
   * start at once; those with the highest numbers drain and leave. One that has not gone yet is
   * taken back when it is wanted again.
   */
  resize(size: number): void {
    if (this.#closed) return;
    this.#size = Math.max(1, size);
    for (const member of this.#members) {
      const leaves = isDrainingFor(member, 'removal');
      if (member.number <= this.#size) {
        if (leaves) callOff(member);
      } else if (!leaves && member.duty.kind !== 'closing') {
        this.#beginDrain(member, 'removal');
      }
    }
    this.#grow();
    this.#changed();
  }

  /**
   * Gives the instance a new process at once; its running turns fail over to others. One that had
   * given up tries again; one that drains does not wait any longer. Throws `not_found`.
   */
  restart(instanceId: string): void {
    const member = this.#member(instanceId);
    if (member.duty.kind === 'serving') member.instance.restart();
    else this.#endDrain(member);
  }

  /**
   * Lets the instance finish its turns, for a limited time, then gives it a new process. Nothing
   * changes when it drains already. Throws `not_found`.
   */
  drain(instanceId: string): void {
    const member = this.#member(instanceId);
    if (member.duty.kind !== 'serving') return;
    this.#beginDrain(member, 'restart');
    this.#changed();
  }

  /** To be called when an instance's status has changed: somebody in line may have a place now. */
  instanceChanged(): void {
    const live = this.#live()[0];
    if (live && live.models !== this.#models) {
      this.#models = live.models;
      this.#modelsAtMs = this.#clock.monotonicMs();
    }
    this.#serveQueue();
  }

  /** Asks the process again who is signed in, because what is known of it may be wrong. */
  recheck(owner: Incarnation): void {
    const member = this.#members.find(({ instance }) => instance.id === owner.instanceId);
    void member?.instance.refresh();
  }

  /**
   * A place on the process that is `owner`, or on the least loaded one when `owner` is undefined;
   * `avoid` is taken only when there is no other.
   * Resolves with `lost` when that process is gone or about to go. Rejects with `queue_full`,
   * `queue_timeout`, `no_instance`, `stopping`, or `cancelled` when `signal` aborts.
   */
  acquire(
    owner: Incarnation | undefined,
    signal: AbortSignal,
    avoid?: Incarnation,
  ): Promise<Slot | 'lost'> {
    if (this.#closed) return Promise.reject(stopping());
    if (signal.aborted) return Promise.reject(cancelled());
    // Whoever gave up is tried again when there is work, rather than for nothing and for ever.
    for (const { instance } of this.#serving()) instance.revive();
    const now = this.#place(owner, avoid);
    if (now instanceof GatewayError) return Promise.reject(now);
    if (now) return Promise.resolve(now);
    return this.#line.join(owner, signal);
  }

  #serveQueue(): void {
    this.#line.serve((owner) => this.#place(owner));
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
    // Where nobody is signed in a turn would only fail; it had better wait for a process that works.
    const able = live.filter(({ signedIn }) => signedIn !== false);
    const free = (able.length > 0 ? able : live).filter((candidate) => this.#hasRoom(candidate));
    const others = free.filter((candidate) => candidate.owner !== avoid);
    const choice = others.length > 0 ? others : free;
    const best = choice.sort((left, right) => this.#load(left, right))[0];
    if (best) return this.#take(best);
    // One that drains for a restart will be back; one that leaves will not.
    const hope = this.#members.some(
      (member) =>
        (member.duty.kind === 'serving' || isDrainingFor(member, 'restart')) &&
        ['ready', 'starting', 'reconnecting'].includes(member.instance.status.state),
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
    return this.#maxInFlight <= 0 || this.inFlight(live.owner.instanceId) < this.#maxInFlight;
  }

  #take(live: LiveProcess): Slot {
    const { instanceId } = live.owner;
    this.#inFlight.set(instanceId, this.inFlight(instanceId) + 1);
    // Somebody may have signed in by now, without having asked us for the page.
    if (live.signedIn === false) this.recheck(live.owner);
    let held = true;
    return {
      live,
      release: () => {
        if (!held) return;
        held = false;
        this.#free(instanceId);
      },
    };
  }

  #free(instanceId: string): void {
    const left = this.inFlight(instanceId) - 1;
    this.#inFlight.set(instanceId, left);
    const member = this.#members.find(({ instance }) => instance.id === instanceId);
    if (left === 0 && member) this.#endDrain(member);
    this.#serveQueue();
  }

  /** Those that take turns, whether or not their processes can just now. */
  #serving(): Member[] {
    return this.#members.filter(({ duty }) => duty.kind === 'serving');
  }

  #live(): LiveProcess[] {
    return this.#serving().flatMap(({ instance: { status } }) =>
      status.state === 'ready' ? [status.live] : [],
    );
  }

  #member(instanceId: string): Member {
    const member = this.#members.find(({ instance }) => instance.id === instanceId);
    if (!member || member.duty.kind === 'closing') {
      throw instanceNotFound(
        instanceId,
        this.instances.map(({ id }) => id),
      );
    }
    return member;
  }

  /** Adds the instances that are missing; a number is free only once its last holder is gone. */
  #grow(): void {
    for (let number = 1; number <= this.#size; number++) {
      if (this.#members.some((member) => member.number === number)) continue;
      const instance = this.#options.createInstance(number);
      this.#members.push({ number, instance, duty: SERVING });
      if (this.#started) instance.start();
    }
    this.#members.sort((left, right) => left.number - right.number);
  }

  #beginDrain(member: Member, purpose: 'restart' | 'removal'): void {
    callOff(member);
    const deadline = new WakefulTimeout(this.#options.drainTimeoutMs, () => {
      this.#endDrain(member);
    });
    member.duty = { kind: 'draining', purpose, deadline };
    if (this.inFlight(member.instance.id) === 0) this.#endDrain(member);
  }

  /** Its turns are over or have to be; nothing unless it drains. */
  #endDrain(member: Member): void {
    const { duty } = member;
    if (duty.kind !== 'draining') return;
    duty.deadline.clear();
    if (duty.purpose === 'removal') {
      member.duty = { kind: 'closing' };
      void this.#remove(member);
    } else {
      // In this order, so that no turn gets a place on the old process in between.
      member.instance.restart();
      member.duty = SERVING;
    }
    this.#changed();
  }

  async #remove(member: Member): Promise<void> {
    await member.instance.close();
    this.#members.splice(this.#members.indexOf(member), 1);
    if (this.#closed) return;
    // It may be wanted again by now, and nobody uses its folder any more.
    this.#grow();
    this.#changed();
  }

  #changed(): void {
    // Who waits for a session of an instance that drains waits in vain.
    this.#serveQueue();
    this.#options.onChange?.();
  }

  #noInstance(): GatewayError {
    const statuses = this.instances.map(({ status }) => status);
    const problem = statuses.flatMap((status) => ('problem' in status ? [status.problem] : []))[0];
    const nowMs = this.#clock.monotonicMs();
    const restsMs = statuses.flatMap((status) =>
      status.state === 'failed' ? [status.retryAtMs - nowMs] : [],
    );
    // Where some are still at it, they may be there any moment.
    const gaveUp = restsMs.length > 0 && restsMs.length === statuses.length;
    const seconds = gaveUp ? Math.max(1, Math.ceil(Math.min(...restsMs) / 1000)) : 5;
    const next = gaveUp
      ? `The first request after ${seconds} s tries again; to try at once, restart the instance.`
      : 'Try again in a moment, or restart the gateway.';
    return new GatewayError({
      code: 'no_instance',
      status: 503,
      message: ['No Lingma process is running.', problem, next].filter(Boolean).join(' '),
      retryable: true,
      retryAfterSeconds: seconds,
    });
  }
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

function isDrainingFor({ duty }: Member, purpose: 'restart' | 'removal'): boolean {
  return duty.kind === 'draining' && duty.purpose === purpose;
}

/** The instance serves on; nothing unless it drains. */
function callOff(member: Member): void {
  if (member.duty.kind !== 'draining') return;
  member.duty.deadline.clear();
  member.duty = SERVING;
}

function instanceNotFound(instanceId: string, known: readonly string[]): GatewayError {
  return new GatewayError({
    code: 'not_found',
    status: 404,
    message: `There is no instance "${instanceId.slice(0, 100)}". There are ${known.join(', ')}.`,
  });
}
