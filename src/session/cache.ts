/**
 * The session cache: which upstream session holds which conversation, and on which process.
 * Rules (session-reuse §3): a session is found at its one current head and nowhere else; a turn
 * leases it exclusively; a turn that does not end well drops it; a process that ends takes its
 * sessions along.
 */
import { BoundedMap } from '../base/boundedMap';
import type { Clock } from '../base/clock';
import type { ReuseReason } from '../conversation/events';
import type { Head } from './chain';
import { type HeadFate, reasonFor } from './reason';

/** Heads remembered for each session the cache may keep: enough for the turns people go back to. */
const TRAIL_PER_SESSION = 32;

/**
 * One process from its start to its end. Compared by identity: a restarted instance is another
 * owner, and nothing of the old one can be mistaken for it.
 */
export interface SessionOwner {
  readonly instanceId: string;
  readonly incarnation: number;
}

/** Why a session left the cache. */
export type DropCause = 'evicted' | 'expired' | 'failed' | 'lost' | 'cleared' | 'disabled';

export interface CachedSession {
  readonly sessionId: string;
  readonly owner: SessionOwner;
  /** Messages the session holds, its last answer included. */
  readonly messageCount: number;
  readonly turns: number;
  /** Digests of the clients' reminders it has been told, since the head does not cover them. */
  readonly reminders: ReadonlySet<string>;
}

export interface SessionCacheOptions {
  /** Sessions kept at most; 0 switches reuse off. */
  readonly max: number;
  /** Milliseconds a session stays reusable after its last turn; 0 or less = for ever. */
  readonly ttlMs: number;
  readonly clock: Clock;
  /** Called once for each session that leaves the cache, after it has left. */
  readonly onDrop?: (session: CachedSession, cause: DropCause) => void;
}

/** A request's conversation as the cache looks it up. */
export interface LookUp {
  /** `heads[i]` is the head after the first `i` messages. */
  readonly heads: readonly Head[];
  /** Prefix lengths to continue from, in order of preference. */
  readonly points: readonly number[];
  /** Digests of the reminders in the request. */
  readonly reminders: ReadonlySet<string>;
  /** The client's own id of the conversation, within the scope. */
  readonly hint?: string | undefined;
}

/** What a finished turn leaves behind. */
export interface Commit {
  /** The session's id as the process reported it; an empty one is ignored. */
  readonly sessionId: string;
  readonly owner: SessionOwner;
  /** Head of everything the session now holds. */
  readonly head: Head;
  readonly messageCount: number;
  readonly reminders: ReadonlySet<string>;
  /** The client's own id of the conversation, within the scope. */
  readonly hint?: string | undefined;
}

/**
 * A turn's exclusive hold. The first of `commit`, `release` and `drop` ends it; later calls do
 * nothing.
 */
export interface Lease {
  readonly reason: ReuseReason;
  /** The session to continue, or undefined when the turn has to start one. */
  readonly session: CachedSession | undefined;
  /** Messages of the request the session already holds; 0 for a new one. */
  readonly matched: number;
  /** The turn was answered: the session, old or new, is found at its new head from now on. */
  commit(result: Commit): void;
  /** Nothing was sent: the session goes back as it was. */
  release(): void;
  /** Something was sent and not answered: what the session holds now is unknown. */
  drop(): void;
}

export interface SessionCacheStats {
  readonly size: number;
  readonly leased: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly expiries: number;
  readonly invalidations: number;
}

interface Entry extends CachedSession {
  readonly key: string;
  readonly head: Head;
  readonly hint?: string | undefined;
  /** When the session reached this head; its TTL counts from here, a look-up does not extend it. */
  readonly storedAtMs: number;
}

export class SessionCache {
  readonly #options: SessionCacheOptions;
  /** Idle sessions by owner and id, in order of storing: the oldest is evicted and expires first. */
  readonly #idle = new Map<string, Entry>();
  readonly #leased = new Map<string, Entry>();
  /** Idle sessions by head. Conversations with equal heads are interchangeable, hence a set. */
  readonly #byHead = new Map<Head, Set<Entry>>();
  readonly #deadOwners = new WeakSet<SessionOwner>();
  /** Heads at which no idle session stands any more, and why. */
  readonly #trail: BoundedMap<Head, HeadFate>;
  /** Message counts of conversations by their clients' own ids. */
  readonly #hinted: BoundedMap<string, number>;
  #hits = 0;
  #misses = 0;
  #evictions = 0;
  #expiries = 0;
  #invalidations = 0;

