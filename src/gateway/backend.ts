/** The gateway's processes: the pool with everything that keeps it running and ends it cleanly. */
import path from 'node:path';
import { systemClock } from '../base/systemClock';
import { GatewayError, stopping } from '../base/errors';
import { BackoffPolicy } from '../lingma/backoff';
import type { Connector } from '../lingma/connect/connector';
import type { AskLimits } from '../lingma/dialect';
import { Guardian } from '../lingma/guardian/client';
import { Instance } from '../lingma/instance';
import { Pool } from '../lingma/pool';
import { WorkDir } from '../lingma/workDir';
import type { Logger } from '../observe/log';
import type { SessionCache } from '../session/cache';
import type { CachedSession } from '../session/lease';
import type { PoolSize } from './controlRoutes';
import type { LiveOptions } from './liveOptions';
import type { GatewayOptions } from './options';
import { SignIn } from './signIn';
import type { InstanceSnapshot } from './snapshot';
import type { PreparedSource } from './source';

const QUEUE = { maxQueued: 256, queueTimeoutMs: 30_000 };
const BACKOFF = { firstMs: 100, maxMs: 10_000, attempts: 6, jitter: 0.3 };
/** How long an instance rests when it has given up; only a request has it tried again. */
const COOL_DOWN = { firstMs: 30_000, maxMs: 300_000, attempts: 0, jitter: 0 };
const SWEEP_EVERY_MS = 30_000;
/** People need a while for a sign-in page, and soon want to see that it worked. */
const SIGN_IN = { everyMs: 1_500, forMs: 600_000 };

export interface BackendOptions {
  readonly options: GatewayOptions;
  /** Those of them that may change; what is read here is in force. */
  readonly live: LiveOptions;
  /** How long another gateway that is about to end may go on holding the work folder. */
  readonly workDirPatienceMs: number;
  readonly source: PreparedSource;
  readonly cache: SessionCache<unknown>;
  readonly logger: Logger;
  /** Turns that an instance has begun to answer. */
  readonly turnsOf: (instanceId: string) => number;
  readonly onChange: () => void;
}

