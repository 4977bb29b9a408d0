/**
 * Owns the life of the gateway: one at a time, a new one for each start. Callers only say what they
 * want (`start`, `stop`, `restart`); one loop brings the gateway there, so requests that come while
 * it works are coalesced rather than queued.
 */
import { type Disposable, DisposableStore } from '../base/disposable';
import { Emitter } from '../base/emitter';
import { type ErrorCode, toGatewayError } from '../base/errors';
import { type HostState, type InstanceAction, snapshotOf } from '../dashboard/protocol';
import type { Gateway } from '../gateway/gateway';
import type { GatewayOptions } from '../gateway/options';
import type { GatewaySnapshot } from '../gateway/snapshot';
import type { Logger } from '../observe/log';
import { Throttle } from './throttle';

export type HostedGateway = Pick<
  Gateway,
  | 'start'
  | 'stop'
  | 'snapshot'
  | 'onDidChange'
  | 'clearSessions'
  | 'chat'
  | 'models'
  | 'resize'
  | 'restartInstance'
  | 'drainInstance'
  | 'beginSignIn'
  | 'signedIn'
>;

export interface ControllerDependencies {
  readonly logger: Logger;
  /** Options from the settings and the key as they are now. */
  readonly buildOptions: () => Promise<GatewayOptions>;
  readonly createGateway: (options: GatewayOptions) => Promise<HostedGateway>;
  /** Least time between two change events that only bring new numbers. */
  readonly refreshMs?: number;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly problem: string;
  /** True when nobody asked for this start: it came with the window. */
  readonly unasked: boolean;
}

/** A gateway and the request that it serves. */
interface Running {
  readonly run: number;
  readonly gateway: HostedGateway;
  readonly subscriptions: DisposableStore;
}

export class GatewayController implements Disposable {
  readonly #dependencies: ControllerDependencies;
  readonly #logger: Logger;
  readonly #refresh: Throttle;
  readonly #changed = new Emitter<HostState>();
  readonly #failed = new Emitter<Failure>();

  #state: HostState = { kind: 'stopped' };
  /** The run that is wanted, a new number for each (re)start; null = none. */
  #target: number | null = null;
  #lastRun = 0;
  #failedRun: number | undefined;
  #running: Running | undefined;
  #options: GatewayOptions | undefined;
  #unasked = false;
  #converging: Promise<void> | undefined;
  #abandonStart: (() => void) | undefined;
  #closed = false;