  constructor(options: SessionCacheOptions) {
    this.#options = options;
    this.#trail = new BoundedMap(options.max * TRAIL_PER_SESSION);
    this.#hinted = new BoundedMap(options.max);
  }

  get enabled(): boolean {
    return this.#options.max > 0;
  }

  /**
   * Leases the session that holds the longest of the given prefixes, or a place for a new one, and
   * says why. Counts one hit or one miss.
   */
  lease(lookUp: LookUp): Lease {
    if (!this.enabled) return this.fresh('new');
    this.sweep();
    const { heads, points } = lookUp;
    for (const point of points) {
      const entry = this.#take(heads[point], lookUp);
      if (!entry) continue;
      this.#hits++;
      this.#noteHint(lookUp);
      return this.#continuedLease(entry, point);
    }
    this.#misses++;
    const reason = this.#explainMiss(lookUp);
    this.#noteHint(lookUp);
    return this.fresh(reason);
  }

  /** A place for a new session, without a look-up and without counting one. */
  fresh(reason: ReuseReason): Lease {
    let open = true;
    const end = (): boolean => {
      const was = open;
      open = false;
      return was;
    };
    return {
      reason,
      session: undefined,
      matched: 0,
      commit: (result) => {
        if (end()) this.#store(result, 1);
      },
      release: end,
      drop: end,
    };
  }

  /** Drops every session of a process that has ended; its late results will be ignored too. */
  dropOwner(owner: SessionOwner): number {
    this.#deadOwners.add(owner);
    const lost = [...this.#idle.values(), ...this.#leased.values()].filter(
      (entry) => entry.owner === owner,
    );
    for (const entry of lost) {
      this.#invalidations++;
      this.#remove(entry, 'lost');
    }
    return lost.length;
  }

  /** Forgets every idle session; those in the middle of a turn stay. Returns how many went. */
  clear(): number {
    const entries = [...this.#idle.values()];
    for (const entry of entries) {
      this.#invalidations++;
      this.#remove(entry, 'cleared');
    }
    return entries.length;
  }

  /** Drops the sessions whose time is over. */
  sweep(): void {
    // In order of storing, so the first fresh one ends the search.
    for (const entry of this.#idle.values()) {
      if (!this.#isExpired(entry)) return;
      this.#expire(entry);
    }
  }

  /** Sessions pinned to an instance, idle and leased, over all its incarnations. */
  pinnedTo(instanceId: string): number {
    let count = 0;
    for (const entry of this.#idle.values()) if (entry.owner.instanceId === instanceId) count++;
    for (const entry of this.#leased.values()) if (entry.owner.instanceId === instanceId) count++;
    return count;
  }

  stats(): SessionCacheStats {
    return {
      size: this.#idle.size + this.#leased.size,
      leased: this.#leased.size,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      expiries: this.#expiries,
      invalidations: this.#invalidations,
    };
  }

  #explainMiss({ heads, points, hint }: LookUp): ReuseReason {
    const known = points.find((point) => this.#fateOf(heads[point]) !== undefined);
    return reasonFor({
      fate: known === undefined ? undefined : this.#fateOf(heads[known]),
      newest: known === points[0],
      messageCount: heads.length - 1,
      hintedMessageCount: hint === undefined ? undefined : this.#hinted.get(hint),
    });
  }

  #fateOf(head: Head | undefined): HeadFate | undefined {
    return head === undefined ? undefined : this.#trail.get(head);
  }

  #noteHint({ heads, hint }: LookUp): void {
    if (hint !== undefined) this.#hinted.set(hint, heads.length - 1);
  }

  #continuedLease(entry: Entry, matched: number): Lease {
    // The owner may end while the turn runs; then the entry is gone and the lease is void.
    const end = (): boolean =>
      this.#leased.get(entry.key) === entry && this.#leased.delete(entry.key);
    return {
      reason: 'continued',
      session: entry,
      matched,
      commit: (result) => {
        if (!end()) return;
        this.#trail.set(entry.head, 'moved');
        this.#store(result, entry.turns + 1);
      },
      release: () => {
        if (end()) this.#putBack(entry);
      },
      drop: () => {
        if (!end()) return;
        this.#invalidations++;
        this.#trail.set(entry.head, 'lost');
        this.#options.onDrop?.(entry, 'failed');
      },
    };
  }

  #take(head: Head | undefined, lookUp: LookUp): Entry | undefined {
    const candidates = head === undefined ? undefined : this.#byHead.get(head);
    if (!candidates) return undefined;
    // Of several, the one used last is the most likely to be warm.
    const entry = [...candidates].filter((one) => knowsOnly(one, lookUp)).at(-1);
    if (!entry) return undefined;
    this.#unlink(entry);
    this.#leased.set(entry.key, entry);
    this.#trail.set(entry.head, 'leased');
    return entry;
  }

