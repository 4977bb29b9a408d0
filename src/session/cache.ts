/**
 * The session cache: which upstream session holds which conversation, and on which process.
 * Rules (session-reuse §3): a session is found at its one current head and nowhere else; a turn
 * leases it exclusively; a turn that does not end well drops it; a process that ends takes its
 * sessions along.
 */
import { BoundedMap } from '../base/boundedMap';
import type { Clock } from '../base/clock';
import type { ReuseReason } from '../conversation/events';
import type { Chain, Head } from './chain';
import { IdleSessions, type Waiting } from './idleSessions';
import { type HeadFate, reasonFor } from './reason';

/** Heads remembered for each session the cache may keep: enough for the turns people go back to. */
const TRAIL_PER_SESSION = 16;
/** Most sessions have been told none; they share this list. */
const NO_REMINDERS: readonly string[] = [];

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
  /** Digests of the reminders of its last request, in order, since the head does not cover them. */
  readonly reminders: readonly string[];
}

export interface SessionCacheOptions {
  /** Sessions kept at most; 0 switches reuse off. */
  readonly max: number;
  /** Sessions kept on one instance at most; 0 = as many as `max` allows. */
  readonly maxPerInstance: number;
  /** Milliseconds a session stays reusable after its last turn; 0 or less = for ever. */
  readonly ttlMs: number;
  readonly clock: Clock;
  /** Called once for each session that leaves the cache, after it has left. */
  readonly onDrop?: (session: CachedSession, cause: DropCause) => void;
}

/** A request's conversation as the cache looks it up. */
export interface LookUp {
  readonly chain: Pick<Chain, 'points' | 'headAt' | 'messageCount'>;
  /** Digests of the reminders in the request, in order. */
  readonly reminders: readonly string[];
  /** The client's own id, within the scope; it explains, and decides nothing. */
  readonly hint?: string | undefined;
  /** The same id where the client means this one conversation by it. */
  readonly conversation?: string | undefined;
}

/** What a finished turn leaves behind. */
export interface Commit {
  /** The session's id as the process reported it; an empty one is ignored. */
  readonly sessionId: string;
  readonly owner: SessionOwner;
  /** Head of everything the session now holds. */
  readonly head: Head;
  readonly messageCount: number;
  readonly reminders: readonly string[];
  /** The client's own id of this one conversation, within the scope. */
  readonly conversation?: string | undefined;
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

/** Its TTL counts from when it reached its head; a look-up does not extend it. */
interface Entry extends CachedSession, Waiting {
  readonly conversation?: string | undefined;
}

export class SessionCache {
  readonly #options: SessionCacheOptions;
  readonly #idle = new IdleSessions<Entry>();
  readonly #leased = new Map<string, Entry>();
  /** Sessions by instance, idle and leased. */
  readonly #pinned = new Map<string, number>();
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
    const { chain } = lookUp;
    for (const point of chain.points) {
      const entry = this.#take(chain.headAt(point), lookUp);
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
    const lost = [...this.#idle.oldestFirst(), ...this.#leased.values()].filter(
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
    const entries = [...this.#idle.oldestFirst()];
    for (const entry of entries) {
      this.#invalidations++;
      this.#remove(entry, 'cleared');
    }
    return entries.length;
  }

  /** Drops the sessions whose time is over. */
  sweep(): void {
    // In order of storing, so the first fresh one ends the search.
    for (const entry of this.#idle.oldestFirst()) {
      if (!this.#isExpired(entry)) return;
      this.#expire(entry);
    }
  }

  /** Sessions pinned to an instance, idle and leased, over all its incarnations. */
  pinnedTo(instanceId: string): number {
    return this.#pinned.get(instanceId) ?? 0;
  }

  /**
   * Gives up the session of a process that was used longest ago, for one that holds as many as it
   * can. Returns whether there was an idle one.
   */
  makeRoom(owner: SessionOwner): boolean {
    return this.#evictFirst((entry) => entry.owner === owner);
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

  #explainMiss({ chain, hint }: LookUp): ReuseReason {
    const fates = chain.points.map((point) => this.#fateOf(chain.headAt(point)));
    const known = fates.findIndex((fate) => fate !== undefined);
    return reasonFor({
      fate: fates[known],
      newest: known === 0,
      messageCount: chain.messageCount,
      hintedMessageCount: hint === undefined ? undefined : this.#hinted.get(hint),
    });
  }

  #fateOf(head: Head): HeadFate | undefined {
    return this.#idle.has(head) ? 'idle' : this.#trail.get(head);
  }

  /** Side requests such as titles share the id and never hold an answer: they are no measure. */
  #noteHint({ chain, hint }: LookUp): void {
    if (hint !== undefined && chain.points.length > 0) this.#hinted.set(hint, chain.messageCount);
  }

  #continuedLease(entry: Entry, matched: number): Lease {
    // The owner may end while the turn runs; then the entry is gone and the lease is void.
    const end = (): boolean => this.#unlease(entry);
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
        if (end()) this.#link(entry);
      },
      drop: () => {
        if (!end()) return;
        this.#invalidations++;
        this.#trail.set(entry.head, 'lost');
        this.#options.onDrop?.(entry, 'failed');
      },
    };
  }

