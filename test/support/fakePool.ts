import { afterEach } from 'mocha';
import type { Incarnation, Instance, InstanceStatus, LiveProcess } from '../../src/lingma/instance';
import type { Model } from '../../src/lingma/models';
import { Pool, type PoolOptions } from '../../src/lingma/pool';

/** An instance whose status the test sets. */
export class FakeInstance {
  readonly id: string;
  status: InstanceStatus = { state: 'stopped' };
  started = 0;
  closed = 0;
  restarted = 0;
  refreshed = 0;
  revived = 0;
  onRevive: () => void = () => undefined;
  onClose: () => Promise<void> = () => Promise.resolve();
  #incarnations = 0;

  constructor(id: string) {
    this.id = id;
  }

  start(): void {
    this.started++;
  }

  /** As the real one: no turn gets a place any more. */
  restart(): void {
    this.restarted++;
    this.lost();
  }

  refresh(): Promise<void> {
    this.refreshed++;
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.closed++;
    await this.onClose();
  }

  /** A new incarnation is ready; returns it. */
  ready(models: readonly Model[] = [], signedIn: boolean | null = null): Incarnation {
    const owner = { instanceId: this.id, incarnation: ++this.#incarnations };
    // The pool hands the dialect on and never touches it.
    const live = { owner, pid: 1, port: 1, dialect: undefined, models, signedIn };
    this.status = { state: 'ready', live: live as unknown as LiveProcess };
    return owner;
  }

  lost(): void {
    this.status = { state: 'reconnecting', problem: `${this.id} is gone.` };
  }

  /** @param retryAtMs When it may be revived. */
  failed(problem = `${this.id} does not start.`, retryAtMs = performance.now() + 30_000): void {
    this.status = { state: 'failed', problem, retryAtMs };
  }

  /** Counts; the test says what comes of it. */
  revive(): void {
    this.revived++;
    this.onRevive();
  }
}

/**
 * For a `describe` block: makes pools of stopped instances, which close after each test. `instances`
 * grows with those that the pool makes later.
 */
export function useFakePools() {
  const made: Pool[] = [];
  afterEach(async () => {
    for (const pool of made.splice(0)) await pool.close();
  });
  return (
    ids: readonly string[],
    options: Partial<PoolOptions> = {},
  ): { pool: Pool; instances: FakeInstance[] } => {
    const instances: FakeInstance[] = [];
    const pool = new Pool({
      createInstance: (number) => {
        const instance = new FakeInstance(ids[number - 1] ?? `i${number}`);
        instances.push(instance);
        // The class has private members, so nothing but a cast makes a stand-in of its type.
        return instance as unknown as Instance;
      },
      size: ids.length,
      maxInFlight: 1,
      maxQueued: 100,
      queueTimeoutMs: 60_000,
      drainTimeoutMs: 60_000,
      pinnedTo: () => 0,
      ...options,
    });
    made.push(pool);
    return { pool, instances };
  };
}
