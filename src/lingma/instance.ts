/**
 * One place in the pool: keeps a connection to a process, one incarnation after the other.
 * stopped › starting › ready › reconnecting › … › failed, and closed from anywhere.
 *
 * Only a process that does not come to life, or dies without having been given work, makes it give
 * up. One that ends in the middle of turns did start, and what ended it may be in a prompt: it is
 * replaced, ever later, so that no single client can take the process away from all others.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError, toGatewayError } from '../base/errors';
import type { Clock } from '../base/clock';
import type { Logger } from '../observe/log';
import type { Account } from './account';
import type { BackoffPolicy } from './backoff';
import type { Connection, Connector } from './connect/connector';
import type { AskLimits, Dialect } from './dialect';
import { shakeHands } from './handshake';
import { replyTo } from './inbound';
import type { Model } from './models';
import { RpcConnection } from './rpc';

/** A process that has served, or been ready for this long, works: back-off starts anew. */
const STABLE_AFTER_MS = 10_000;

/** Longest wait for a new process after one that ended in the middle of turns: others need it. */
const CRASH_DELAY_MAX_MS = 2_000;

/** How long a process that stood still may take to give a sign of life. */
const PROBE_TIMEOUT_MS = 5_000;
/** How long after its connection a process may take to end. */
const EXIT_GRACE_MS = 100;

/** One process from its start to its end, as the owner of the sessions it holds. */
export interface Incarnation {
  readonly instanceId: string;
  readonly incarnation: number;
}

/** A process that takes turns. */
export interface LiveProcess {
  readonly owner: Incarnation;
  /** Null when it is not known, as behind a socket of somebody else's process. */
  readonly pid: number | null;
  /** Its port on this machine; null when it is reached another way. */
  readonly port: number | null;
  readonly dialect: Dialect;
  readonly models: readonly Model[];
  readonly signedIn: boolean | null;
  /** Who is signed in and how to; null for an agent, which keeps that to itself. */
  readonly account: Account | null;
  /** When it could take turns, by the monotonic clock. */
  readonly readyAtMs: number;
  /** Asks for a sign of life, and restarts the process when none comes; for one that stood still. */
  probe(): void;
}

export type InstanceStatus =
  | { readonly state: 'stopped' }
  | { readonly state: 'starting' }
  | { readonly state: 'ready'; readonly live: LiveProcess }
  | { readonly state: 'reconnecting'; readonly problem: string }
  /** Given up. From `retryAtMs` on, by the monotonic clock, `revive` tries once more. */
  | { readonly state: 'failed'; readonly problem: string; readonly retryAtMs: number }
  | { readonly state: 'closed' };

export interface InstanceOptions {
  readonly id: string;
  /** How this instance gets its process, each time anew. */
  readonly connector: Connector;
  readonly limits: AskLimits;
  readonly backoff: BackoffPolicy;
  /** How long it rests when it has given up, once and again; its attempts do not matter. */
  readonly coolDown: BackoffPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The instance has another status; the one it had before is given as well. */
  readonly onStatus: (status: InstanceStatus, before: InstanceStatus) => void;
  /** A process ended, and with it every session it held. */
  readonly onLost: (owner: Incarnation) => void;
}

/** A running process with the means to wait for its end and to bring it about. */
interface Launched {
  readonly live: LiveProcess;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** How a process ended that had come to life. */
interface Ending {
  readonly reason: string;
  /** Whether it had answered a turn, or was up for long. */
  readonly worked: boolean;
  /** Whether turns were open on it. */
  readonly atWork: boolean;
}

export class Instance {
  readonly id: string;
  readonly #options: InstanceOptions;
  readonly #closing = new AbortController();
  #status: InstanceStatus = { state: 'stopped' };
  #incarnations = 0;
  #supervision: Promise<void> | undefined;
  /** Ends the process or the attempt at one that there is now, so that another one follows. */
  #attempt = new AbortController();
  #refreshing: Promise<void> | undefined;
  /** Gives the next rest; anew once a process has worked. */
  #coolDown: BackoffPolicy;
  /** Whether the process that was ready last had turns to answer when it was lost. */
  #lostAtWork = false;

  constructor(options: InstanceOptions) {
    this.id = options.id;
    this.#options = options;
    this.#coolDown = options.coolDown;
  }

  get status(): InstanceStatus {
    return this.#status;
  }

  /** Processes this instance has had. */
  get incarnations(): number {
    return this.#incarnations;
  }

  /** Begins to keep a process running; failures show in `status`. */
  start(): void {
    this.#supervision ??= this.#supervise(this.#options.backoff);
  }

