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
  onClose: () => Promise<void> = () => Promise.resolve();
  #incarnations = 0;

  constructor(id: string) {
    this.id = id;
  }

  start(): void {
    this.started++;
  }

  async close(): Promise<void> {
    this.closed++;
    await this.onClose();
  }

  /** A new incarnation is ready; returns it. */
  ready(models: readonly Model[] = []): Incarnation {
    const owner = { instanceId: this.id, incarnation: ++this.#incarnations };
    // The pool hands the dialect on and never touches it.
    const live = { owner, pid: 1, port: 1, dialect: undefined, models, signedIn: null };
    this.status = { state: 'ready', live: live as unknown as LiveProcess };
    return owner;
  }

  lost(): void {
    this.status = { state: 'reconnecting', problem: `${this.id} is gone.` };
  }

  failed(problem = `${this.id} does not start.`): void {
    this.status = { state: 'failed', problem };
  }
}

/** For a `describe` block: makes pools of stopped instances, which close after each test. */
export function useFakePools() {
  const made: Pool[] = [];
  afterEach(async () => {
    for (const pool of made.splice(0)) await pool.close();
  });
  return (
    ids: readonly string[],
    options: Partial<PoolOptions> = {},
  ): { pool: Pool; instances: FakeInstance[] } => {
    const instances = ids.map((id) => new FakeInstance(id));
    const pool = new Pool({
      // The class has private members, so nothing but a cast makes a stand-in of its type.
      instances: instances as unknown as Instance[],
      maxInFlight: 1,
      maxQueued: 100,
      queueTimeoutMs: 60_000,
      pinnedTo: () => 0,
      ...options,
    });
    made.push(pool);
    return { pool, instances };
  };
}
