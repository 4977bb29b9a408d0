import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Incarnation } from '../../../src/lingma/instance';
import type { Pool, Slot } from '../../../src/lingma/pool';
import { settled } from '../../support/async';
import { type FakeInstance, useFakePools } from '../../support/fakePool';

type Step =
  /** A turn comes in: a new one, or one that continues a session of the n-th process ever seen. */
  | { readonly do: 'acquire'; readonly continues: number | undefined }
  /** The n-th turn that holds a place is over, or the n-th that waits is given up. */
  | { readonly do: 'release' | 'abort'; readonly turn: number }
  | { readonly do: 'ready' | 'crash' | 'fail'; readonly instance: number }
  | { readonly do: 'drain' | 'restart'; readonly instance: number }
  | { readonly do: 'resize' | 'limit'; readonly to: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      continues: fc.option(fc.nat(7), { nil: undefined }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('release' as const, 'release' as const, 'abort' as const),
      turn: fc.nat(9),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('ready' as const, 'ready' as const, 'crash' as const, 'fail' as const),
      instance: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('drain' as const, 'restart' as const),
      instance: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('resize' as const),
      to: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('limit' as const), to: fc.nat(3) }) },
);

interface Turn {
  readonly continues: Incarnation | undefined;
  readonly client: AbortController;
  /** How often its wait has come to an end; exactly once is right. */
  endings: number;
  slot: Slot | undefined;
}

/** A pool under random steps, with what the test knows of it beside it. */
class World {
  readonly turns: Turn[] = [];
  /** What was wrong with a place when a turn got it. */
  readonly #violations: string[] = [];
  readonly #owners: Incarnation[] = [];
  #limit: number;

  constructor(
    readonly pool: Pool,
    readonly instances: readonly FakeInstance[],
    limit: number,
  ) {
    this.#limit = limit;
  }

  get waiting(): Turn[] {
    return this.turns.filter(({ endings }) => endings === 0);
  }

  get holding(): Turn[] {
    return this.turns.filter(({ slot }) => slot !== undefined);
  }

  run(next: Step): void {
    switch (next.do) {
      case 'acquire':
        this.#acquire(
          next.continues === undefined ? undefined : pick(this.#owners.slice(-4), next.continues),
        );
        return;
      case 'release': {
        const turn = pick(this.holding, next.turn);
        turn?.slot?.release();
        // A second release must not free the place of somebody else.
        turn?.slot?.release();
        if (turn) turn.slot = undefined;
        return;
      }
      case 'abort':
        pick(this.waiting, next.turn)?.client.abort();
        return;
      case 'limit':
        this.#limit = next.to;
        this.pool.setMaxInFlight(next.to);
        return;
      case 'resize':
        this.pool.resize(next.to);
        return;
      default:
        this.#disturb(next.do, pick(this.#members(), next.instance));
    }
  }

  check(): void {
    assert.deepEqual(this.#violations, []);
    const held = new Map<string, number>();
    for (const { slot } of this.holding) {
      const id = slot?.live.owner.instanceId ?? '';
      held.set(id, (held.get(id) ?? 0) + 1);
    }
    for (const { id } of this.#members()) {
      assert.equal(this.pool.inFlight(id), held.get(id) ?? 0, `turns on ${id}`);
    }
    assert.equal(this.pool.queued, this.waiting.length, 'turns that wait');
    for (const { endings } of this.turns) assert.ok(endings <= 1, 'a wait ended twice');

    const hasRoom = ({ id }: FakeInstance): boolean =>
      this.#limit === 0 || this.pool.inFlight(id) < this.#limit;
    const takes = this.#members().filter(
      ({ id, status }) => status.state === 'ready' && !this.pool.isDraining(id),
    );
    for (const { continues } of this.waiting) {
      if (!continues) assert.ok(!takes.some(hasRoom), 'one waits while a place is free');
      else {
        const holder = takes.find(
          ({ status }) => status.state === 'ready' && status.live.owner === continues,
        );
        assert.ok(holder && !hasRoom(holder), 'one waits for a process that has room, or is lost');
      }
    }
  }

  #acquire(continues: Incarnation | undefined): void {
    const turn: Turn = { continues, client: new AbortController(), endings: 0, slot: undefined };
    this.turns.push(turn);
    const { signal } = turn.client;
    void this.pool.acquire(continues, signal).then(
      (outcome) => {
        turn.endings++;
        if (outcome === 'lost') return;
        turn.slot = outcome;
        this.#inspect(turn, outcome);
      },
      () => turn.endings++,
    );
  }

  #inspect(turn: Turn, { live: { owner } }: Slot): void {
    const { continues } = turn;
    if (continues && continues !== owner) this.#violations.push('continued on another process');
    const earlier = this.turns.slice(0, this.turns.indexOf(turn));
    if (earlier.some((other) => other.endings === 0 && other.continues === continues)) {
      this.#violations.push('overtaken');
    }
    if (this.#limit > 0 && this.pool.inFlight(owner.instanceId) > this.#limit) {
      this.#violations.push('more turns than the limit');
    }
  }

  #disturb(what: 'ready' | 'crash' | 'fail' | 'drain' | 'restart', on?: FakeInstance): void {
    if (!on) return;
    switch (what) {
      case 'ready':
        if (on.status.state !== 'ready') this.#owners.push(on.ready());
        break;
      case 'crash':
        on.lost();
        break;
      case 'fail':
        on.failed();
        break;
      case 'drain':
        this.pool.drain(on.id);
        return;
      case 'restart':
        this.pool.restart(on.id);
        break;
    }
    this.pool.instanceChanged();
  }

  /** The instances that are in the pool now, not those that have left it. */
  #members(): FakeInstance[] {
    const present = new Set<unknown>(this.pool.instances);
    return this.instances.filter((instance) => present.has(instance));
  }
}

function pick<T>(list: readonly T[], index: number): T | undefined {
  return list[index % Math.max(1, list.length)];
}

describe('lingma/pool, whatever happens', () => {
  const fakePool = useFakePools();

  it('settles everybody once, in order, within the limit, and keeps no place empty', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.constantFrom(1, 1, 2, 0),
        async (steps, limit) => {
          const { pool, instances } = fakePool(['i1', 'i2'], { maxInFlight: limit });
          const world = new World(pool, instances, limit);
          pool.start();
          world.run({ do: 'ready', instance: 0 });
          for (const next of steps) {
            world.run(next);
            await settled();
            world.check();
          }
          await pool.close();
          await settled();
          for (const { endings } of world.turns) assert.equal(endings, 1, 'never settled');
          for (const { slot } of world.holding) slot?.release();
          for (const { id } of instances) assert.equal(pool.inFlight(id), 0);
        },
      ),
      { numRuns: 400 },
    );
  }).timeout(60_000);
});