  #take(head: Head, lookUp: LookUp): Entry | undefined {
    // Of several, the one used last is the most likely to be warm.
    const entry = this.#idle.findLast(head, (one) => knowsOnly(one, lookUp));
    if (!entry) return undefined;
    this.#idle.remove(entry);
    this.#leased.set(entry.key, entry);
    this.#trail.set(entry.head, 'leased');
    return entry;
  }

  #store(result: Commit, turns: number): void {
    const { sessionId, owner } = result;
    if (!sessionId || this.#deadOwners.has(owner)) return;
    const key = `${owner.instanceId}#${owner.incarnation}/${sessionId}`;
    const entry: Entry = {
      key,
      sessionId,
      owner,
      head: result.head,
      messageCount: result.messageCount,
      turns,
      reminders: result.reminders.length > 0 ? result.reminders : NO_REMINDERS,
      conversation: result.conversation,
      storedAtMs: this.#options.clock.monotonicMs(),
    };
    if (!this.enabled) {
      this.#options.onDrop?.(entry, 'disabled');
      return;
    }
    // A process that hands one id to two conversations has mixed them: trust only the newer head.
    const twin = this.#idle.get(key) ?? this.#leased.get(key);
    if (twin) this.#forget(twin);
    this.#link(entry);
    this.#evictOverflow(owner);
  }

  #isExpired(entry: Entry): boolean {
    const { ttlMs, clock } = this.#options;
    return ttlMs > 0 && clock.monotonicMs() - entry.storedAtMs > ttlMs;
  }

  #expire(entry: Entry): void {
    this.#expiries++;
    this.#remove(entry, 'expired');
  }

  /** Leased sessions are never evicted, so there may be more than the limits say for a while. */
  #evictOverflow({ instanceId }: SessionOwner): void {
    const { max, maxPerInstance } = this.#options;
    while (maxPerInstance > 0 && this.pinnedTo(instanceId) > maxPerInstance) {
      if (!this.#evictFirst(({ owner }) => owner.instanceId === instanceId)) break;
    }
    while (this.#idle.size + this.#leased.size > max) {
      if (!this.#evictFirst(() => true)) break;
    }
  }

  /** Evicts the idle session used longest ago of those that match; false when there is none. */
  #evictFirst(matches: (entry: Entry) => boolean): boolean {
    for (const entry of this.#idle.oldestFirst()) {
      if (!matches(entry)) continue;
      this.#evictions++;
      this.#remove(entry, 'evicted');
      return true;
    }
    return false;
  }

  #remove(entry: Entry, cause: DropCause): void {
    this.#forget(entry);
    this.#trail.set(entry.head, FATES[cause]);
    this.#options.onDrop?.(entry, cause);
  }

  #forget(entry: Entry): void {
    if (this.#idle.remove(entry)) this.#pin(entry, -1);
    else this.#unlease(entry);
  }

  /** Ends a session's turn; false when it had ended before. */
  #unlease(entry: Entry): boolean {
    if (this.#leased.get(entry.key) !== entry) return false;
    this.#leased.delete(entry.key);
    this.#pin(entry, -1);
    return true;
  }

  #link(entry: Entry): void {
    this.#idle.add(entry);
    this.#pin(entry, 1);
  }

  #pin({ owner: { instanceId } }: Entry, change: 1 | -1): void {
    this.#pinned.set(instanceId, this.pinnedTo(instanceId) + change);
  }
}

/**
 * Whether a session has been told nothing that the request does not say as well. The head does not
 * cover reminders, so chats that open alike in different projects share it; a session that was told
 * another project's notes is not this conversation. Reminders that have *changed* are only believed
 * where the client's own id says that it is the same conversation.
 */
function knowsOnly(entry: Entry, { reminders, conversation }: LookUp): boolean {
  if (conversation !== undefined && conversation === entry.conversation) return true;
  return leftOver(entry.reminders, reminders) !== undefined;
}

/**
 * Positions in `said` that are left when `told` is taken out of it, in order; undefined when `told`
 * holds something, or holds it in an order, that `said` does not.
 */
export function leftOver(told: readonly string[], said: readonly string[]): number[] | undefined {
  const left: number[] = [];
  let matched = 0;
  for (const [at, one] of said.entries()) {
    if (one === told[matched]) matched++;
    else left.push(at);
  }
  return matched === told.length ? left : undefined;
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