  #store(result: Commit, turns: number): void {
    const { sessionId, owner } = result;
    if (!sessionId || this.#deadOwners.has(owner)) return;
    const key = `${owner.instanceId}#${owner.incarnation}/${sessionId}`;
    const storedAtMs = this.#options.clock.monotonicMs();
    const entry: Entry = { ...result, key, turns, storedAtMs };
    if (!this.enabled) {
      this.#options.onDrop?.(entry, 'disabled');
      return;
    }
    // A process that hands one id to two conversations has mixed them: trust only the newer head.
    const twin = this.#idle.get(key) ?? this.#leased.get(key);
    if (twin) this.#forget(twin);
    this.#link(entry);
    this.#evictOverflow();
  }

  #isExpired(entry: Entry): boolean {
    const { ttlMs, clock } = this.#options;
    return ttlMs > 0 && clock.monotonicMs() - entry.storedAtMs > ttlMs;
  }

  #expire(entry: Entry): void {
    this.#expiries++;
    this.#remove(entry, 'expired');
  }

  #evictOverflow(): void {
    for (const entry of this.#idle.values()) {
      if (this.#idle.size + this.#leased.size <= this.#options.max) return;
      this.#evictions++;
      this.#remove(entry, 'evicted');
    }
  }

  #remove(entry: Entry, cause: DropCause): void {
    this.#forget(entry);
    this.#trail.set(entry.head, FATES[cause]);
    this.#options.onDrop?.(entry, cause);
  }

  #forget(entry: Entry): void {
    this.#unlink(entry);
    if (this.#leased.get(entry.key) === entry) this.#leased.delete(entry.key);
  }

  /** Makes a session idle: found at its head, and behind all others in line for eviction. */
  #link(entry: Entry): void {
    this.#idle.set(entry.key, entry);
    const peers = this.#byHead.get(entry.head);
    if (peers) peers.add(entry);
    else this.#byHead.set(entry.head, new Set([entry]));
  }

  /** Makes a session idle again that was not used: its age, and so its place, stay what they were. */
  #putBack(entry: Entry): void {
    this.#link(entry);
    const ordered = [...this.#idle].sort(([, one], [, two]) => one.storedAtMs - two.storedAtMs);
    this.#idle.clear();
    for (const [key, value] of ordered) this.#idle.set(key, value);
  }

  /** Takes an idle session out of the look-up structures. */
  #unlink(entry: Entry): void {
    if (this.#idle.get(entry.key) !== entry) return;
    this.#idle.delete(entry.key);
    const peers = this.#byHead.get(entry.head);
    peers?.delete(entry);
    if (peers?.size === 0) this.#byHead.delete(entry.head);
  }
}

/**
 * Whether a session has been told nothing that the request does not say as well. The head does not
 * cover reminders, so chats that open alike in different projects share it; a session that was told
 * another project's notes is not this conversation. Reminders that have *changed* are only believed
 * where the client's own id says that it is the same conversation.
 */
function knowsOnly(entry: Entry, { reminders, hint }: LookUp): boolean {
  if (hint !== undefined && hint === entry.hint) return true;
  return [...entry.reminders].every((reminder) => reminders.has(reminder));
}

/** What a session's end means to a conversation that asks for it again. */
const FATES: Readonly<Record<DropCause, HeadFate>> = {
  evicted: 'expired',
  expired: 'expired',
  cleared: 'expired',
  disabled: 'expired',
  failed: 'lost',
  lost: 'lost',
};