  /**
   * Replaces the process by a new one, at once and with a fresh back-off, whether or not it has
   * given up. Nothing happens to a closed one.
   */
  restart(): void {
    if (this.#closing.signal.aborted) return;
    const status = this.#status;
    this.#coolDown = this.#options.coolDown;
    if (status.state === 'failed') {
      this.#tryAgain(this.#options.backoff);
      return;
    }
    // Before the process ends, so that no turn is given to it any more.
    if (status.state === 'ready') this.#leaveReady(status.live.owner, 'It is being restarted.');
    this.#attempt.abort();
    this.start();
  }

  /**
   * To be called when it is wanted: one that has given up tries once more after its cool-down, and
   * has all its attempts again when a process has worked. Nothing happens to any other.
   */
  revive(): void {
    const { backoff, clock } = this.#options;
    const status = this.#status;
    if (this.#closing.signal.aborted || status.state !== 'failed') return;
    if (clock.monotonicMs() >= status.retryAtMs) this.#tryAgain(backoff.spent());
  }

  #tryAgain(starts: BackoffPolicy): void {
    this.#setStatus({ state: 'starting' });
    this.#supervision = this.#supervise(starts);
  }

  /**
   * Asks the process again who is signed in and which models there are. What it does not answer
   * stays as it was known. Never rejects; calls that overlap share one question.
   */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Ends the process and all attempts to keep one; resolves when it is gone. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#supervision;
    this.#setStatus({ state: 'closed' });
  }

