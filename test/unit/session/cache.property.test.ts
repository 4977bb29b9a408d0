/**
 * Random histories against a naive reference that keeps whole transcripts: the cache must be as
 * faithful as it (never continue a session that holds something else) and as eager (continue
 * whenever the reference could).
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Message } from '../../../src/conversation/messages';
import { type Lease, SessionCache, type SessionOwner } from '../../../src/session/cache';
import { chainHeads, continuationPoints } from '../../../src/session/chain';
import { ManualClock } from '../../support/manualClock';

const MAX = 4;
const TTL_MS = 100;
const INSTANCES = 2;

/** What a client does with one of its chats, and how the turn ends. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('turn' as const),
      chat: fc.nat(4),
      // How much of the history the client keeps: all, or an earlier point (regenerate, edit).
      keep: fc.oneof({ weight: 4, arbitrary: fc.constant(99) }, fc.nat(6)),
      say: fc.constantFrom('a', 'b'),
      answer: fc.constantFrom('x', 'y', ' x\r\n'),
      end: fc.constantFrom('commit', 'commit', 'commit', 'drop', 'release', 'stay open'),
      scope: fc.constantFrom('key-1', 'key-1', 'key-2'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('finish' as const), pick: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), pick: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(120) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** An upstream session as the reference remembers it. */
interface Known {
  readonly id: string;
  readonly owner: SessionOwner;
  readonly scope: string;
  /** Everything it holds, one line per message, answers trimmed as clients may trim them. */
  readonly holds: readonly string[];
  readonly storedAtMs: number;
}

interface OpenTurn {
  readonly lease: Lease;
  /** The session it continues; undefined when it starts one. */
  readonly known: Known | undefined;
  /** The process it runs on, which may end before the turn does. */
  readonly owner: SessionOwner;
  readonly scope: string;
  readonly lines: readonly string[];
  readonly answer: string;
}

const messagesOf = (lines: readonly string[]): Message[] =>
  lines.map((line, index) => ({
    role: line.startsWith('A') ? 'assistant' : 'user',
    parts: [{ type: 'text', text: line.slice(1) }],
    path: `messages[${index}]`,
  }));
const canonical = (line: string): string =>
  line.startsWith('A') ? `A${line.slice(1).trim()}` : line;

