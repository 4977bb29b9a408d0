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
import { IdleSessions, type Waiting } from './idleSessions';
import type {
  CachedSession,
  Commit,
  DropCause,
  Lease,
  ListedSession,
  LookUp,
  SessionEviction,
  SessionOwner,
} from './lease';
import { type HeadFate, reasonFor } from './reason';
import { createSessionId } from './sessionId';
import { knowsOnly } from './told';

/** Heads remembered for each session the cache may keep: enough for the turns people go back to. */
const TRAIL_PER_SESSION = 16;
/** Most sessions have been told none; they share this list. */
const NO_REMINDERS: readonly string[] = [];

/** What a cache keeps. */
export interface CacheLimits {
  /** Sessions kept at most; 0 switches reuse off. */
  readonly max: number;
  /** Sessions kept on one instance at most; 0 = as many as `max` allows. */
  readonly maxPerInstance: number;
  /** Milliseconds a session stays reusable after its last turn; 0 or less = for ever. */
  readonly ttlMs: number;
}

export interface SessionCacheOptions extends CacheLimits {
  readonly clock: Clock;
  /** Called once for each session that leaves the cache, after it has left. */
  readonly onDrop?: (session: CachedSession, cause: DropCause) => void;
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
interface Entry<Label> extends CachedSession, Waiting {
  readonly conversation: string | undefined;
  readonly label: Label;
  readonly id: string;
  /** When its first turn was answered. */
  readonly createdAtMs: number;
}

/** @typeParam Label What is kept with each session for those who list them. */
export class SessionCache<Label = undefined> {
  readonly #options: SessionCacheOptions;
  #limits: CacheLimits;
  readonly #idle = new IdleSessions<Entry<Label>>();
  readonly #leased = new Map<string, Entry<Label>>();
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
    this.#limits = options;
    this.#trail = new BoundedMap(options.max * TRAIL_PER_SESSION);
    this.#hinted = new BoundedMap(options.max);
  }