  constructor(dependencies: ControllerDependencies) {
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child('controller');
    this.#refresh = new Throttle(() => {
      this.#takeSnapshot();
    }, dependencies.refreshMs ?? 250);
  }

  /** Fires with the new state; at once when its kind changes, throttled when only numbers do. */
  readonly onDidChange = this.#changed.event;

  /** Fires once for each start that failed and each gateway that broke down. */
  readonly onDidFail = this.#failed.event;

  get state(): HostState {
    return this.#state;
  }

  /** The gateway that turns may be given to; undefined unless the state is `ready`. */
  get serving(): HostedGateway | undefined {
    return this.#state.kind === 'ready' ? this.#running?.gateway : undefined;
  }

  /**
   * Starts the gateway unless it runs or is about to; after a failure it tries again. Resolves with
   * the state that was reached, `failed` included; never rejects.
   */
  async start(reason: { readonly unasked: boolean } = { unasked: false }): Promise<HostState> {
    if (this.#target === null || this.#state.kind === 'failed') this.#aim(true, reason.unasked);
    return this.#converge();
  }

  /** Stops the gateway, also one that is still starting. Never rejects. */
  async stop(): Promise<HostState> {
    this.#aim(false);
    return this.#converge();
  }

  /** Replaces the gateway by a new one; starts one if there is none. Never rejects. */
  async restart(): Promise<HostState> {
    this.#aim(true);
    return this.#converge();
  }

  /** The options a change of settings is compared with; undefined while no gateway is wanted. */
  wantedOptions(): GatewayOptions | undefined {
    return this.#target === null ? undefined : this.#options;
  }

  /** Forgets every idle session; returns how many, or undefined when no gateway runs. */
  clearSessions(): number | undefined {
    if (this.#state.kind !== 'ready') return undefined;
    return this.#running?.gateway.clearSessions();
  }

  /**
   * Gives the gateway there is other options of those that it can change while it runs; false when
   * there is none, so that only a start can bring them.
   */
  resize(options: GatewayOptions): boolean {
    if (!this.#running || this.#running.run !== this.#target) return false;
    // One that has broken down may need more than another size.
    if (this.#state.kind === 'failed') return false;
    this.#options = options;
    this.#running.gateway.resize(options);
    return true;
  }

  /** Restarts one instance, at once or when its turns are over; an unknown one is only logged. */
  actOnInstance(action: InstanceAction, id: string): void {
    const gateway = this.#running?.gateway;
    try {
      if (action === 'restart') gateway?.restartInstance(id);
      else gateway?.drainInstance(id);
    } catch (error) {
      this.#logger.log('warn', toGatewayError(error).message);
    }
  }

  /** Stops for good; later requests are ignored. */
  async shutdown(): Promise<void> {
    this.#aim(false);
    this.#closed = true;
    await this.#converge();
  }

  dispose(): void {
    void this.shutdown();
    this.#refresh.dispose();
    this.#changed.dispose();
    this.#failed.dispose();
  }

  #aim(run: boolean, unasked = false): void {
    if (this.#closed) return;
    this.#target = run ? ++this.#lastRun : null;
    this.#unasked = unasked;
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
      if (this.#running && this.#running.run !== target) await this.#stopRunning(this.#running);
      else if (target !== null && !this.#running && this.#failedRun !== target) {
        await this.#startRun(target);
      } else if (target === null && this.#state.kind !== 'stopped') {
        this.#setState({ kind: 'stopped' });
      } else break;
    }
    this.#converging = undefined;
  }

  async #startRun(run: number): Promise<void> {
    const began = performance.now();
    const subscriptions = new DisposableStore();
    this.#setState({ kind: 'starting', snapshot: null });
    try {
      this.#options = await this.#dependencies.buildOptions();
      const gateway = await this.#dependencies.createGateway(this.#options);
      if (this.#target !== run) return;
      this.#running = { run, gateway, subscriptions };
      subscriptions.add(
        gateway.onDidChange(() => {
          this.#refresh.schedule();
        }),
      );
      // A start that is no longer wanted is not waited for: the loop stops its gateway.
      const abandoned = new Promise<void>((resolve) => (this.#abandonStart = resolve));
      await Promise.race([gateway.start(), abandoned]);
      if (this.#target !== run) return;
      this.#setState({ kind: 'ready', role: 'leader', snapshot: gateway.snapshot() });
      this.#logger.log(
        'info',
        `the gateway is up after ${Math.round(performance.now() - began)} ms`,
      );
    } catch (error) {
      if (this.#target !== run) return;
      subscriptions.dispose();
      this.#running = undefined;
      this.#failedRun = run;
      const failure = toGatewayError(error);
      if (failure.cause !== undefined) this.#logger.log('error', describe(failure.cause));
      this.#fail(failure.code, failure.message, null);
    } finally {
      this.#abandonStart = undefined;
    }
  }

  async #stopRunning({ gateway, subscriptions }: Running): Promise<void> {
    const began = performance.now();
    this.#setState({ kind: 'stopping', snapshot: snapshotOf(this.#state) });
    try {
      await gateway.stop();
      this.#logger.log(
        'info',
        `the gateway stopped in ${Math.round(performance.now() - began)} ms`,
      );
    } catch (error) {
      this.#logger.log('error', `the gateway did not stop cleanly: ${describe(error)}`);
    }
    subscriptions.dispose();
    this.#running = undefined;
  }

  /** Brings the numbers up to date; a running gateway may also break down or recover by itself. */
  #takeSnapshot(): void {
    if (!this.#running) return;
    const snapshot = this.#running.gateway.snapshot();
    const { kind } = this.#state;
    if (kind === 'starting' || kind === 'stopping') this.#setState({ kind, snapshot });
    else if (snapshot.state !== 'failed')
      this.#setState({ kind: 'ready', role: 'leader', snapshot });
    else if (kind === 'failed') this.#setState({ ...this.#state, snapshot });
    else this.#fail('no_instance', snapshot.problem ?? 'No Lingma instance is left.', snapshot);
  }

  #fail(code: ErrorCode, problem: string, snapshot: GatewaySnapshot | null): void {
    this.#logger.log('error', `${code}: ${problem}`);
    this.#setState({ kind: 'failed', code, problem, snapshot });
    this.#failed.fire({ code, problem, unasked: this.#unasked });
  }

  #setState(state: HostState): void {
    this.#state = state;
    this.#changed.fire(state);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
