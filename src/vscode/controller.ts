/**
 * Owns the life of the gateway as this window sees it: its own one, or that of another window which
 * it follows. One at a time, a new one for each start. Callers only say what they want (`start`,
 * `stop`, `restart`); one loop brings the gateway there, so requests that come while it works are
 * coalesced rather than queued.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { reachedAt } from '../base/address';
import { type Disposable, DisposableStore } from '../base/disposable';
import { Emitter } from '../base/emitter';
import { type ErrorCode, toGatewayError } from '../base/errors';
import { type HostState, type InstanceAction, type Role, snapshotOf } from '../dashboard/protocol';
import type { Leaving, WindowHost } from '../gateway/leaving';
import type { GatewayOptions } from '../gateway/options';
import type { GatewaySnapshot } from '../gateway/snapshot';
import { WINDOW_PROTOCOL } from '../gateway/windowIdentity';
import type { Logger } from '../observe/log';
import type {
  Connection,
  Ended,
  FollowedGateway,
  HostedGateway,
  OwnGateway,
} from './hostedGateway';
import { Throttle } from './throttle';
import type { LeaderAddress } from './windows/leaderClient';
import { Lookout } from './windows/lookout';
import { type Arrival, takeSeat } from './windows/seat';
import type { Windows } from './windows/windows';

/** A gateway that goes within this time of being followed counts as one that went at once. */
const BRIEF_MS = 10_000;
const LOOK_OUT_MS = 3_000;

export interface ControllerDependencies {
  readonly logger: Logger;
  /** Options from the settings and the key as they are now. */
  readonly buildOptions: () => Promise<GatewayOptions>;
  /** @param host Set when the gateway serves other windows as well. */
  readonly createGateway: (
    options: GatewayOptions,
    host: WindowHost | undefined,
  ) => Promise<OwnGateway>;
  /** The user's other windows; without them this one stands alone. */
  readonly windows?: () => Promise<Windows>;
  /** Least time between two change events that only bring new numbers. */
  readonly refreshMs?: number;
  /** How often a stopped window looks whether another one has started a gateway; by default 3 s. */
  readonly lookoutMs?: number;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly problem: string;
}

/** A gateway and the request that it serves. */
type Running = {
  readonly run: number;
  readonly subscriptions: DisposableStore;
} & (
  | { readonly role: 'leader'; readonly gateway: OwnGateway }
  | { readonly role: 'follower'; readonly gateway: FollowedGateway; readonly sinceMs: number }
);

/** Why a gateway is replaced or given up; it decides what the other windows hear. */
type Reason = 'start' | 'stop' | 'restart' | 'settings' | 'shutdown' | 'succession';

/** A start under way, and how to give it up. */
interface Attempt {
  readonly run: number;
  readonly signal: AbortSignal;
  /** Settles when the start is no longer wanted. */
  readonly abandoned: Promise<void>;
}

export class GatewayController implements Disposable {
  readonly #dependencies: ControllerDependencies;
  readonly #logger: Logger;
  readonly #refresh: Throttle;
  readonly #lookout: Lookout;
  readonly #changed = new Emitter<HostState>();
  readonly #failed = new Emitter<Failure>();

  #state: HostState = { kind: 'stopped' };
  /** The run that is wanted, a new number for each (re)start; null = none. */
  #target: number | null = null;
  #reason: Reason = 'start';
  #lastRun = 0;
  #failedRun: number | undefined;
  #running: Running | undefined;
  #options: GatewayOptions | undefined;
  /** How the next start comes to be. */
  #arrival: Arrival = 'fresh';
  #hops = 0;
  #converging: Promise<void> | undefined;
  #abandonStart: (() => void) | undefined;
  #closed = false;

