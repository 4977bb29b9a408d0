/** The gateway's processes: the pool with everything that keeps it running and ends it cleanly. */
import path from 'node:path';
import { systemClock } from '../base/clock';
import { GatewayError, stopping } from '../base/errors';
import { BackoffPolicy } from '../lingma/backoff';
import type { AskLimits } from '../lingma/dialect';
import { Guardian } from '../lingma/guardian/client';
import { Instance } from '../lingma/instance';
import { Pool } from '../lingma/pool';
import { WorkDir } from '../lingma/workDir';
import type { Logger } from '../observe/log';
import type { CachedSession, SessionCache } from '../session/cache';
import type { PoolSize } from './controlRoutes';
import type { GatewayOptions } from './options';
import { SignIn } from './signIn';
import type { InstanceSnapshot } from './snapshot';
import type { PreparedSource } from './source';

const QUEUE = { maxQueued: 256, queueTimeoutMs: 30_000 };
const BACKOFF = { firstMs: 100, maxMs: 10_000, attempts: 6, jitter: 0.3 };
const SWEEP_EVERY_MS = 30_000;
/** People need a while for a sign-in page, and soon want to see that it worked. */
const SIGN_IN = { everyMs: 1_500, forMs: 600_000 };

export interface BackendOptions {
  readonly options: GatewayOptions;
  readonly source: PreparedSource;
  readonly cache: SessionCache;
  readonly logger: Logger;
  readonly onChange: () => void;
}

export class Backend {
  readonly pool: Pool;
  readonly signIn: SignIn;
  readonly #maxInstances: number;
  readonly #logger: Logger;
  readonly #cache: SessionCache;
  /** Undefined when nothing of ours keeps data. */
  readonly #workDir: WorkDir | undefined;
  readonly #guardian: Guardian;
  readonly #sweeper: NodeJS.Timeout;
  /** Settles `start`, which only its first call does. */
  #onStatus: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  /** Claims the work folder; throws `work_dir_in_use` when another gateway holds it. */
  constructor({ options, source, cache, logger, onChange }: BackendOptions) {
    this.#cache = cache;
    this.#logger = logger;
    this.#maxInstances = source.maxInstances;
    this.#workDir = source.keepsData
      ? WorkDir.claim(options.workDir, options.workDirConflict)
      : undefined;
    this.#guardian = new Guardian(path.join(options.distDir, 'guardian.js'));
    const limits: AskLimits = {
      idleMs: options.idleTimeoutSeconds * 1000,
      turnMs: options.turnTimeoutSeconds * 1000,
    };
    const createInstance = (id: string): Instance =>
      new Instance({
        id,
        connector: source.connect({
          workDir: this.#workDir?.instanceFolder(id) ?? '',
          logger: logger.child(id),
          onSpawn: (pid) => {
            this.#guardian.watch(pid);
          },
          onGone: (pid) => {
            this.#guardian.forget(pid);
          },
        }),
        limits,
        backoff: new BackoffPolicy(BACKOFF),
        clock: systemClock,
        logger: logger.child(id),
        onLost: (owner) => {
          cache.dropOwner(owner);
        },
        onStatus: (status, before) => {
          if (status.state !== before.state) {
            logger.child(id).log('debug', `${before.state} → ${status.state}`);
          }
          this.pool.instanceChanged();
          this.#onStatus();
          onChange();
        },
      });
    this.pool = new Pool({
      ...QUEUE,
      createInstance: (number) => createInstance(`lingma-${number}`),
      size: this.#sizeFor(options.instances),
      maxInFlight: options.maxInFlight,
      // By then every turn has come to its end or met its own limit.
      drainTimeoutMs: limits.turnMs,
      pinnedTo: (instanceId) => cache.pinnedTo(instanceId),
      onChange,
    });
    this.signIn = new SignIn({ ...SIGN_IN, instances: () => this.pool.instances });
    this.#sweeper = setInterval(() => {
      cache.sweep();
    }, SWEEP_EVERY_MS);
    this.#sweeper.unref();
  }

  /** Starts every instance; resolves with the first that is ready, rejects when none can be. */
  start(): Promise<void> {
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
        signedIn: live?.signedIn ?? null,
        problem: 'problem' in status ? status.problem : null,
      };
    });
  }
}

function noneStarted(problems: readonly string[]): GatewayError {
  return new GatewayError({
    code: 'start_failed',
    status: 503,
    message: [...new Set(problems)].join(' '),
    retryable: true,
  });
}
