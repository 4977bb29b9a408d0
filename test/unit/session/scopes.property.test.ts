/**
 * Two clients that say exactly the same, each under a key of its own: what one of them meets must
 * be what it would have met had it been alone.
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Message } from '../../../src/conversation/messages';
import { KeyRing } from '../../../src/http/keyRing';
import { SessionCache } from '../../../src/session/cache';
import { Chain } from '../../../src/session/chain';
import { buildKey } from '../../../src/session/key';
import { ManualClock } from '../../support/manualClock';

const KEYS = ['key-one', 'key-two'] as const;
const ring = new KeyRing('owner-key', [
  { name: 'one', key: KEYS[0] },
  { name: 'two', key: KEYS[1] },
]);
const owner = { instanceId: 'lingma-1', incarnation: 1 };

/** A turn in one of a few chats; several keep or share their openings. */
const turn = fc.record({
  chat: fc.nat(2),
  /** Messages of the history that the client keeps: all, or an earlier point. */
  keep: fc.oneof({ weight: 3, arbitrary: fc.constant(99) }, fc.nat(5)),
  say: fc.constantFrom('a', 'b'),
  answer: fc.constantFrom('x', 'y'),
  end: fc.constantFrom('commit', 'commit', 'commit', 'drop', 'release'),
  /** The client's own id of its conversation, if it sends one. */
  id: fc.constantFrom(undefined, 'conversation'),
});
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

class Caller {
  /** What each turn was told: reason, matched messages, and the n-th session of this caller. */
  readonly met: string[] = [];
  readonly sessions: string[] = [];
  readonly #cache: SessionCache;
  readonly #key: string;
  readonly #chats: Message[][] = [[], [], []];

  constructor(cache: SessionCache, key: string) {
    this.#cache = cache;
    this.#key = key;
  }

  run({ chat, keep, say, answer, end, id }: Turn): void {
    const scope = buildKey(ring.identify(this.#key)?.scope ?? '', [], { branchContext: 'model' });
    const hint = id === undefined ? undefined : `${scope} ${id}`;
    const said = [...(this.#chats[chat] ?? []).slice(0, keep), text('user', say)];
    const chain = new Chain(scope, said);
    const lease = this.#cache.lease({ chain, reminders: [], hint, conversation: hint });
    const { session } = lease;
    const place = session ? this.sessions.indexOf(session.sessionId) : undefined;
    this.met.push(`${lease.reason} ${lease.matched} ${place}`);
    const reply = text('assistant', answer);
    const whole = [...said, reply];
    if (end === 'commit') {
      const sessionId = session?.sessionId ?? `${this.#key} ${this.sessions.length}`;
      if (!session) this.sessions.push(sessionId);
      const head = chain.headAfter(reply);
      const messageCount = whole.length;
      lease.commit({
        sessionId,
        owner,
        head,
        messageCount,
        reminders: [],
        conversation: hint,
        label: undefined,
      });
    } else {
      lease[end]();
    }
    this.#chats[chat] = [...said, reply];
  }
}

function text(role: 'user' | 'assistant', words: string): Message {
  return { role, parts: [{ type: 'text', text: words }], path: 'messages[0]' };
}

function newCache(): SessionCache {
  const clock = new ManualClock();
  return new SessionCache({ max: 1_000, maxPerInstance: 0, ttlMs: 0, clock });
}

describe('session, under two keys', () => {
  it('C-40 (40) identical histories never meet', () => {
    fc.assert(
      fc.property(
        fc.array(turn, { maxLength: 20, size: 'max' }),
        fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
        (turns, order) => {
          const alone = new Caller(newCache(), KEYS[0]);
          const shared = newCache();
          const [one, two] = KEYS.map((key) => new Caller(shared, key));
          assert.ok(one && two);
          turns.forEach((each, index) => {
            alone.run(each);
            for (const caller of order[index] ? [one, two] : [two, one]) caller.run(each);
          });
          assert.deepEqual(one.met, alone.met);
          assert.deepEqual(two.met, alone.met);
          const others = new Set(two.sessions);
          assert.deepEqual(
            one.sessions.filter((id) => others.has(id)),
            [],
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
