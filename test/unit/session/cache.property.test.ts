/**
 * Random histories against a naive reference that keeps whole transcripts: the cache must be as
 * faithful as it (never continue a session that holds something else) and as eager (continue
 * whenever the reference could).
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Message } from '../../../src/conversation/messages';
import { SessionCache } from '../../../src/session/cache';
import type { Lease, SessionOwner } from '../../../src/session/lease';
import { Chain } from '../../../src/session/chain';
import { ManualClock } from '../../support/manualClock';

const MAX = 4;
const MAX_PER_INSTANCE = 3;
const TTL_MS = 100;
const INSTANCES = 2;
const CHATS = 5;

/** An upstream session as the reference remembers it. */
interface Known {
  readonly id: string;
  readonly owner: SessionOwner;
  readonly scope: string;
  /** Everything it holds, one line per message, answers trimmed as clients may trim them. */
  readonly holds: readonly string[];
  /** The reminders of its last request. */
  readonly told: readonly string[];
  readonly hint: string | undefined;
  readonly storedAtMs: number;
}

interface OpenTurn {
  readonly lease: Lease;
  readonly chain: Chain;
  /** The session it continues; undefined when it starts one. */
  readonly known: Known | undefined;
  /** The process it runs on, which may end before the turn does. */
  readonly owner: SessionOwner;
  readonly turn: Turn;
  readonly lines: readonly string[];
}

/** What a client does with one of its chats, and how the turn ends. */
interface Turn {
  readonly chat: number;
  /** How much of the history the client keeps: all, or an earlier point (regenerate, edit). */
  readonly keep: number;
  readonly say: string;
  readonly answer: string;
  readonly end: 'commit' | 'drop' | 'release' | 'stay open';
  readonly scope: string;
  readonly reminders: readonly string[];
  readonly hint: string | undefined;
}

/** The reference. */
class Reference {
  readonly clock = new ManualClock();
  readonly dropped = new Set<string>();
  readonly owners: SessionOwner[] = Array.from({ length: INSTANCES }, (_, index) => ({
    instanceId: `lingma-${index + 1}`,
    incarnation: 1,
  }));
  readonly chats: string[][] = Array.from({ length: CHATS }, () => []);
  /** Idle sessions, in the order in which they were last put down. */
  idle: Known[] = [];
  open: OpenTurn[] = [];
  nextId = 1;
  leases = 0;

  /** Sessions in the middle of a turn on a process that lives. */
  leased(): Known[] {
    return this.open.flatMap(({ known }) =>
      known && this.owners.includes(known.owner) ? [known] : [],
    );
  }

  expire(): void {
    const now = this.clock.monotonicMs();
    this.idle = this.idle.filter(({ storedAtMs }) => now - storedAtMs <= TTL_MS);
  }

  /** Messages of the longest prefix that ends with an answer and that some idle session holds. */
  longestMatch(lines: readonly string[], turn: Turn): number {
    for (let length = lines.length - 1; length > 0; length--) {
      if (!lines[length - 1]?.startsWith('A')) continue;
      const prefix = lines.slice(0, length);
      if (this.idle.some((known) => this.mayContinue(known, prefix, turn))) return length;
    }
    return 0;
  }

  /** The rule itself: the same conversation, and nothing told that the request does not say. */
  mayContinue(known: Known, prefix: readonly string[], turn: Turn): boolean {
    const sameClient = turn.hint !== undefined && turn.hint === known.hint;
    return (
      known.scope === turn.scope &&
      JSON.stringify(known.holds) === JSON.stringify(prefix.map(canonical)) &&
      (sameClient || isWithin(known.told, turn.reminders))
    );
  }

  put(known: Known): void {
    this.idle.push(known);
    const own = (one: Known): boolean => one.owner.instanceId === known.owner.instanceId;
    const evict = (matches: (one: Known) => boolean): boolean => {
      const victim = this.idle.findIndex(matches);
      if (victim >= 0) this.idle.splice(victim, 1);
      return victim >= 0;
    };
    const all = (): Known[] => [...this.idle, ...this.leased()];
    while (all().filter(own).length > MAX_PER_INSTANCE) if (!evict(own)) break;
    while (all().length > MAX) if (!evict(() => true)) break;
  }
}

/** One thing that happens; afterwards both sides must agree. */
abstract class Step implements fc.Command<Reference, SessionCache> {
  check(): boolean {
    return true;
  }