  /**
   * Other limits from now on. Sessions beyond them are dropped, those used longest ago first; one
   * that is in a turn stays until the turn has ended.
   */
  setLimits(limits: CacheLimits): void {
    this.#limits = limits;
    this.#trail.setMax(limits.max * TRAIL_PER_SESSION);
    this.#hinted.setMax(limits.max);
    this.sweep();
    for (const instanceId of this.#pinned.keys()) this.#evictOverflow(instanceId);
  }

  get enabled(): boolean {
    return this.#limits.max > 0;
  }

  /**
   * Leases the session that holds the longest of the given prefixes, or a place for a new one, and
   * says why. Counts one hit or one miss.
   */
  lease(lookUp: LookUp): Lease<Label> {
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
  fresh(reason: ReuseReason): Lease<Label> {
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
        if (end()) this.#store(result);
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

  /**
   * Forgets every session of those whose label matches; one in the middle of a turn is not found
   * again either. Returns how many went.
   */
  dropLabelled(matches: (label: Label) => boolean): number {
    const entries = [...this.#idle.oldestFirst(), ...this.#leased.values()].filter(({ label }) =>
      matches(label),
    );
    for (const entry of entries) {
      this.#invalidations++;
      this.#remove(entry, 'cleared');
    }
    return entries.length;
  }

  /** Forgets one idle session by the id that `list` gives; one in the middle of a turn stays. */
  evict(id: string): SessionEviction {
    for (const entry of this.#idle.newestFirst()) {
      if (entry.id !== id) continue;
      this.#invalidations++;
      this.#remove(entry, 'cleared');
      return 'evicted';
    }
    const leased = [...this.#leased.values()].some((entry) => entry.id === id);
    return leased ? 'leased' : 'unknown';
  }

  /** The sessions used last, those in the middle of a turn first; `max` at most. */
  list(max: number): ListedSession<Label>[] {
    this.sweep();
    const listed: ListedSession<Label>[] = [];
    for (const entry of [...this.#leased.values()].reverse()) {
      if (listed.length < max) listed.push(this.#describe(entry, true));
    }
    for (const entry of this.#idle.newestFirst()) {
      if (listed.length >= max) break;
      listed.push(this.#describe(entry, false));
    }
    return listed;
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

  #continuedLease(entry: Entry<Label>, matched: number): Lease<Label> {
    // The owner may end while the turn runs; then the entry is gone and the lease is void.
    const end = (): boolean => this.#unlease(entry);
    return {
      reason: 'continued',
      session: entry,
      matched,
      commit: (result) => {
        if (!end()) return;
        this.#trail.set(entry.head, 'moved');
        this.#store(result, entry);
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

  #take(head: Head, lookUp: LookUp): Entry<Label> | undefined {
    // Of several, the one used last is the most likely to be warm.
    const entry = this.#idle.findLast(head, (one) => knowsOnly(one, lookUp));
    if (!entry) return undefined;
    this.#idle.remove(entry);
    this.#leased.set(entry.key, entry);
    this.#trail.set(entry.head, 'leased');
    return entry;
  }

  #store(result: Commit<Label>, before?: Entry<Label>): void {
    const { sessionId, owner } = result;
    if (!sessionId || this.#deadOwners.has(owner)) return;
    const key = `${owner.instanceId}#${owner.incarnation}/${sessionId}`;
    const nowMs = this.#options.clock.continuousMs();
    const entry: Entry<Label> = {
      key,
      id: before?.id ?? createSessionId(),
      sessionId,
      owner,
      head: result.head,
      messageCount: result.messageCount,
      turns: (before?.turns ?? 0) + 1,
      reminders: result.reminders.length > 0 ? result.reminders : NO_REMINDERS,
      conversation: result.conversation,
      label: result.label,
      createdAtMs: before?.createdAtMs ?? nowMs,
      storedAtMs: nowMs,
    };
    if (!this.enabled) {
      this.#options.onDrop?.(entry, 'disabled');
      return;
    }
    // A process that hands one id to two conversations has mixed them: trust only the newer head.
    const twin = this.#idle.get(key) ?? this.#leased.get(key);
    if (twin) this.#forget(twin);
    this.#link(entry);
    this.#evictOverflow(owner.instanceId);
  }

  #describe(entry: Entry<Label>, leased: boolean): ListedSession<Label> {
    const { id, owner, turns, messageCount, label } = entry;
    const { ttlMs } = this.#limits;
    const nowMs = this.#options.clock.continuousMs();
    return {
      id,
      instanceId: owner.instanceId,
      turns,
      messageCount,
      label,
      leased,
      ageMs: nowMs - entry.createdAtMs,
      ttlLeftMs: leased || ttlMs <= 0 ? undefined : entry.storedAtMs + ttlMs - nowMs,
    };
  }

  #isExpired(entry: Entry<Label>): boolean {
    const { ttlMs } = this.#limits;
    const { clock } = this.#options;
    return ttlMs > 0 && clock.continuousMs() - entry.storedAtMs > ttlMs;
  }

  #expire(entry: Entry<Label>): void {
    this.#expiries++;
    this.#remove(entry, 'expired');
  }

  /** Leased sessions are never evicted, so there may be more than the limits say for a while. */
  #evictOverflow(instanceId: string): void {
    const { max, maxPerInstance } = this.#limits;
    while (maxPerInstance > 0 && this.pinnedTo(instanceId) > maxPerInstance) {
      if (!this.#evictFirst(({ owner }) => owner.instanceId === instanceId)) break;
    }
    while (this.#idle.size + this.#leased.size > max) {
      if (!this.#evictFirst(() => true)) break;
    }
  }

  /** Evicts the idle session used longest ago of those that match; false when there is none. */
  #evictFirst(matches: (entry: Entry<Label>) => boolean): boolean {
    for (const entry of this.#idle.oldestFirst()) {
      if (!matches(entry)) continue;
      this.#evictions++;
      this.#remove(entry, 'evicted');
      return true;
    }
    return false;
  }

  #remove(entry: Entry<Label>, cause: DropCause): void {
    this.#forget(entry);
    this.#trail.set(entry.head, FATES[cause]);
    this.#options.onDrop?.(entry, cause);
  }

  #forget(entry: Entry<Label>): void {
    if (this.#idle.remove(entry)) this.#pin(entry, -1);
    else this.#unlease(entry);
  }

  /** Ends a session's turn; false when it had ended before. */
  #unlease(entry: Entry<Label>): boolean {
    if (this.#leased.get(entry.key) !== entry) return false;
    this.#leased.delete(entry.key);
    this.#pin(entry, -1);
    return true;
  }

  #link(entry: Entry<Label>): void {
    this.#idle.add(entry);
    this.#pin(entry, 1);
  }

  #pin({ owner: { instanceId } }: Entry<Label>, change: 1 | -1): void {
    this.#pinned.set(instanceId, this.pinnedTo(instanceId) + change);
  }
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