class World {
  readonly #clock = new ManualClock();
  readonly #dropped = new Set<string>();
  readonly #cache = new SessionCache({
    max: MAX,
    ttlMs: TTL_MS,
    clock: this.#clock,
    onDrop: ({ sessionId }) => this.#dropped.add(sessionId),
  });
  readonly #owners: SessionOwner[] = Array.from({ length: INSTANCES }, (_, index) => ({
    instanceId: `lingma-${index + 1}`,
    incarnation: 1,
  }));
  readonly #chats: string[][] = [[], [], [], [], []];
  /** Idle sessions of the reference, in the order they were last put down. */
  #idle: Known[] = [];
  #open: OpenTurn[] = [];
  #nextId = 1;
  #leases = 0;

  run(one: Step): void {
    switch (one.kind) {
      case 'turn':
        this.#turn(one);
        break;
      case 'finish':
        this.#finish(one.pick);
        break;
      case 'crash':
        this.#crash(one.pick);
        break;
      case 'wait':
        this.#clock.advance(one.ms);
        break;
      case 'clear':
        assert.equal(this.#cache.clear(), this.#idle.length);
        this.#idle = [];
        break;
    }
    this.#check();
  }

  #turn(one: Step & { kind: 'turn' }): void {
    const chat = this.#chats[one.chat] ?? [];
    const lines = [...chat.slice(0, one.keep), `U${one.say}`];
    const messages = messagesOf(lines);
    this.#expire();
    const expected = this.#longestMatch(lines, one.scope);
    const lease = this.#cache.lease({
      heads: chainHeads(one.scope, messages),
      points: continuationPoints(messages),
      reminders: new Set(),
    });
    this.#leases++;

    assert.equal(lease.matched, expected, 'continues exactly when, and as far as, it could');
    assert.equal(lease.reason === 'continued', lease.session !== undefined);
    const known = this.#idle.find(({ id }) => id === lease.session?.sessionId);
    if (lease.session) {
      assert.ok(known, 'leases only what is idle and alive');
      assert.deepEqual(known.holds, lines.slice(0, lease.matched).map(canonical), 'fidelity');
      assert.equal(known.scope, one.scope);
      assert.equal(known.owner, lease.session.owner);
      this.#idle = this.#idle.filter((other) => other !== known);
    }
    const owner = known?.owner ?? this.#owners[one.chat % INSTANCES];
    assert.ok(owner);
    const open: OpenTurn = { lease, known, owner, scope: one.scope, lines, answer: one.answer };
    if (one.end === 'commit') this.#commit(open);
    else if (one.end === 'stay open') this.#open.push(open);
    else {
      lease[one.end]();
      if (one.end === 'release' && known) this.#putBack(known);
    }
    this.#chats[one.chat] = [...lines, `A${one.answer}`];
  }

  #putBack(known: Known): void {
    this.#idle = [...this.#idle, known].sort((one, two) => one.storedAtMs - two.storedAtMs);
  }

  #finish(pick: number): void {
    const open = this.#open[pick % Math.max(1, this.#open.length)];
    if (!open) return;
    this.#open = this.#open.filter((other) => other !== open);
    this.#commit(open);
  }

  /** The process confirms an answer; if it has been replaced meanwhile, nobody may believe it. */
  #commit({ lease, known, owner, scope, lines, answer }: OpenTurn): void {
    const id = known?.id ?? `s${this.#nextId++}`;
    const all = [...lines, `A${answer}`];
    const head = chainHeads(scope, messagesOf(all)).at(-1) ?? '';
    lease.commit({ sessionId: id, owner, head, messageCount: all.length, reminders: new Set() });
    if (!this.#owners.includes(owner)) return;
    const holds = all.map(canonical);
    this.#idle.push({ id, owner, scope, holds, storedAtMs: this.#clock.monotonicMs() });
    while (this.#idle.length > 0 && this.#idle.length + this.#leased().length > MAX)
      this.#idle.shift();
  }

  #crash(pick: number): void {
    const owner = this.#owners[pick];
    assert.ok(owner);
    const lost = [...this.#idle, ...this.#leased()].filter((known) => known.owner === owner);
    this.#owners[pick] = { ...owner, incarnation: owner.incarnation + 1 };
    assert.equal(this.#cache.dropOwner(owner), lost.length);
    this.#idle = this.#idle.filter((known) => known.owner !== owner);
  }

  /** Sessions in the middle of a turn on a process that lives. */
  #leased(): Known[] {
    return this.#open.flatMap(({ known }) =>
      known && this.#owners.includes(known.owner) ? [known] : [],
    );
  }

  #expire(): void {
    const now = this.#clock.monotonicMs();
    this.#idle = this.#idle.filter(({ storedAtMs }) => now - storedAtMs <= TTL_MS);
  }

  /** Messages of the longest prefix that ends with an answer and that some idle session holds. */
  #longestMatch(lines: readonly string[], scope: string): number {
    for (let length = lines.length - 1; length > 0; length--) {
      if (!lines[length - 1]?.startsWith('A')) continue;
      const prefix = JSON.stringify(lines.slice(0, length).map(canonical));
      const holder = this.#idle.some(
        (known) => known.scope === scope && JSON.stringify(known.holds) === prefix,
      );
      if (holder) return length;
    }
    return 0;
  }

  #check(): void {
    const { size, leased, hits, misses } = this.#cache.stats();
    assert.equal(hits + misses, this.#leases);
    assert.equal(leased, this.#leased().length, 'leases held');
    assert.ok(size - leased <= MAX, 'bounded');
    for (const { id } of this.#idle) assert.ok(!this.#dropped.has(id), `${id} is alive`);
    const pinned = this.#owners.map(({ instanceId }) => this.#cache.pinnedTo(instanceId));
    assert.equal(
      pinned.reduce((sum, count) => sum + count, 0),
      size,
    );
  }
}

describe('session/cache, against a reference with whole transcripts', () => {
  it('is always faithful and never misses what could be continued', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const world = new World();
        for (const one of steps) world.run(one);
      }),
      { numRuns: 3_000 },
    );
  }).timeout(120_000);
});
