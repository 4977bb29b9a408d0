import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import type { Message } from '../../../src/conversation/messages';
import { SessionCache } from '../../../src/session/cache';
import type { DropCause, Lease, SessionOwner } from '../../../src/session/lease';
import { Chain } from '../../../src/session/chain';
import { headsOf } from '../../support/canonical';
import { ManualClock } from '../../support/manualClock';

const TTL_MS = 1_000;

/** `u:hi`, `a:hello`, `s:be brief` as messages. */
function talk(...lines: string[]): Message[] {
  const roles = { u: 'user', a: 'assistant', s: 'system' } as const;
  return lines.map((line, index) => ({
    role: roles[line[0] as keyof typeof roles],
    parts: [{ type: 'text', text: line.slice(2) }],
    path: `messages[${index}]`,
  }));
}

describe('session/cache', () => {
  const owner: SessionOwner = { instanceId: 'lingma-1', incarnation: 1 };
  let clock: ManualClock;
  let cache: SessionCache;
  let dropped: [string, DropCause][];

  const create = (max: number, ttlMs = TTL_MS, maxPerInstance = 0): SessionCache =>
    new SessionCache({
      max,
      maxPerInstance,
      ttlMs,
      clock,
      onDrop: ({ sessionId }, cause) => dropped.push([sessionId, cause]),
    });
  const lease = (messages: readonly Message[], scope = 'scope', hint?: string): Lease =>
    cache.lease({
      chain: new Chain(scope, messages),
      reminders: [],
      hint,
    });
  const commit = (
    held: Lease,
    sessionId: string,
    held_now: readonly Message[],
    by = owner,
  ): void => {
    held.commit({
      sessionId,
      owner: by,
      head: headsOf('scope', held_now).at(-1) ?? '',
      messageCount: held_now.length,
      reminders: [],
      label: undefined,
    });
  };
  const remember = (sessionId: string, ...lines: string[]): void => {
    commit(cache.fresh('new'), sessionId, talk(...lines));
  };

  beforeEach(() => {
    clock = new ManualClock();
    dropped = [];
    cache = create(10);
  });

  it('continues the session that holds the prefix, with everything after it as the delta', () => {
    remember('s1', 'u:one', 'a:two');
    const held = lease(talk('u:one', 'a:two', 'u:three', 'u:four'));
    assert.equal(held.session?.sessionId, 's1');
    assert.equal(held.matched, 2);
  });

  it('C-42 (42) finds a session at its new head and nowhere else', () => {
    remember('s1', 'u:one', 'a:two');
    const next = talk('u:one', 'a:two', 'u:three', 'a:four');
    commit(lease(next.slice(0, 3)), 's1', next);
    assert.equal(lease(talk('u:one', 'a:two', 'u:other')).session, undefined);
    assert.equal(lease([...next, ...talk('u:five')]).session?.sessionId, 's1');
  });

  it('prefers the longest prefix, and takes an older head when the newest answer is not ours', () => {
    remember('short', 'u:one', 'a:two');
    remember('long', 'u:one', 'a:two', 'u:three', 'a:four');
    const all = talk('u:one', 'a:two', 'u:three', 'a:four', 'u:five');
    assert.equal(lease(all).matched, 4);
    const elsewhere = talk('u:one', 'a:two', 'u:three', 'a:said by another', 'u:five');
    const held = lease(elsewhere);
    assert.deepEqual([held.session?.sessionId, held.matched], ['short', 2]);
  });

  it('never continues with nothing to send', () => {
    remember('s1', 'u:one', 'a:two');
    assert.equal(lease(talk('u:one', 'a:two')).session, undefined);
  });

  it('leases exclusively: of two turns at once only one continues', () => {
    remember('s1', 'u:one', 'a:two');
    const turn = talk('u:one', 'a:two', 'u:three');
    const first = lease(turn);
    const second = lease(turn);
    assert.equal(first.session?.sessionId, 's1');
    assert.equal(second.session, undefined);
    first.release();
    assert.equal(lease(turn).session?.sessionId, 's1');
  });

  it('keeps conversations with equal heads apart, as a set', () => {
    remember('s1', 'u:hi', 'a:hello');
    remember('s2', 'u:hi', 'a:hello');
    const turn = talk('u:hi', 'a:hello', 'u:next');
    const ids = [lease(turn), lease(turn), lease(turn)].map(({ session }) => session?.sessionId);
    assert.deepEqual(ids, ['s2', 's1', undefined]);
  });

  it('keeps apart what only reminders tell apart, unless the client says it is the same', () => {
    const said = talk('u:hi', 'a:hello', 'u:next');
    const chain = new Chain('scope', said);
    const take = (reminders: string[], conversation?: string): string | undefined => {
      const found = cache.lease({ chain, reminders, conversation });
      found.release();
      return found.session?.sessionId;
    };
    const hold = (sessionId: string, reminders: string[], conversation?: string): void => {
      const head = chain.headAt(2);
      cache.fresh('new').commit({
        sessionId,
        owner,
        head,
        messageCount: 2,
        reminders,
        conversation,
        label: undefined,
      });
    };
    hold('of A', ['A'], 'chat-a');
    assert.equal(take(['B']), undefined);
    assert.equal(take([]), undefined);
    assert.equal(take(['A', 'B']), 'of A');
    assert.equal(take(['B'], 'chat-a'), 'of A');
    assert.equal(take(['B'], 'chat-b'), undefined);
    hold('of B', ['B']);
    assert.deepEqual([take(['A']), take(['B'])], ['of A', 'of B']);
    assert.equal(cache.lease({ chain, reminders: ['C'] }).reason, 'diverged');
  });

  it('tells reminders apart by their order and number', () => {
    const chain = new Chain('scope', talk('u:hi', 'a:hello', 'u:next'));
    const head = chain.headAt(2);
    const told = ['old is 5', 'new is 9', 'old is 5'];
    cache
      .fresh('new')
      .commit({ sessionId: 's', owner, head, messageCount: 2, reminders: told, label: undefined });
    const found = (...reminders: string[]): boolean => {
      const lease = cache.lease({ chain, reminders });
      lease.release();
      return lease.session !== undefined;
    };
    const [old = '', fresh = ''] = told;
    assert.equal(found(old, fresh, old), true);
    assert.equal(found(old, 'more', fresh, old, 'most'), true);
    assert.equal(found(fresh, old, old), false);
    assert.equal(found(old, fresh), false);
  });

  it('keeps scopes apart', () => {
    remember('s1', 'u:hi', 'a:hello');
    assert.equal(lease(talk('u:hi', 'a:hello', 'u:next'), 'another scope').session, undefined);
  });

  it('C-38 (38) drops a session whose turn was not answered and no other, and tells its owner', () => {
    remember('s1', 'u:one', 'a:two');
    remember('s2', 'u:1', 'a:2');
    const turn = talk('u:one', 'a:two', 'u:three');
    const held = lease(turn);
    held.drop();
    held.commit({
      sessionId: 's1',
      owner,
      head: 'late',
      messageCount: 4,
      reminders: [],
      label: undefined,
    });
    assert.equal(lease(turn).session, undefined);
    assert.deepEqual(dropped, [['s1', 'failed']]);
    assert.equal(cache.stats().invalidations, 1);
    assert.equal(lease(talk('u:1', 'a:2', 'u:3')).session?.sessionId, 's2');
  });

  it('ignores empty session ids', () => {
    remember('', 'u:one', 'a:two');
    assert.equal(cache.stats().size, 0);
  });

  it('loses the sessions of an owner that ends, idle and leased, and ignores its late results', () => {
    remember('idle', 'u:one', 'a:two');
    remember('busy', 'u:1', 'a:2');
    const held = lease(talk('u:1', 'a:2', 'u:3'));
    const late = cache.fresh('new');
    assert.equal(cache.dropOwner(owner), 2);
    commit(held, 'busy', talk('u:1', 'a:2', 'u:3', 'a:4'));
    commit(late, 'newborn', talk('u:x', 'a:y'));
    assert.equal(cache.stats().size, 0);
    assert.equal(cache.stats().invalidations, 2);
    const reborn = { ...owner, incarnation: 2 };
    commit(cache.fresh('new'), 'idle', talk('u:one', 'a:two'), reborn);
    assert.equal(lease(talk('u:one', 'a:two', 'u:3')).session?.owner, reborn);
  });

  it('trusts only the newer head when a process gives one id to two conversations', () => {
    remember('same', 'u:one', 'a:two');
    remember('same', 'u:1', 'a:2');
    assert.equal(lease(talk('u:one', 'a:two', 'u:three')).session, undefined);
    assert.equal(lease(talk('u:1', 'a:2', 'u:3')).session?.sessionId, 'same');
    assert.equal(cache.stats().size, 1);
  });

  it('C-42 (42) counts an expiry as a miss too; a look-up does not extend the life, a turn does', () => {
    remember('s1', 'u:one', 'a:two');
    const turn = talk('u:one', 'a:two', 'u:three');
    clock.advance(TTL_MS);
    lease(turn).release();
    clock.advance(1);
    assert.equal(lease(turn).session, undefined);
    const { hits, misses, expiries } = cache.stats();
    assert.deepEqual({ hits, misses, expiries }, { hits: 1, misses: 1, expiries: 1 });
    assert.deepEqual(dropped, [['s1', 'expired']]);

    remember('s2', 'u:1', 'a:2');
    clock.advance(TTL_MS);
    const grown = talk('u:1', 'a:2', 'u:3', 'a:4');
    commit(lease(grown.slice(0, 3)), 's2', grown);
    clock.advance(TTL_MS);
    assert.equal(lease([...grown, ...talk('u:5')]).session?.sessionId, 's2');
  });

  it('counts the time in which the machine slept, and no change of its clock', () => {
    remember('s1', 'u:1', 'a:1');
    clock.set(365 * 24 * 3_600_000);
    cache.sweep();
    clock.set(-2 * 365 * 24 * 3_600_000);
    cache.sweep();
    assert.deepEqual(dropped, []);
    clock.sleep(TTL_MS + 1);
    assert.equal(lease(talk('u:1', 'a:1', 'u:more')).reason, 'expired');
    assert.deepEqual(dropped, [['s1', 'expired']]);
  });

  it('never expires without a TTL', () => {
    cache = create(10, 0);
    remember('s1', 'u:one', 'a:two');
    clock.advance(1e12);
    assert.ok(lease(talk('u:one', 'a:two', 'u:three')).session);
  });

  it('evicts the least recently used, never a leased one', () => {
    cache = create(2);
    remember('first', 'u:1', 'a:1');
    remember('second', 'u:2', 'a:2');
    const held = lease(talk('u:1', 'a:1', 'u:more'));
    remember('third', 'u:3', 'a:3');
    assert.deepEqual(dropped, [['second', 'evicted']]);
    const grown = talk('u:1', 'a:1', 'u:more', 'a:yes');
    commit(held, 'first', grown);
    assert.equal(cache.stats().evictions, 1);
    remember('fourth', 'u:4', 'a:4');
    assert.deepEqual(dropped.at(-1), ['third', 'evicted']);
    assert.ok(lease([...grown, ...talk('u:again')]).session);
  });

  it('keeps only so many on one instance, whatever there is room for', () => {
    cache = create(10, TTL_MS, 2);
    const elsewhere: SessionOwner = { instanceId: 'lingma-2', incarnation: 1 };
    commit(cache.fresh('new'), 'other', talk('u:0', 'a:0'), elsewhere);
    remember('first', 'u:1', 'a:1');
    remember('second', 'u:2', 'a:2');
    const held = lease(talk('u:1', 'a:1', 'u:more'));
    remember('third', 'u:3', 'a:3');
    assert.deepEqual(dropped, [['second', 'evicted']]);
    assert.deepEqual([cache.pinnedTo('lingma-1'), cache.pinnedTo('lingma-2')], [2, 1]);
    held.release();
    assert.equal(lease(talk('u:2', 'a:2', 'u:more')).reason, 'expired');
  });

  it('makes room on a process that is full: its session used longest ago goes', () => {
    const restarted: SessionOwner = { ...owner, incarnation: 2 };
    commit(cache.fresh('new'), 'old', talk('u:0', 'a:0'), restarted);
    remember('first', 'u:1', 'a:1');
    remember('second', 'u:2', 'a:2');
    const held = lease(talk('u:1', 'a:1', 'u:more'));
    assert.equal(cache.makeRoom(owner), true);
    assert.deepEqual(dropped, [['second', 'evicted']]);
    assert.equal(cache.makeRoom(owner), false, 'the leased one stays');
    assert.equal(held.session?.sessionId, 'first');
  });

  it('is off at a size of 0: no look-ups counted, and each session handed back at once', () => {
    cache = create(0);
    remember('s1', 'u:one', 'a:two');
    assert.equal(lease(talk('u:one', 'a:two', 'u:three')).session, undefined);
    assert.deepEqual(dropped, [['s1', 'disabled']]);
    const { size, hits, misses } = cache.stats();
    assert.deepEqual({ size, hits, misses }, { size: 0, hits: 0, misses: 0 });
  });

  it('forgets idle sessions on request, and leaves running turns alone', () => {
    remember('idle', 'u:one', 'a:two');
    remember('busy', 'u:1', 'a:2');
    const grown = talk('u:1', 'a:2', 'u:3', 'a:4');
    const held = lease(grown.slice(0, 3));
    assert.equal(cache.clear(), 1);
    commit(held, 'busy', grown);
    assert.equal(cache.stats().size, 1);
    assert.equal(cache.pinnedTo('lingma-1'), 1);
    assert.equal(cache.pinnedTo('lingma-2'), 0);
  });

  describe('says why', () => {
    const first = talk('u:one', 'a:two');
    const turn = talk('u:one', 'a:two', 'u:three');
    const whole = talk('u:one', 'a:two', 'u:three', 'a:four');

    it('continued', () => {
      remember('s1', 'u:one', 'a:two');
      assert.equal(lease(turn).reason, 'continued');
    });

    it('new: a first message, or a history nobody here has seen', () => {
      remember('s1', 'u:one', 'a:two');
      assert.equal(lease(talk('u:one')).reason, 'new');
      assert.equal(lease(talk('u:x', 'a:y', 'u:z')).reason, 'new');
    });

    it('branched: the session has gone on with another message', () => {
      remember('s1', 'u:one', 'a:two');
      commit(lease(turn), 's1', whole);
      assert.equal(lease(turn).reason, 'branched', 'the last answer again');
      assert.equal(lease(talk('u:one', 'a:two', 'u:edited')).reason, 'branched', 'an edit');
    });

    it('busy: the session is in the middle of another turn', () => {
      remember('s1', 'u:one', 'a:two');
      lease(turn);
      assert.equal(lease(turn).reason, 'busy');
    });

    it('diverged: answers that were not given here', () => {
      remember('s1', 'u:one', 'a:two');
      commit(lease(turn), 's1', whole);
      const rewritten = talk('u:one', 'a:two', 'u:three', 'a:rewritten', 'u:five');
      assert.equal(lease(rewritten).reason, 'diverged');
      remember('s2', 'u:1', 'a:2');
      lease(talk('u:1', 'a:2', 'u:3'), 'scope', 'chat-7');
      assert.equal(lease(talk('u:1', 'a:not 2', 'u:3'), 'scope', 'chat-7').reason, 'diverged');
    });

    it('compacted: a known id comes back with a shorter conversation', () => {
      const long = talk('u:1', 'a:2', 'u:3', 'a:4', 'u:5');
      assert.equal(lease(long, 'scope', 'chat-7').reason, 'new');
      assert.equal(lease(talk('u:a summary'), 'scope', 'chat-7').reason, 'compacted');
      assert.equal(lease(talk('u:a summary'), 'scope', 'chat-8').reason, 'new');
    });

    it('expired: by age, by number, or because somebody cleared the cache', () => {
      remember('s1', 'u:one', 'a:two');
      clock.advance(TTL_MS + 1);
      assert.equal(lease(turn).reason, 'expired');
      remember('s2', 'u:one', 'a:two');
      cache.clear();
      assert.equal(lease(turn).reason, 'expired');
      cache = create(1);
      remember('s3', 'u:one', 'a:two');
      remember('s4', 'u:1', 'a:2');
      assert.equal(lease(turn).reason, 'expired');
    });

    it('lost: with its process, or by a turn that failed', () => {
      remember('s1', 'u:one', 'a:two');
      cache.dropOwner(owner);
      assert.equal(lease(turn).reason, 'lost');
      const reborn = { ...owner, incarnation: 2 };
      commit(cache.fresh('lost'), 's2', first, reborn);
      lease(turn).drop();
      assert.equal(lease(turn).reason, 'lost');
    });
  });

  describe('other limits', () => {
    const ids = (): string[] => dropped.map(([sessionId]) => sessionId);

    beforeEach(() => {
      for (const name of ['s1', 's2', 's3']) {
        remember(name, `u:${name}`, 'a:yes');
        clock.advance(10);
      }
    });

    it('a smaller number gives up the sessions used longest ago, but none that is in a turn', () => {
      const held = lease(talk('u:s1', 'a:yes', 'u:more'));
      cache.setLimits({ max: 1, maxPerInstance: 0, ttlMs: TTL_MS });
      assert.deepEqual(ids(), ['s2', 's3']);
      assert.equal(cache.stats().leased, 1);
      commit(held, 's1', talk('u:s1', 'a:yes', 'u:more', 'a:yes'));
      assert.deepEqual([ids(), cache.stats().size], [['s2', 's3'], 1]);
    });

    it('none at all drops everything, and a larger number fills again', () => {
      cache.setLimits({ max: 0, maxPerInstance: 0, ttlMs: TTL_MS });
      assert.deepEqual([cache.enabled, cache.stats().size, ids().length], [false, 0, 3]);
      cache.setLimits({ max: 2, maxPerInstance: 0, ttlMs: TTL_MS });
      remember('s4', 'u:s4', 'a:yes');
      assert.equal(lease(talk('u:s4', 'a:yes', 'u:more')).reason, 'continued');
    });

    it('a limit for each instance counts on each', () => {
      const other: SessionOwner = { instanceId: 'lingma-2', incarnation: 1 };
      commit(cache.fresh('new'), 'far', talk('u:far', 'a:yes'), other);
      cache.setLimits({ max: 10, maxPerInstance: 1, ttlMs: TTL_MS });
      assert.deepEqual(ids(), ['s1', 's2']);
      assert.equal(cache.pinnedTo('lingma-2'), 1);
    });

    it('a shorter time ends those that are older at once; what was stored earlier counts', () => {
      cache.setLimits({ max: 10, maxPerInstance: 0, ttlMs: 15 });
      assert.deepEqual(dropped, [
        ['s1', 'expired'],
        ['s2', 'expired'],
      ]);
      cache.setLimits({ max: 10, maxPerInstance: 0, ttlMs: 0 });
      clock.advance(TTL_MS * 100);
      assert.equal(lease(talk('u:s3', 'a:yes', 'u:more')).reason, 'continued');
    });
  });
});