  run(reference: Reference, cache: SessionCache): void {
    this.happen(reference, cache);
    agree(reference, cache);
  }

  protected abstract happen(reference: Reference, cache: SessionCache): void;
}

class TakeTurn extends Step {
  readonly #turn: Turn;

  constructor(turn: Turn) {
    super();
    this.#turn = turn;
  }

  protected override happen(reference: Reference, cache: SessionCache): void {
    const turn = this.#turn;
    const lines = [...(reference.chats[turn.chat] ?? []).slice(0, turn.keep), `U${turn.say}`];
    reference.expire();
    const expected = reference.longestMatch(lines, turn);
    const chain = new Chain(turn.scope, messagesOf(lines));
    const lease = cache.lease({ chain, reminders: turn.reminders, conversation: turn.hint });
    reference.leases++;

    assert.equal(lease.matched, expected, 'continues exactly when, and as far as, it could');
    assert.equal(lease.reason === 'continued', lease.session !== undefined);
    const known = reference.idle.find(({ id }) => id === lease.session?.sessionId);
    if (lease.session) {
      assert.ok(known, 'leases only what is idle and alive');
      assert.ok(reference.mayContinue(known, lines.slice(0, lease.matched), turn), 'fidelity');
      assert.equal(known.owner, lease.session.owner);
      reference.idle = reference.idle.filter((other) => other !== known);
    }
    const owner = known?.owner ?? reference.owners[turn.chat % INSTANCES];
    assert.ok(owner);
    const open: OpenTurn = { lease, chain, known, owner, turn, lines };
    if (turn.end === 'commit') commit(open, reference);
    else if (turn.end === 'stay open') reference.open.push(open);
    else {
      lease[turn.end]();
      if (turn.end === 'release' && known) {
        const byAge = (one: Known, two: Known): number => one.storedAtMs - two.storedAtMs;
        reference.idle = [...reference.idle, known].sort(byAge);
      }
    }
    reference.chats[turn.chat] = [...lines, `A${turn.answer}`];
  }

  override toString(): string {
    return `turn ${JSON.stringify(this.#turn)}`;
  }
}

class FinishTurn extends Step {
  readonly #pick: number;

  constructor(pick: number) {
    super();
    this.#pick = pick;
  }

  protected override happen(reference: Reference): void {
    const open = reference.open[this.#pick % Math.max(1, reference.open.length)];
    if (!open) return;
    reference.open = reference.open.filter((other) => other !== open);
    commit(open, reference);
  }

  override toString(): string {
    return `finish ${this.#pick}`;
  }
}

class Crash extends Step {
  readonly #pick: number;

  constructor(pick: number) {
    super();
    this.#pick = pick;
  }

