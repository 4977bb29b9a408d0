import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'mocha';
import type { Incarnation } from '../../../src/lingma/instance';
import { readModels } from '../../../src/lingma/models';
import type { Pool, PoolOptions, Slot } from '../../../src/lingma/pool';
import { countTimers, isPending, settled } from '../../support/async';
import { assertCode, rejectionOf, thrownBy } from '../../support/errors';
import { type FakeInstance, useFakePools } from '../../support/fakePool';
import { FakeTimeouts } from '../../support/fakeTimeouts';
import { ManualClock } from '../../support/manualClock';

/** A signal that never aborts; each call's own, so that left-over listeners can be told. */
const patient = () => new AbortController().signal;

async function take(pool: Pool, owner?: Incarnation): Promise<Slot> {
  const slot = await pool.acquire(owner, patient());
  assert.ok(slot !== 'lost', 'lost');
  return slot;
}

const idOf = (slot: Slot) => slot.live.owner.instanceId;

describe('lingma/pool', () => {
  const fakePool = useFakePools();

  /** A pool whose instances are all ready, and what each of them is just now. */
  function readyPool(count: number, options: Partial<PoolOptions> = {}) {
    const ids = Array.from({ length: count }, (_, index) => `i${index + 1}`);
    const { pool, instances } = fakePool(ids, options);
    const owners = instances.map((instance) => instance.ready());
    pool.instanceChanged();
    const at = (index: number): { instance: FakeInstance; owner: Incarnation } => {
      const [instance, owner] = [instances[index], owners[index]];
      assert.ok(instance && owner);
      return { instance, owner };
    };
    return { pool, at, instances };
  }

  describe('a new turn', () => {
    it('goes where fewest turns run', async () => {
      const { pool } = readyPool(3, { maxInFlight: 0 });
      const ids: string[] = [];
      for (let count = 0; count < 6; count++) ids.push(idOf(await take(pool)));
      assert.deepEqual(ids, ['i1', 'i2', 'i3', 'i1', 'i2', 'i3']);
    });

    it('goes where fewest sessions are pinned when as many turns run', async () => {
      const pinned: Record<string, number> = { i1: 5, i2: 1, i3: 1 };
      const { pool } = readyPool(3, { pinnedTo: (id) => pinned[id] ?? 0 });
      const ids: string[] = [];
      for (let count = 0; count < 3; count++) ids.push(idOf(await take(pool)));
      assert.deepEqual(ids, ['i2', 'i3', 'i1']);
    });

    it('cares more for running turns than for pinned sessions', async () => {
      const { pool } = readyPool(2, {
        maxInFlight: 2,
        pinnedTo: (id) => (id === 'i2' ? 99 : 0),
      });
      assert.deepEqual([idOf(await take(pool)), idOf(await take(pool))], ['i1', 'i2']);
    });

    it('C-33 (33) passes over instances that are not ready', async () => {
      const { pool, at } = readyPool(3, { maxInFlight: 0 });
      at(0).instance.failed();
      at(1).instance.lost();
      pool.instanceChanged();
      assert.deepEqual([idOf(await take(pool)), idOf(await take(pool))], ['i3', 'i3']);
    });

    it('avoids a process that has just failed it, unless there is no other', async () => {
      const { pool, at } = readyPool(2, { maxInFlight: 1 });
      const elsewhere = await pool.acquire(undefined, patient(), at(0).owner);
      assert.ok(elsewhere !== 'lost');
      assert.equal(idOf(elsewhere), 'i2');
      const same = await pool.acquire(undefined, patient(), at(0).owner);
      assert.ok(same !== 'lost');
      assert.equal(idOf(same), 'i1');
    });

    it('goes where somebody is signed in, or is not known not to be, and waits for that', async () => {
      const { pool, instances } = fakePool(['i1', 'i2', 'i3']);
      const known = [false, null, true];
      for (const [index, instance] of instances.entries()) instance.ready([], known[index]);
      pool.instanceChanged();
      const [second] = [await take(pool), await take(pool)];
      assert.deepEqual([pool.inFlight('i1'), pool.inFlight('i2'), pool.inFlight('i3')], [0, 1, 1]);
      const waiting = take(pool);
      assert.ok(await isPending(waiting));
      second.release();
      assert.equal(idOf(await waiting), 'i2');
    });

    it('goes anywhere when nobody is signed in, and asks whether that is still so', async () => {
      const { pool, instances } = fakePool(['i1', 'i2']);
      for (const instance of instances) instance.ready([], false);
      pool.instanceChanged();
      assert.deepEqual([idOf(await take(pool)), idOf(await take(pool))], ['i1', 'i2']);
      assert.deepEqual(
        instances.map(({ refreshed }) => refreshed),
        [1, 1],
      );
    });

    it('counts the turns of each instance', async () => {
      const { pool } = readyPool(2, { maxInFlight: 0 });
      const slots = [await take(pool), await take(pool), await take(pool)];
      assert.deepEqual([pool.inFlight('i1'), pool.inFlight('i2')], [2, 1]);
      for (const slot of slots) slot.release();
      assert.deepEqual([pool.inFlight('i1'), pool.inFlight('i2'), pool.inFlight('?')], [0, 0, 0]);
    });

    it('is never made to wait when turns are unlimited', async () => {
      const { pool } = readyPool(1, { maxInFlight: 0, maxQueued: 0 });
      for (let count = 0; count < 50; count++) await take(pool);
      assert.equal(pool.inFlight('i1'), 50);
    });

    it('waits for an instance that is still starting', async () => {
      const { pool, instances } = fakePool(['i1']);
      const [instance] = instances;
      assert.ok(instance);
      instance.status = { state: 'starting' };
      const slot = take(pool);
      assert.ok(await isPending(slot));
      instance.ready();
      pool.instanceChanged();
      assert.equal(idOf(await slot), 'i1');
    });
  });

  describe('a continued turn', () => {
    it('goes to the process that holds its session, however busy others are not', async () => {
      const { pool, at } = readyPool(2, { maxInFlight: 0 });
      const ids: string[] = [];
      for (let count = 0; count < 3; count++) ids.push(idOf(await take(pool, at(1).owner)));
      assert.deepEqual(ids, ['i2', 'i2', 'i2']);
    });

    it('waits for its busy process while others pass', async () => {
      const { pool, at } = readyPool(2);
      const first = await take(pool, at(0).owner);
      const second = take(pool, at(0).owner);
      const other = await take(pool);
      assert.equal(idOf(other), 'i2');
      const waitingToo = take(pool);
      assert.ok(await isPending(second));
      other.release();
      assert.equal(idOf(await waitingToo), 'i2');
      assert.ok(await isPending(second));
      first.release();
      assert.equal(idOf(await second), 'i1');
    });

    it('C-43 (43) is lost at once when its process is gone, even if its instance runs again', async () => {
      const { pool, at } = readyPool(1, { maxInFlight: 0 });
      const { instance, owner } = at(0);
      instance.lost();
      pool.instanceChanged();
      assert.equal(await pool.acquire(owner, patient()), 'lost');
      instance.ready();
      pool.instanceChanged();
      assert.equal(await pool.acquire(owner, patient()), 'lost');
      assert.equal(pool.inFlight('i1'), 0);
    });

    it('is lost when its process goes while it waits', async () => {
      const { pool, at } = readyPool(1);
      const { instance, owner } = at(0);
      await take(pool);
      const waiting = pool.acquire(owner, patient());
      assert.ok(await isPending(waiting));
      instance.lost();
      pool.instanceChanged();
      assert.equal(await waiting, 'lost');
      assert.equal(pool.queued, 0);
    });

    it('knows its process by identity, not by number', async () => {
      const { pool, at } = readyPool(1);
      assert.equal(await pool.acquire({ ...at(0).owner }, patient()), 'lost');
    });
  });

  describe('the queue', () => {
    it('serves first come, first served', async () => {
      const { pool } = readyPool(1);
      const running = await take(pool);
      const served: number[] = [];
      const turns = [1, 2, 3].map(async (number) => {
        const slot = await take(pool);
        served.push(number);
        return slot;
      });
      assert.equal(pool.queued, 3);
      running.release();
      for (const turn of turns) (await turn).release();
      assert.deepEqual(served, [1, 2, 3]);
      assert.deepEqual([pool.queued, pool.inFlight('i1')], [0, 0]);
    });

    it('lets nobody overtake who comes in the moment a place is free', async () => {
      const { pool } = readyPool(1);
      const running = await take(pool);
      const waiting = take(pool);
      running.release();
      const late = take(pool);
      assert.equal(idOf(await waiting), 'i1');
      assert.ok(await isPending(late));
    });

    it('fills every place that is free when an instance comes back', async () => {
      const { pool, at } = readyPool(1, { maxInFlight: 3 });
      at(0).instance.lost();
      const turns = [take(pool), take(pool), take(pool), take(pool)];
      at(0).instance.ready();
      pool.instanceChanged();
      await Promise.all(turns.slice(0, 3));
      assert.equal(pool.queued, 1);
      assert.equal(pool.inFlight('i1'), 3);
    });

    it('C-53 refuses with queue_full when it is full, and takes one again afterwards', async () => {
      const { pool } = readyPool(1, { maxQueued: 2 });
      const running = await take(pool);
      const waiting = [take(pool), take(pool)];
      const error = await rejectionOf(take(pool));
      assertCode(error, 'queue_full');
      assert.equal(error.status, 429);
      assert.ok((error.retryAfterSeconds ?? 0) > 0);
      running.release();
      await waiting[0];
      assert.ok(await isPending(take(pool)));
      assert.equal(pool.queued, 2);
    });

    it('C-53 a wait ends with queue_timeout and leaves nothing behind', async () => {
      const { pool } = readyPool(1, { queueTimeoutMs: 5 });
      const running = await take(pool);
      const error = await rejectionOf(take(pool));
      assertCode(error, 'queue_timeout');
      assert.equal(error.status, 429);
      assert.ok((error.retryAfterSeconds ?? 0) > 0);
      assert.equal(pool.queued, 0);
      running.release();
      assert.equal(pool.inFlight('i1'), 0);
    });

    it('a wait that no process ended says that none is running', async () => {
      const { pool, at } = readyPool(1, { queueTimeoutMs: 5 });
      at(0).instance.lost();
      const error = await rejectionOf(take(pool));
      assertCode(error, 'no_instance');
      assert.match(error.message, /i1 is gone/);
    });

    it('C-36 (36) an abort while waiting frees the entry and takes no place', async () => {
      const { pool } = readyPool(1);
      const running = await take(pool);
      const client = new AbortController();
      const waiting = pool.acquire(undefined, client.signal);
      const next = take(pool);
      client.abort();
      assertCode(await rejectionOf(waiting), 'cancelled');
      assert.equal(pool.queued, 1);
      running.release();
      (await next).release();
      assert.equal(pool.inFlight('i1'), 0);
    });

    it('an abort that came before is heard', async () => {
      const { pool } = readyPool(1);
      assertCode(await rejectionOf(pool.acquire(undefined, AbortSignal.abort())), 'cancelled');
      assert.deepEqual([pool.queued, pool.inFlight('i1')], [0, 0]);
    });

    it('a place that was given no longer listens for an abort', async () => {
      const { pool } = readyPool(1);
      const running = await take(pool);
      const client = new AbortController();
      const waiting = pool.acquire(undefined, client.signal);
      running.release();
      const slot = await waiting;
      assert.ok(slot !== 'lost');
      assert.equal(pool.inFlight('i1'), 1);
      assert.deepEqual(getEventListeners(client.signal, 'abort'), []);
      slot.release();
      assert.equal(pool.inFlight('i1'), 0);
    });

    it('leaves no timer behind', async () => {
      const { pool } = readyPool(1);
      const before = await countTimers();
      const running = await take(pool);
      const client = new AbortController();
      const turns = [take(pool), pool.acquire(undefined, client.signal), take(pool)];
      assert.equal(await countTimers(), before + 3);
      client.abort();
      running.release();
      await pool.close();
      await Promise.allSettled(turns);
      assert.equal(await countTimers(), before);
    });
  });

  describe('a place', () => {
    it('C-36 (36) is freed once, however often it is released', async () => {
      const { pool } = readyPool(1);
      const slot = await take(pool);
      slot.release();
      const next = await take(pool);
      slot.release();
      assert.equal(pool.inFlight('i1'), 1);
      assert.ok(await isPending(take(pool)));
      next.release();
    });

    it('that is released late does not free one of the next process', async () => {
      const { pool, at } = readyPool(1);
      const old = await take(pool);
      at(0).instance.lost();
      pool.instanceChanged();
      at(0).instance.ready();
      pool.instanceChanged();
      const waiting = take(pool);
      old.release();
      await waiting;
      old.release();
      assert.equal(pool.inFlight('i1'), 1);
    });
  });

  describe('no instance', () => {
    it('is told at once when all have failed, with the first problem', async () => {
      const { pool, instances } = fakePool(['i1', 'i2']);
      for (const instance of instances) instance.failed();
      const error = await rejectionOf(take(pool));
      assertCode(error, 'no_instance');
      assert.equal(error.status, 503);
      assert.match(error.message, /i1 does not start/);
    });

    it('is told with the time after which one of them tries again', async () => {
      const clock = new ManualClock();
      const { pool, instances } = fakePool(['i1', 'i2'], { clock });
      clock.advance(1_000);
      instances[0]?.failed('It is broken.', 61_500);
      instances[1]?.failed('It is broken.', 31_500);
      const error = await rejectionOf(take(pool));
      assert.equal(error.retryAfterSeconds, 31);
      assert.match(error.message, /It is broken\..*\b31 s\b/);
      clock.advance(30_499);
      assert.equal((await rejectionOf(take(pool))).retryAfterSeconds, 1);
    });

    it('is the case no more once one that had given up is wanted again', async () => {
      const { pool, instances } = fakePool(['i1']);
      const [instance] = instances;
      assert.ok(instance);
      instance.failed();
      instance.onRevive = () => {
        instance.status = { state: 'starting' };
        pool.instanceChanged();
      };
      const turn = take(pool);
      assert.ok(await isPending(turn));
      assert.equal(instance.revived, 1);
      instance.ready();
      pool.instanceChanged();
      assert.equal(idOf(await turn), 'i1');
    });

    it('need not be the case: any turn has those that gave up tried again, but one that leaves', async () => {
      const { pool, at } = readyPool(3, { maxInFlight: 0 });
      await take(pool);
      at(1).instance.failed();
      await take(pool);
      assert.deepEqual(
        [0, 1, 2].map((index) => at(index).instance.revived),
        [2, 2, 2],
      );
      const third = await pool.acquire(at(2).owner, patient());
      assert.ok(third !== 'lost');
      pool.resize(2);
      await take(pool);
      assert.equal(at(2).instance.revived, 3);
      third.release();
    });

    it('is told those who wait when the last one fails', async () => {
      const { pool, at } = readyPool(2);
      at(0).instance.failed();
      at(1).instance.lost();
      const waiting = rejectionOf(take(pool));
      pool.instanceChanged();
      assert.ok(await isPending(waiting));
      at(1).instance.failed();
      pool.instanceChanged();
      assertCode(await waiting, 'no_instance');
      assert.equal(pool.queued, 0);
    });
  });

  describe('start and close', () => {
    it('starts every instance', () => {
      const { pool, instances } = fakePool(['i1', 'i2']);
      pool.start();
      assert.deepEqual(
        instances.map(({ started }) => started),
        [1, 1],
      );
    });

    it('tells those who wait, and everyone later, that it stops', async () => {
      const { pool } = readyPool(1);
      const running = await take(pool);
      const waiting = [rejectionOf(take(pool)), rejectionOf(take(pool))];
      const closing = pool.close();
      for (const error of await Promise.all(waiting)) assertCode(error, 'stopping');
      assertCode(await rejectionOf(take(pool)), 'stopping');
      running.release();
      await closing;
      assert.deepEqual([pool.queued, pool.inFlight('i1')], [0, 0]);
    });

    it('waits for every instance to close', async () => {
      const { pool, at } = readyPool(2);
      let finish: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (finish = resolve));
      at(1).instance.onClose = () => ended;
      const closing = pool.close();
      assert.ok(await isPending(closing));
      finish();
      await closing;
      assert.deepEqual([at(0).instance.closed, at(1).instance.closed], [1, 1]);
    });
  });

  describe('a drain', () => {
    it('lets turns finish, takes none meanwhile, and gives the instance a new process then', async () => {
      const { pool, at } = readyPool(2, { maxInFlight: 2 });
      const running = await take(pool, at(0).owner);
      pool.drain('i1');
      assert.ok(pool.isDraining('i1'));
      const ids = [idOf(await take(pool)), idOf(await take(pool))];
      assert.deepEqual(ids, ['i2', 'i2']);
      assert.equal(await pool.acquire(at(0).owner, patient()), 'lost');
      assert.equal(at(0).instance.restarted, 0);
      running.release();
      assert.equal(at(0).instance.restarted, 1);
      assert.ok(!pool.isDraining('i1'));
    });

    it('is over at once when no turn runs', () => {
      const { pool, at } = readyPool(1);
      pool.drain('i1');
      assert.equal(at(0).instance.restarted, 1);
    });

    it('tells those who wait for one of its sessions that it is lost', async () => {
      const { pool, at } = readyPool(1);
      await take(pool);
      const waiting = pool.acquire(at(0).owner, patient());
      assert.ok(await isPending(waiting));
      pool.drain('i1');
      assert.equal(await waiting, 'lost');
    });

    it('of the only instance lets new turns wait for its next process', async () => {
      const { pool, at } = readyPool(1);
      const running = await take(pool);
      pool.drain('i1');
      const waiting = take(pool);
      assert.ok(await isPending(waiting));
      running.release();
      assert.ok(await isPending(waiting));
      at(0).instance.ready();
      pool.instanceChanged();
      assert.equal(idOf(await waiting), 'i1');
    });

    it('does not wait for ever for a turn', () =>
      FakeTimeouts.during(async (clock) => {
        const { pool, at } = readyPool(1, { drainTimeoutMs: 5 });
        const running = await take(pool);
        pool.drain('i1');
        clock.advance(4);
        assert.equal(at(0).instance.restarted, 0);
        clock.advance(1);
        assert.equal(at(0).instance.restarted, 1);
        running.release();
        assert.deepEqual([at(0).instance.restarted, pool.inFlight('i1')], [1, 0]);
      }));

    it('is cut short by a restart, and asked for twice it is one', async () => {
      const { pool, at } = readyPool(1);
      await take(pool);
      pool.drain('i1');
      pool.drain('i1');
      assert.equal(at(0).instance.restarted, 0);
      pool.restart('i1');
      assert.equal(at(0).instance.restarted, 1);
      assert.ok(!pool.isDraining('i1'));
    });

    it('of an unknown instance is refused, naming those there are', () => {
      const { pool } = readyPool(2);
      for (const act of ['drain', 'restart'] as const) {
        const error = thrownBy(() => {
          pool[act]('i7');
        });
        assertCode(error, 'not_found');
        assert.match(error.message, /"i7"\. There are i1, i2\./);
      }
    });
  });

  describe('another size', () => {
    const ids = (pool: Pool): string[] => pool.instances.map(({ id }) => id);

    it('adds instances, started, and gives them to those who wait', async () => {
      const { pool, instances } = fakePool(['i1']);
      pool.start();
      instances[0]?.ready();
      pool.instanceChanged();
      await take(pool);
      const waiting = take(pool);
      pool.resize(3);
      assert.deepEqual(ids(pool), ['i1', 'i2', 'i3']);
      assert.deepEqual(
        instances.map(({ started }) => started),
        [1, 1, 1],
      );
      assert.ok(await isPending(waiting));
      instances[2]?.ready();
      pool.instanceChanged();
      assert.equal(idOf(await waiting), 'i3');
    });

    it('takes away those with the highest numbers, once their turns are over', async () => {
      const { pool, at } = readyPool(3);
      const running = await take(pool, at(1).owner);
      pool.resize(1);
      await settled();
      assert.deepEqual(ids(pool), ['i1', 'i2']);
      assert.deepEqual([at(1).instance.closed, at(2).instance.closed], [0, 1]);
      running.release();
      await settled();
      assert.deepEqual(ids(pool), ['i1']);
      assert.deepEqual([at(0).instance.closed, at(1).instance.closed], [0, 1]);
    });

    it('takes back one that has not gone yet', async () => {
      const { pool, at } = readyPool(2);
      const running = await take(pool, at(1).owner);
      pool.resize(1);
      pool.resize(2);
      assert.ok(!pool.isDraining('i2'));
      running.release();
      await settled();
      assert.deepEqual([ids(pool), at(1).instance.closed], [['i1', 'i2'], 0]);
      assert.equal(idOf(await take(pool, at(1).owner)), 'i2');
    });

    it('makes a new one for one that is going, but not before it has gone', async () => {
      const { pool, instances } = fakePool(['i1', 'i2']);
      let finish: () => void = () => undefined;
      const [, second] = instances;
      assert.ok(second);
      second.onClose = () => new Promise((resolve) => (finish = resolve));
      pool.resize(1);
      pool.resize(2);
      assert.equal(instances.length, 2);
      finish();
      await settled();
      assert.equal(instances.length, 3);
      assert.deepEqual(ids(pool), ['i1', 'i2']);
      assert.notEqual(pool.instances[1], second);
    });

    it('overrules a drain for a restart', async () => {
      const { pool, at } = readyPool(2);
      const running = await take(pool, at(1).owner);
      pool.drain('i2');
      pool.resize(1);
      running.release();
      await settled();
      assert.deepEqual([at(1).instance.restarted, at(1).instance.closed], [0, 1]);
      assert.deepEqual(ids(pool), ['i1']);
    });

    it('leaves no hope in instances that leave', async () => {
      const { pool, at } = readyPool(2);
      await take(pool, at(1).owner);
      at(0).instance.failed();
      pool.resize(1);
      assertCode(await rejectionOf(take(pool)), 'no_instance');
    });

    it('of the limit lets in who waits, and takes nobody out', async () => {
      const { pool } = readyPool(1);
      await take(pool);
      const waiting = [take(pool), take(pool)];
      pool.setMaxInFlight(2);
      await waiting[0];
      assert.ok(await isPending(waiting[1] ?? Promise.resolve()));
      pool.setMaxInFlight(0);
      await waiting[1];
      pool.setMaxInFlight(1);
      assert.equal(pool.inFlight('i1'), 3);
    });

    it('is nothing to a closed pool, whose drains are over', async () => {
      const { pool, at, instances } = readyPool(2);
      const before = await countTimers();
      await take(pool, at(1).owner);
      pool.drain('i2');
      assert.equal(await countTimers(), before + 1);
      await pool.close();
      assert.equal(await countTimers(), before);
      pool.resize(5);
      assert.equal(instances.length, 2);
      assert.equal(at(1).instance.restarted, 0);
    });
  });

  describe('models', () => {
    const models = readModels([{ key: 'm', name: 'M' }]);

    it('are those of a ready instance, and stay while none is', async () => {
      const { pool, instances } = fakePool(['i1', 'i2']);
      instances[1]?.ready(models);
      pool.instanceChanged();
      assert.deepEqual(await pool.models(patient()), models);
      instances[1]?.lost();
      instances[0]?.failed();
      pool.instanceChanged();
      assert.deepEqual(await pool.models(patient()), models);
    });

    it('are waited for while the first instance starts, and take no place for long', async () => {
      const { pool, instances } = fakePool(['i1']);
      const [instance] = instances;
      assert.ok(instance);
      instance.status = { state: 'starting' };
      const waiting = [pool.models(patient()), pool.models(patient()), pool.models(patient())];
      for (const one of waiting) assert.ok(await isPending(one));
      instance.ready(models);
      pool.instanceChanged();
      assert.deepEqual(await Promise.all(waiting), [models, models, models]);
      assert.deepEqual([pool.queued, pool.inFlight('i1')], [0, 0]);
    });

    it('are asked for anew when they have become old, at most every few minutes', async () => {
      const clock = new ManualClock();
      const { pool, instances } = fakePool(['i1'], { clock });
      const [instance] = instances;
      instance?.ready(models);
      pool.instanceChanged();
      const refreshed = async (): Promise<number | undefined> => {
        assert.deepEqual(await pool.models(patient()), models);
        return instance?.refreshed;
      };
      clock.advance(300_000);
      assert.equal(await refreshed(), 0);
      clock.advance(1);
      assert.equal(await refreshed(), 1);
      assert.equal(await refreshed(), 1);
      clock.advance(300_001);
      assert.equal(await refreshed(), 2);
    });

    it('are those of a process that has become ready again', async () => {
      const { pool, instances } = fakePool(['i1']);
      instances[0]?.ready(models);
      pool.instanceChanged();
      instances[0]?.lost();
      pool.instanceChanged();
      const others = readModels([{ key: 'n', name: 'N' }]);
      instances[0]?.ready(others);
      pool.instanceChanged();
      assert.deepEqual(await pool.models(patient()), others);
    });

    it('are refused when no instance will ever list them', async () => {
      const { pool, instances } = fakePool(['i1']);
      instances[0]?.failed();
      assertCode(await rejectionOf(pool.models(patient())), 'no_instance');
    });

    it('are not waited for by a client that leaves', async () => {
      const { pool, instances } = fakePool(['i1']);
      assert.ok(instances[0]);
      instances[0].status = { state: 'starting' };
      const client = new AbortController();
      const waiting = pool.models(client.signal);
      client.abort();
      assertCode(await rejectionOf(waiting), 'cancelled');
      assert.equal(pool.queued, 0);
    });
  });
});