  constructor(dependencies: ControllerDependencies) {
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child('controller');
    this.#refresh = new Throttle(() => {
      this.#takeSnapshot();
    }, dependencies.refreshMs ?? 250);
    this.#lookout = new Lookout(() => this.#lookForLeader());
  }

  /** Fires with the new state; at once when its kind changes, throttled when only numbers do. */
  readonly onDidChange = this.#changed.event;

  /** Fires once for each start that failed here and each gateway of this window that broke down. */
  readonly onDidFail = this.#failed.event;

  get state(): HostState {
    return this.#state;
  }

  /** The gateway that turns may be given to; undefined unless the state is `ready`. */
  get serving(): HostedGateway | undefined {
    return this.#state.kind === 'ready' ? this.#running?.gateway : undefined;
  }

  /**
   * Starts the gateway unless it runs or is about to, or follows the one of another window; after a
   * failure it tries again. Resolves with the state that was reached, `failed` included; never
   * rejects.
   */
  async start(): Promise<HostState> {
    if (this.#target === null || this.#state.kind === 'failed') this.#aim(true, 'start');
    return this.#converge();
  }

  /**
   * Stops the gateway, also one that is still starting, and for every window: one that is followed
   * is stopped where it runs. Never rejects.
   */
  async stop(): Promise<HostState> {
    this.#aim(false, 'stop');
    return this.#converge();
  }

  /**
   * Replaces the gateway by a new one, in the window where it runs; starts one if there is none.
   * Never rejects.
   *
   * @param reason Settings that concern this window alone leave the gateway of another one alone.
   */
  async restart(reason: 'restart' | 'settings' = 'restart'): Promise<HostState> {
    this.#aim(true, reason);
    return this.#converge();
  }

  /**
   * Waits for a gateway of another window, to follow it. A stop holds for all windows, and so does
   * the next start; only windows that are told so lead.
   */
  lookOut(): void {
    if (this.#closed || !this.#dependencies.windows) return;
    const { lookoutMs = LOOK_OUT_MS } = this.#dependencies;
    // What stands on the port then is perhaps a program of others, which would hear each look.
    this.#lookout.watch(this.#state.kind === 'failed' ? 5 * lookoutMs : lookoutMs);
  }

  /**
   * The options a change of settings is compared with; undefined while no gateway is wanted, or its
   * start has yet to read them, or could not.
   */
  wantedOptions(): GatewayOptions | undefined {
    return this.#target === null ? undefined : this.#options;
  }

  /**
   * Whether a change of that option is for this window to apply. The window that runs the gateway
   * applies all of them; one that follows has nothing but the place it looks at.
   */
  isConcernedBy(option: string): boolean {
    return this.#running?.role !== 'follower' || option === 'port' || option === 'host';
  }

  /** Address and key of the gateway there is, wherever it runs; undefined unless it is `ready`. */
  async connection(): Promise<Connection | undefined> {
    return this.serving?.connection();
  }

  /** Forgets every idle session; resolves with how many, or undefined when no gateway runs. */
  async clearSessions(): Promise<number | undefined> {
    return this.serving?.clearSessions();
  }

  /**
   * Gives the gateway there is other options of those that it can change while it runs; false when
   * there is none, so that only a start can bring them.
   */
  reconfigure(options: GatewayOptions): boolean {
    if (this.#running?.role !== 'leader' || this.#running.run !== this.#target) return false;
    // One that has broken down may need more than another size.
    if (this.#state.kind === 'failed') return false;
    this.#running.gateway.reconfigure(options);
    this.#options = options;
    return true;
  }

  /** Restarts one instance, at once or when its turns are over; an unknown one is only logged. */
  async actOnInstance(action: InstanceAction, id: string): Promise<void> {
    const gateway = this.#running?.gateway;
    try {
      await (action === 'restart' ? gateway?.restartInstance(id) : gateway?.drainInstance(id));
    } catch (error) {
      this.#logger.log('warn', toGatewayError(error).message);
    }
  }

  /** Stops for good, so that another window takes over; later requests are ignored. */
  async shutdown(): Promise<void> {
    this.#aim(false, 'shutdown');
    this.#closed = true;
    this.#lookout.dispose();
    await this.#converge();
  }

  dispose(): void {
    void this.shutdown();
    this.#refresh.dispose();
    this.#changed.dispose();
    this.#failed.dispose();
  }

  #aim(run: boolean, reason: Reason, arrival: Arrival = 'fresh'): void {
    if (this.#closed) return;
    this.#target = run ? ++this.#lastRun : null;
    this.#reason = reason;
    this.#arrival = arrival;
    if (run) this.#lookout.dispose();
    this.#abandonStart?.();
  }

  async #converge(): Promise<HostState> {
    await (this.#converging ??= this.#loop());
    return this.#state;
  }

  async #loop(): Promise<void> {
    // Requests of one tick are one request.
    await Promise.resolve();
    for (;;) {
      const target = this.#target;
      if (this.#running && this.#running.run !== target) await this.#leave(this.#running);
      else if (target !== null && !this.#running && this.#failedRun !== target) {
        await this.#startRun(target);
      } else if (target === null && this.#state.kind !== 'stopped') {
        this.#setState({ kind: 'stopped' });
      } else break;
    }
    this.#converging = undefined;
    if (!this.#running) this.lookOut();
  }

  async #startRun(run: number): Promise<void> {
    const began = performance.now();
    const arrival = this.#arrival;
    // Between two gateways the window goes on showing what it knows.
    const snapshot = arrival === 'fresh' ? null : snapshotOf(this.#state);
    this.#setState({ kind: 'starting', snapshot });
    const abandon = new AbortController();
    const attempt: Attempt = {
      run,
      signal: abandon.signal,
      abandoned: new Promise((resolve) => {
        this.#abandonStart = () => {
          abandon.abort();
          resolve();
        };
      }),
    };
    try {
      this.#options = undefined;
      // The system's store of secrets may ask the user for a password, for as long as it likes.
      const options = await Promise.race([this.#dependencies.buildOptions(), attempt.abandoned]);
      if (!options || this.#target !== run) return;
      this.#options = options;
      const windows = await this.#windowsFor(options);
      await this.#takeSeat(attempt, arrival, options, windows);
      if (this.#target !== run || !this.#running) return;
      this.#show(this.#running);
      const took = Math.round(performance.now() - began);
      const { role } = this.#running;
      const what = role === 'leader' ? 'the gateway is up' : "follows another window's gateway";
      this.#logger.log('info', `${what} after ${took} ms`);
    } catch (error) {
      if (this.#target !== run) return;
      this.#failedRun = run;
      const failure = toGatewayError(error);
      if (failure.cause !== undefined) this.#logger.log('error', describe(failure.cause));
      this.#fail(failure.code, failure.message, null);
    } finally {
      this.#abandonStart = undefined;
    }
  }

  /** The other windows and what is shared with them; undefined when this one stands alone. */
  async #windowsFor({ host, port }: GatewayOptions): Promise<Shared | undefined> {
    // A port that the system picks is known to no other window.
    if (port === 0 || !this.#dependencies.windows) return undefined;
    const windows = await this.#dependencies.windows();
    const secret = await windows.secret();
    return secret === undefined
      ? undefined
      : { windows, address: { host: reachedAt(host), port, secret } };
  }

  async #takeSeat(
    attempt: Attempt,
    arrival: Arrival,
    options: GatewayOptions,
    shared: Shared | undefined,
  ): Promise<void> {
    const { signal } = attempt;
    if (!shared) {
      await this.#lead(attempt, options, undefined);
      return;
    }
    const { windows, address } = shared;
    await takeSeat({
      port: options.port,
      arrival,
      hops: this.#hops,
      lead: () => this.#lead(attempt, options, address.secret),
      follow: () => this.#follow(attempt, windows.follow(address)),
      probe: () => windows.probe(address),
      pause: (ms) => sleep(ms, undefined, { signal }).catch(() => undefined),
      abandoned: () => signal.aborted,
      random: () => windows.random(),
    });
  }

  async #lead(
    { run, abandoned }: Attempt,
    options: GatewayOptions,
    secret: string | undefined,
  ): Promise<void> {
    const host =
      secret === undefined
        ? undefined
        : { secret, request: this.#onRequest, portTaken: this.#onPortTaken };
    const gateway = await this.#dependencies.createGateway(options, host);
    if (this.#target !== run) return;
    const subscriptions = new DisposableStore();
    this.#running = { run, role: 'leader', gateway, subscriptions };
    subscriptions.add(
      gateway.onDidChange(() => {
        this.#refresh.schedule();
      }),
    );
    try {
      // A start that is no longer wanted is not waited for: the loop stops its gateway.
      await Promise.race([gateway.start(), abandoned]);
    } catch (error) {
      if (this.#target !== run) return;
      subscriptions.dispose();
      this.#running = undefined;
      throw error;
    }
  }

  async #follow({ run, abandoned }: Attempt, gateway: FollowedGateway): Promise<void> {
    try {
      await Promise.race([gateway.start(), abandoned]);
    } catch (error) {
      gateway.detach();
      throw error;
    }
    if (this.#target !== run) {
      gateway.detach();
      return;
    }
    const subscriptions = new DisposableStore();
    const sinceMs = performance.now();
    const running: Running = { run, role: 'follower', gateway, subscriptions, sinceMs };
    this.#running = running;
    const settled = new Promise<void>((resolve) => {
      const look = (): void => {
        if (gateway.snapshot().state !== 'starting') resolve();
      };
      subscriptions.add(
        gateway.onDidChange(() => {
          look();
          this.#refresh.schedule();
        }),
      );
      look();
    });
    this.#show(running);
    const ended = gateway.ended.then((how) => {
      this.#onEnded(running, how);
    });
    // Whoever asked for a start wants to know how it went, also in the other window.
    await Promise.race([settled, ended, abandoned]);
  }

  /** The gateway that this window follows has gone. */
  #onEnded(running: Running & { role: 'follower' }, how: Ended): void {
    if (this.#running !== running || this.#target !== running.run || this.#closed) return;
    this.#logger.log('info', `the gateway of the other window ends: ${how.reason}`);
    switch (how.reason) {
      case 'stopped':
        this.#aim(false, 'succession');
        break;
      case 'failed':
        // The window that ran it has told the user.
        this.#drop(running);
        this.#failedRun = running.run;
        this.#setState({ kind: 'failed', code: how.code, problem: how.problem, snapshot: null });
        break;
      case 'restarting':
        this.#aim(true, 'succession', 'restart');
        break;
      case 'closing':
      case 'lost':
        this.#hops = performance.now() - running.sinceMs < BRIEF_MS ? this.#hops + 1 : 0;
        this.#aim(true, 'succession', 'succession');
        break;
    }
    void this.#converge();
  }

  /** Ends what runs: the gateway itself where it is ours, else only that it is followed. */
  async #leave(running: Running): Promise<void> {
    const reason = this.#reason;
    if (running.role === 'leader') await this.#stopOwn(running.gateway, leavingFor(reason));
    else if (reason === 'stop') await this.#askLeader(running.gateway, 'stop');
    // A start while it is followed: it has broken down.
    else if (reason === 'restart' || reason === 'start') {
      await this.#askLeader(running.gateway, 'restart');
    }
    this.#drop(running);
  }

  async #stopOwn(gateway: OwnGateway, leaving: Leaving): Promise<void> {
    const began = performance.now();
    this.#setState({ kind: 'stopping', snapshot: snapshotOf(this.#state) });
    try {
      await gateway.stop(leaving);
      const took = Math.round(performance.now() - began);
      this.#logger.log('info', `the gateway stopped in ${took} ms`);
    } catch (error) {
      this.#logger.log('error', `the gateway did not stop cleanly: ${describe(error)}`);
    }
  }

  async #askLeader(gateway: FollowedGateway, action: 'stop' | 'restart'): Promise<void> {
    this.#setState({ kind: 'stopping', snapshot: snapshotOf(this.#state) });
    try {
      await gateway.request(action);
      if (action === 'restart' && this.#target !== null) this.#arrival = 'restart';
    } catch (error) {
      this.#logger.log('warn', `the other window: ${toGatewayError(error).message}`);
    }
  }

  #drop(running: Running): void {
    if (running.role === 'follower') running.gateway.detach();
    running.subscriptions.dispose();
    if (this.#running === running) this.#running = undefined;
  }

  /** Another window asks for this; here it is as if it had been asked for in this window. */
  readonly #onRequest = (action: 'stop' | 'restart'): void => {
    this.#logger.log('info', `another window asks for: ${action}`);
    void (action === 'stop' ? this.stop() : this.restart());
  };

  /** The gateway of this window has lost its port to somebody: whoever that is, it finds its place. */
  readonly #onPortTaken = (): void => {
    this.#logger.log('warn', 'the port has gone to somebody else; this window looks for a place');
    void this.restart();
  };

  async #lookForLeader(): Promise<void> {
    try {
      const shared = await this.#windowsFor(await this.#dependencies.buildOptions());
      const found = await shared?.windows.probe(shared.address);
      if (found?.kind !== 'ours') return;
      found.socket.destroy();
      if (found.identity.protocol !== WINDOW_PROTOCOL || this.#running || this.#converging) return;
      await this.start();
    } catch (error) {
      this.#logger.log('debug', `no look for other windows: ${toGatewayError(error).message}`);
    }
  }

  /** Brings the numbers up to date; a running gateway may also break down or recover by itself. */
  #takeSnapshot(): void {
    if (!this.#running) return;
    const { kind } = this.#state;
    // Its own start and stop end when they have been waited for, whatever the snapshot says.
    if (kind === 'stopping' || (kind === 'starting' && this.#running.role === 'leader')) {
      this.#setState({ kind, snapshot: this.#running.gateway.snapshot() });
    } else this.#show(this.#running);
  }

  #show({ role, gateway }: Running): void {
    const snapshot = gateway.snapshot();
    if (snapshot.state === 'starting') this.#setState({ kind: 'starting', snapshot });
    else if (snapshot.state === 'failed') this.#breakDown(role, snapshot);
    // One that stops says why, and then the state changes.
    else if (snapshot.state === 'ready') this.#setState({ kind: 'ready', role, snapshot });
  }

  #breakDown(role: Role, snapshot: GatewaySnapshot): void {
    const problem = snapshot.problem ?? 'No Lingma instance is left.';
    const failed = { kind: 'failed', code: 'no_instance', problem, snapshot } as const;
    if (this.#state.kind === 'failed') this.#setState({ ...this.#state, snapshot });
    // The window that runs it tells the user.
    else if (role === 'follower') this.#setState(failed);
    else this.#fail(failed.code, problem, snapshot);
  }

  #fail(code: ErrorCode, problem: string, snapshot: GatewaySnapshot | null): void {
    this.#logger.log('error', `${code}: ${problem}`);
    this.#setState({ kind: 'failed', code, problem, snapshot });
    this.#failed.fire({ code, problem });
  }

  #setState(state: HostState): void {
    this.#state = state;
    this.#changed.fire(state);
  }
}

/** The other windows, and the gateway that they all mean. */
interface Shared {
  readonly windows: Windows;
  readonly address: LeaderAddress;
}

function leavingFor(reason: Reason): Leaving {
  switch (reason) {
    case 'stop':
      return { reason: 'stopped' };
    case 'shutdown':
      return { reason: 'closing' };
    case 'start':
    case 'restart':
    case 'settings':
    case 'succession':
      return { reason: 'restarting' };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