  /** @param starts What is left of the attempts to get a process that starts. */
  async #supervise(starts: BackoffPolicy): Promise<void> {
    const { logger, backoff } = this.#options;
    const closed = (): boolean => this.#closing.signal.aborted;
    /** For processes that ended in the middle of turns, one after the other. */
    let crashes = backoff;
    while (!closed()) {
      let problem: string;
      let atWork = false;
      const attempt = (this.#attempt = new AbortController());
      const restarted = (): boolean => attempt.signal.aborted;
      const signal = AbortSignal.any([this.#closing.signal, attempt.signal]);
      if (this.#status.state === 'stopped') this.#setStatus({ state: 'starting' });
      try {
        const end = await this.#runOnce(signal);
        ({ reason: problem, atWork } = end);
        if (end.worked) {
          crashes = backoff;
          this.#coolDown = this.#options.coolDown;
        }
        if (end.worked || atWork) starts = backoff;
      } catch (thrown) {
        if (closed()) return;
        const error = toGatewayError(thrown);
        problem = error.code === 'internal' ? String(thrown) : error.message;
        if (!error.retryable && !restarted()) {
          this.#giveUp(problem);
          return;
        }
      }
      if (closed()) return;
      if (restarted()) {
        starts = crashes = backoff;
        this.#setStatus({ state: 'starting' });
        continue;
      }
      const step = atWork ? crashes.step() : starts.next();
      if (!step) {
        this.#giveUp(problem);
        return;
      }
      if (atWork) crashes = step.policy;
      else starts = step.policy;
      const delayMs = atWork ? Math.min(step.delayMs, CRASH_DELAY_MAX_MS) : step.delayMs;
      logger.log('warn', `${problem} Next attempt in ${Math.round(delayMs)} ms.`);
      this.#setStatus({ state: 'reconnecting', problem });
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      // Woken up to be restarted.
      if (restarted()) starts = crashes = backoff;
    }
  }

  #giveUp(problem: string): void {
    const { clock, logger } = this.#options;
    const { delayMs, policy } = this.#coolDown.step();
    this.#coolDown = policy;
    logger.log(
      'error',
      `${problem} Given up. The next request after ${Math.ceil(delayMs / 1000)} s tries once more; to try ` +
        `at once, run "Lingma Gateway: Restart Instance…" in VS Code or POST ` +
        `/internal/instances/${this.id}/restart.`,
    );
    this.#setStatus({ state: 'failed', problem, retryAtMs: clock.monotonicMs() + delayMs });
  }

  /** One incarnation: resolves with the reason of its end, rejects when it never came to life. */
  async #runOnce(signal: AbortSignal): Promise<Ending> {
    const launched = await this.#launch(signal);
    const { live } = launched;
    this.#setStatus({ state: 'ready', live });
    const { pid, port } = live;
    this.#options.logger.log('info', `ready: process ${pid ?? 'unknown'}, port ${port ?? 'none'}`);
    const aborted = new Promise<string>((resolve) => {
      const onAbort = (): void => {
        resolve('closed');
      };
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
    });
    const reason = await Promise.race([launched.ended, aborted]);
    this.#leaveReady(live.owner, reason);
    const upMs = this.#options.clock.monotonicMs() - live.readyAtMs;
    await launched.stop();
    const worked = live.dialect.completedTurns > 0 || upMs > STABLE_AFTER_MS;
    return { reason, worked, atWork: this.#lostAtWork };
  }

  async #launch(signal: AbortSignal): Promise<Launched> {
    const { connector, limits, clock } = this.#options;
    const connection = await connector.connect(signal);
    const { peer, socket, framing, pid, port, cwd } = connection;
    const owner: Incarnation = { instanceId: this.id, incarnation: ++this.#incarnations };

    let dialect: Dialect | undefined;
    let connectionEnded: (reason: string) => void = () => undefined;
    const disconnected = new Promise<string>((resolve) => (connectionEnded = resolve));
    const rpc = new RpcConnection(
      socket,
      {
        reply: (method, params) => replyTo(method, params, peer),
        onMessage: (method, params) => {
          dialect?.receive(method, params);
        },
        onClose: (error) => {
          // First of all: a turn that fails now and tries again must not come back here.
          this.#leaveReady(owner, error.message);
          dialect?.close(error);
          connectionEnded(error.message);
        },
      },
      framing,
    );
    // A process that ends takes its connection along; how it ended says more.
    const ended = Promise.race([
      connection.ended,
      disconnected.then((how) => Promise.race([connection.ended, sleep(EXIT_GRACE_MS, how)])),
    ]);
    // Closing the connection is what ends a handshake that the process does not answer.
    const onAbort = (): void => {
      rpc.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const hands = await shakeHands(rpc, { peer, cwd, limits });
      dialect = hands.dialect;
      const probe = (): void => {
        // Any reply will do, a refusal included; only silence means that it hangs.
        rpc.request('ping', {}, PROBE_TIMEOUT_MS).catch((error: unknown) => {
          if (toGatewayError(error).code === 'upstream_timeout') rpc.close();
        });
      };
      return {
        live: { owner, pid, port, readyAtMs: clock.monotonicMs(), probe, ...hands },
        ended,
        stop: () => leave(connection, rpc, hands.dialect),
      };
    } catch (thrown) {
      const error = toGatewayError(thrown);
      const lost = error.code === 'instance_lost' && !signal.aborted;
      const failure = lost ? handshakeFailed(await ended) : error;
      rpc.close();
      await connection.stop();
      throw failure;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #refresh(): Promise<void> {
    const before = this.#live();
    const facts = await before?.account?.facts();
    const live = this.#live();
    // Of another process by now, or unchanged: nothing to tell.
    if (!facts || !live || live.owner !== before?.owner) return;
    const signedIn = facts.signedIn ?? live.signedIn;
    const models = changedModels(live.models, facts.models);
    if (signedIn === live.signedIn && models === live.models) return;
    this.#setStatus({ state: 'ready', live: { ...live, signedIn, models } });
  }

  #live(): LiveProcess | undefined {
    return this.#status.state === 'ready' ? this.#status.live : undefined;
  }

  /** The process takes no more turns, and its sessions are lost; only the first call counts. */
  #leaveReady(owner: Incarnation, problem: string): void {
    if (this.#status.state !== 'ready' || this.#status.live.owner !== owner) return;
    this.#lostAtWork = this.#status.live.dialect.openTurns > 0;
    this.#setStatus({ state: 'reconnecting', problem });
    this.#options.onLost(owner);
  }

  #setStatus(status: InstanceStatus): void {
    // A closed instance stays closed, whatever its last process still reports.
    const before = this.#status;
    if (before.state === 'closed') return;
    this.#status = status;
    this.#options.onStatus(status, before);
  }
}

/** The same list object as long as it says the same, so that others can tell by identity. */
function changedModels(
  known: readonly Model[],
  now: readonly Model[] | undefined,
): readonly Model[] {
  return now && JSON.stringify(now) !== JSON.stringify(known) ? now : known;
}

/** Ends a connection of ours; what goes on without us is left as it was found. */
async function leave(connection: Connection, rpc: RpcConnection, dialect: Dialect): Promise<void> {
  if (connection.peer === 'shared') await dialect.retire();
  rpc.close();
  await connection.stop();
}

/** The connection ended before it could be used; `how` is what is known of the reason. */
function handshakeFailed(how: string): GatewayError {
  return new GatewayError({ code: 'start_failed', status: 503, message: how, retryable: true });
}