export class Backend {
  readonly pool: Pool;
  readonly signIn: SignIn;
  readonly #maxInstances: number;
  readonly #logger: Logger;
  readonly #cache: SessionCache<unknown>;
  readonly #turnsOf: BackendOptions['turnsOf'];
  /** Undefined before the start, and when nothing of ours keeps data. */
  #workDir: WorkDir | undefined;
  readonly #claimWorkDir: () => Promise<WorkDir> | undefined;
  readonly #closed = new AbortController();
  readonly #guardian: Guardian;
  readonly #sweeper: NodeJS.Timeout;
  /** Settles `start`, which only its first call does. */
  #onStatus: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor({
    options,
    live,
    workDirPatienceMs,
    source,
    cache,
    logger,
    turnsOf,
    onChange,
  }: BackendOptions) {
    this.#cache = cache;
    this.#turnsOf = turnsOf;
    this.#logger = logger;
    this.#maxInstances = source.maxInstances;
    this.#claimWorkDir = () =>
      source.keepsData
        ? WorkDir.claimSoon(options.workDir, {
            conflict: options.workDirConflict,
            patienceMs: workDirPatienceMs,
            signal: this.#closed.signal,
          })
        : undefined;
    this.#guardian = new Guardian(path.join(options.distDir, 'guardian.js'));
    // Read by each turn as it begins, so that what changes holds for the next.
    const limits: AskLimits = {
      get idleMs() {
        return live.idleTimeoutSeconds * 1000;
      },
      get turnMs() {
        return live.turnTimeoutSeconds * 1000;
      },
    };
    const createInstance = (id: string): Instance => {
      let connector: Connector | undefined;
      return new Instance({
        id,
        connector: {
          connect: async (signal) => {
            // Nothing may run in a folder that is not ours yet.
            if (source.keepsData && !this.#workDir) throw stopping();
            connector ??= source.connect({
              workDir: this.#workDir?.instanceFolder(id) ?? '',
              passEnvironment: options.passEnvironment,
              logger: logger.child(id, { instance: id }),
              onSpawn: (pid) => {
                this.#guardian.watch(pid);
              },
              onGone: (pid) => {
                this.#guardian.forget(pid);
              },
            });
            return connector.connect(signal);
          },
        },
        limits,
        backoff: new BackoffPolicy(BACKOFF),
        coolDown: new BackoffPolicy(COOL_DOWN),
        clock: systemClock,
        logger: logger.child(id, { instance: id }),
        onLost: (owner) => {
          cache.dropOwner(owner);
        },
        onStatus: (status, before) => {
          if (status.state !== before.state) {
            logger.child(id, { instance: id }).log('debug', `${before.state} → ${status.state}`);
          }
          this.pool.instanceChanged();
          this.#onStatus();
          onChange();
        },
      });
    };
    this.pool = new Pool({
      ...QUEUE,
      createInstance: (number) => createInstance(`lingma-${number}`),
      size: this.#sizeFor(live.instances),
      maxInFlight: live.maxInFlight,
      // By then every turn has come to its end or met its own limit.
      get drainTimeoutMs() {
        return limits.turnMs;
      },
      pinnedTo: (instanceId) => cache.pinnedTo(instanceId),
      onChange,
    });
    this.signIn = new SignIn({ ...SIGN_IN, instances: () => this.pool.instances });
    this.#sweeper = setInterval(() => {
      cache.sweep();
    }, SWEEP_EVERY_MS);
    this.#sweeper.unref();
  }

  /**
   * Claims the work folder and starts every instance; resolves with the first that is ready.
   * Rejects with `work_dir_in_use`, or when no instance can be started.
   */
  async start(): Promise<void> {
    const workDir = await this.#claimWorkDir();
    if (this.#closing) {
      workDir?.release();
      throw stopping();
    }
    this.#workDir = workDir;
    if (workDir?.open) this.#logger.log('warn', openFolder(workDir.path));
    await this.#startPool();
  }

  #startPool(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#onStatus = () => {
        if (this.#closing) reject(stopping());
        const { instances } = this.pool;
        if (instances.some(({ status }) => status.state === 'ready')) resolve();
        const problems = instances.flatMap(({ status }) =>
          status.state === 'failed' ? [status.problem] : [],
        );
        if (problems.length === instances.length) reject(noneStarted(problems));
      };
      this.pool.start();
    });
  }

  /**
   * Changes how many instances there are and how many turns each runs at once, while they work:
   * those that stay keep their sessions, those that leave finish their turns first.
   */
  resize({ instances, maxInFlight }: PoolSize): void {
    this.pool.setMaxInFlight(maxInFlight);
    this.pool.resize(this.#sizeFor(instances));
  }

  #sizeFor(instances: number): number {
    const size = Math.min(instances, this.#maxInstances);
    if (size < instances) {
      this.#logger.log('warn', `there is one client to attach to, so there is ${size} instance`);
    }
    return size;
  }

  /** Ends every process and gives the work folder back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    clearInterval(this.#sweeper);
    this.signIn.close();
    await this.pool.close();
    this.#workDir?.release();
    this.#guardian.dispose();
  }

  /** Deletes a session the cache no longer knows from its process, if that still runs. */
  deleteSession({ sessionId, owner }: CachedSession): void {
    for (const { status } of this.pool.instances) {
      if (status.state === 'ready' && status.live.owner === owner) {
        status.live.dialect.deleteSession(sessionId);
      }
    }
  }

  instances(): InstanceSnapshot[] {
    return this.pool.instances.map((instance): InstanceSnapshot => {
      const { id, status, incarnations } = instance;
      const live = status.state === 'ready' ? status.live : undefined;
      return {
        id,
        state: status.state,
        draining: this.pool.isDraining(id),
        incarnation: incarnations,
        pid: live?.pid ?? null,
        port: live?.port ?? null,
        pinnedSessions: this.#cache.pinnedTo(id),
        inFlight: this.pool.inFlight(id),
        restarts: Math.max(0, incarnations - 1),
        turns: this.#turnsOf(id),
        uptimeSeconds: live
          ? Math.floor((systemClock.monotonicMs() - live.readyAtMs) / 1000)
          : null,
        signedIn: live?.signedIn ?? null,
        problem: 'problem' in status ? status.problem : null,
      };
    });
  }
}

function openFolder(folder: string): string {
  return (
    `${folder} is open to other users of this machine, and holds the sign-in to Lingma. ` +
    'Take their rights away (chmod 700), or choose another work folder (--work-dir).'
  );
}

function noneStarted(problems: readonly string[]): GatewayError {
  return new GatewayError({
    code: 'start_failed',
    status: 503,
    message: [...new Set(problems)].join(' '),
    retryable: true,
  });
}