  protected override happen(reference: Reference, cache: SessionCache): void {
    const owner = reference.owners[this.#pick];
    assert.ok(owner);
    const lost = [...reference.idle, ...reference.leased()].filter(
      (known) => known.owner === owner,
    );
    reference.owners[this.#pick] = { ...owner, incarnation: owner.incarnation + 1 };
    assert.equal(cache.dropOwner(owner), lost.length);
    reference.idle = reference.idle.filter((known) => known.owner !== owner);
  }

  override toString(): string {
    return `crash ${this.#pick}`;
  }
}

class MakeRoom extends Step {
  readonly #pick: number;

  constructor(pick: number) {
    super();
    this.#pick = pick;
  }

  protected override happen(reference: Reference, cache: SessionCache): void {
    const owner = reference.owners[this.#pick];
    assert.ok(owner);
    const oldest = reference.idle.find((known) => known.owner === owner);
    assert.equal(cache.makeRoom(owner), oldest !== undefined);
    if (oldest) assert.ok(reference.dropped.has(oldest.id), 'the one used longest ago');
    reference.idle = reference.idle.filter((known) => known !== oldest);
  }

  override toString(): string {
    return `make room on ${this.#pick}`;
  }
}

class Wait extends Step {
  readonly #ms: number;

  constructor(ms: number) {
    super();
    this.#ms = ms;
  }

  protected override happen(reference: Reference): void {
    reference.clock.advance(this.#ms);
  }

  override toString(): string {
    return `wait ${this.#ms} ms`;
  }
}

class Clear extends Step {
  protected override happen(reference: Reference, cache: SessionCache): void {
    assert.equal(cache.clear(), reference.idle.length);
    reference.idle = [];
  }

  override toString(): string {
    return 'clear';
  }
}

/** The process confirms an answer; if it has been replaced meanwhile, nobody may believe it. */
function commit({ lease, chain, known, owner, turn, lines }: OpenTurn, reference: Reference): void {
  const id = known?.id ?? `s${reference.nextId++}`;
  const { answer, scope, hint, reminders } = turn;
  const [reply] = messagesOf([`A${answer}`]);
  assert.ok(reply);
  lease.commit({
    sessionId: id,
    owner,
    head: chain.headAfter(reply),
    messageCount: lines.length + 1,
    reminders,
    conversation: hint,
    label: undefined,
  });
  if (!reference.owners.includes(owner)) return;
  const holds = [...lines, `A${answer}`].map(canonical);
  const storedAtMs = reference.clock.monotonicMs();
  reference.put({ id, owner, scope, holds, told: reminders, hint, storedAtMs });
}

function agree(reference: Reference, cache: SessionCache): void {
  const { size, leased, hits, misses } = cache.stats();
  assert.equal(hits + misses, reference.leases);
  assert.equal(leased, reference.leased().length, 'leases held');
  assert.ok(size - leased <= MAX, 'bounded');
  for (const { id } of reference.idle) assert.ok(!reference.dropped.has(id), `${id} is alive`);
  const all = [...reference.idle, ...reference.leased()];
  for (const { instanceId } of reference.owners) {
    const pinned = all.filter(({ owner }) => owner.instanceId === instanceId);
    // The cache notices an expiry when it is asked for something, the reference before.
    assert.ok(cache.pinnedTo(instanceId) >= pinned.length, `pinned to ${instanceId}`);
  }
  const pinned = reference.owners.map(({ instanceId }) => cache.pinnedTo(instanceId));
  assert.equal(
    pinned.reduce((sum, count) => sum + count, 0),
    size,
  );
}

function messagesOf(lines: readonly string[]): Message[] {
  return lines.map((line, index) => ({
    role: line.startsWith('A') ? 'assistant' : 'user',
    parts: [{ type: 'text', text: line.slice(1) }],
    path: `messages[${index}]`,
  }));
}

/** Whether everything in `part` stands in `whole`, in its order. */
function isWithin(part: readonly string[], whole: readonly string[]): boolean {
  const [first, ...rest] = part;
  if (first === undefined) return true;
  const at = whole.indexOf(first);
  return at >= 0 && isWithin(rest, whole.slice(at + 1));
}

function canonical(line: string): string {
  return line.startsWith('A') ? `A${line.slice(1).trim()}` : line;
}

const turn: fc.Arbitrary<Turn> = fc.record({
  chat: fc.nat(CHATS - 1),
  keep: fc.oneof({ weight: 4, arbitrary: fc.constant(99) }, fc.nat(6)),
  say: fc.constantFrom('a', 'b'),
  answer: fc.constantFrom('x', 'y', ' x\r\n'),
  end: fc.constantFrom<Turn['end']>('commit', 'commit', 'commit', 'drop', 'release', 'stay open'),
  scope: fc.constantFrom('key-1', 'key-1', 'key-2'),
  reminders: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    fc.array(fc.constantFrom('project A', 'project B'), { maxLength: 3 }),
  ),
  hint: fc.constantFrom(undefined, undefined, 'chat-1', 'chat-2'),
});
const instance = fc.nat(INSTANCES - 1);
/** Turns are what most of a history consists of. */
const turns = turn.map((one) => new TakeTurn(one));
const steps = [
  ...Array.from({ length: 8 }, () => turns),
  fc.nat(5).map((pick) => new FinishTurn(pick)),
  fc.nat(5).map((pick) => new FinishTurn(pick)),
  instance.map((pick) => new Crash(pick)),
  instance.map((pick) => new MakeRoom(pick)),
  fc.nat(120).map((ms) => new Wait(ms)),
  fc.constant(new Clear()),
];

describe('session/cache, against a reference with whole transcripts', () => {
  it('is always faithful and never misses what could be continued', () => {
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 60, size: 'max' }), (history) => {
        fc.modelRun(() => {
          const model = new Reference();
          const real = new SessionCache({
            max: MAX,
            maxPerInstance: MAX_PER_INSTANCE,
            ttlMs: TTL_MS,
            clock: model.clock,
            onDrop: ({ sessionId }) => model.dropped.add(sessionId),
          });
          return { model, real };
        }, history);
      }),
      { numRuns: 3_000 },
    );
  }).timeout(120_000);
});
