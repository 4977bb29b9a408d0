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
import type { GatewayOptions } from './options';
import type { InstanceSnapshot } from './snapshot';
import type { PreparedSource } from './source';

const LIMITS: AskLimits = { idleMs: 120_000, turnMs: 900_000 };
const QUEUE = { maxQueued: 256, queueTimeoutMs: 30_000 };
const BACKOFF = { firstMs: 100, maxMs: 10_000, attempts: 6, jitter: 0.3 };
const SWEEP_EVERY_MS = 30_000;

export interface BackendOptions {
  readonly options: GatewayOptions;
  readonly source: PreparedSource;
  readonly cache: SessionCache;
  readonly logger: Logger;
  readonly onChange: () => void;
}

export class Backend {
  readonly pool: Pool;
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
    this.#workDir = source.keepsData
      ? WorkDir.claim(options.workDir, options.workDirConflict)
      : undefined;
    this.#guardian = new Guardian(path.join(options.distDir, 'guardian.js'));
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
        limits: LIMITS,
        backoff: new BackoffPolicy(BACKOFF),
        clock: systemClock,
        logger: logger.child(id),
        onLost: (owner) => {
          cache.dropOwner(owner);
        },
        onStatus: () => {
          this.pool.instanceChanged();
          this.#onStatus();
          onChange();
        },
      });
    const count = Math.min(options.instances, source.maxInstances);
    if (count < options.instances) {
      logger.log('warn', `there is one client to attach to, so there is ${count} instance`);
    }
    this.pool = new Pool({
      ...QUEUE,
      instances: Array.from({ length: count }, (_, index) => createInstance(`lingma-${index + 1}`)),
      maxInFlight: options.maxInFlight,
      pinnedTo: (instanceId) => cache.pinnedTo(instanceId),
    });
    this.#sweeper = setInterval(() => {
      cache.sweep();
    }, SWEEP_EVERY_MS);
    this.#sweeper.unref();
  }

  /** Starts every instance; resolves with the first that is ready, rejects when none can be. */
  start(): Promise<void> {
    const { instances } = this.pool;
    return new Promise<void>((resolve, reject) => {
      this.#onStatus = () => {
        const states = instances.map(({ status }) => status);
        if (states.some(({ state }) => state === 'ready')) resolve();
        if (states.some(({ state }) => state === 'closed')) reject(stopping());
        const problems = states.flatMap((status) =>
          status.state === 'failed' ? [status.problem] : [],
        );
        if (problems.length === instances.length) reject(noneStarted(problems));
      };
      this.pool.start();
    });
  }

  /** Ends every process and gives the work folder back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweeper);
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
