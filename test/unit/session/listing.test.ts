import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import type { Message } from '../../../src/conversation/messages';
import { SessionCache } from '../../../src/session/cache';
import { Chain } from '../../../src/session/chain';
import type { DropCause, Lease } from '../../../src/session/lease';
import { assistant, user } from '../../support/messages';
import { ManualClock } from '../../support/manualClock';

describe('session/cache as a list', () => {
  const owner = { instanceId: 'lingma-1', incarnation: 1 };
  let clock: ManualClock;
  let dropped: [string, DropCause][];
  let cache: SessionCache<string>;

  const lease = (...said: readonly Message[]): Lease<string> =>
    cache.lease({ chain: new Chain('scope', said), reminders: [] });
  /** One turn of the conversation `name`, answered `a1`, `a2`, … */
  const say = (name: string, turn: number): Message[] =>
    Array.from({ length: turn }, (_, index) => [
      ...(index > 0 ? [assistant(`a${index}`)] : []),
      user(`${name}${index + 1}`),
    ]).flat();
  const commit = (held: Lease<string>, name: string, turn: number): void => {
    const said = say(name, turn);
    held.commit({
      sessionId: `upstream-${name}`,
      owner,
      head: new Chain('scope', said).headAfter(assistant(`a${turn}`)),
      messageCount: said.length + 1,
      reminders: [],
      label: `${name} ${turn}`,
    });
  };
  const answer = (name: string, turn: number): void => {
    commit(lease(...say(name, turn)), name, turn);
  };
  const idOf = (label: string): string =>
    cache.list(9).find((session) => session.label === label)?.id ?? assert.fail(label);

  beforeEach(() => {
    clock = new ManualClock();
    dropped = [];
    cache = new SessionCache<string>({
      max: 10,
      maxPerInstance: 0,
      ttlMs: 1_000,
      clock,
      onDrop: ({ sessionId }, cause) => dropped.push([sessionId, cause]),
    });
  });

  it('shows those in a turn first, then those used last, with ages, and no more than asked for', () => {
    answer('one', 1);
    clock.advance(100);
    answer('two', 1);
    clock.advance(100);
    answer('three', 1);
    const held = lease(...say('one', 2));
    clock.advance(50);
    assert.deepEqual(
      cache.list(9).map(({ id, ...rest }) => ({ ...rest, named: /^[0-9a-z]{10}$/.test(id) })),
      [
        { label: 'one 1', leased: true, ageMs: 250, ttlLeftMs: undefined },
        { label: 'three 1', leased: false, ageMs: 50, ttlLeftMs: 950 },
        { label: 'two 1', leased: false, ageMs: 150, ttlLeftMs: 850 },
      ].map((own) => ({ instanceId: 'lingma-1', turns: 1, messageCount: 2, ...own, named: true })),
    );
    assert.deepEqual(
      cache.list(2).map(({ label }) => label),
      ['one 1', 'three 1'],
    );
    commit(held, 'one', 2);
    const [first] = cache.list(1);
    assert.ok(first);
    const { label, turns, messageCount, ageMs, ttlLeftMs } = first;
    assert.deepEqual([label, turns, messageCount, ageMs, ttlLeftMs], ['one 2', 2, 4, 250, 1_000]);
  });

  it('names a session by the same id as long as it lives, and no two alike', () => {
    answer('one', 1);
    answer('two', 1);
    const before = idOf('one 1');
    answer('one', 2);
    assert.equal(idOf('one 2'), before);
    assert.notEqual(idOf('two 1'), before);
  });

  it('does not show what has expired', () => {
    answer('one', 1);
    clock.advance(1_001);
    assert.deepEqual(cache.list(9), []);
    assert.deepEqual(dropped, [['upstream-one', 'expired']]);
  });

  it('evicts an idle session for good: the process forgets it, the next turn is told `expired`', () => {
    answer('one', 1);
    answer('two', 1);
    const id = idOf('one 1');
    assert.equal(cache.evict(id), 'evicted');
    assert.equal(cache.evict(id), 'unknown');
    assert.deepEqual(dropped, [['upstream-one', 'cleared']]);
    assert.equal(cache.stats().invalidations, 1);
    assert.equal(cache.pinnedTo('lingma-1'), 1);
    assert.deepEqual(
      cache.list(9).map(({ label }) => label),
      ['two 1'],
    );
    const next = lease(...say('one', 2));
    assert.deepEqual([next.session, next.matched, next.reason], [undefined, 0, 'expired']);
  });

  it('leaves a session alone that is in the middle of a turn', () => {
    answer('one', 1);
    const id = idOf('one 1');
    const held = lease(...say('one', 2));
    assert.equal(cache.evict(id), 'leased');
    commit(held, 'one', 2);
    assert.equal(idOf('one 2'), id);
    assert.deepEqual(dropped, []);
  });
});
