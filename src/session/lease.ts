/** What passes between the session cache and the turns that use it. */
import type { ReuseReason } from '../conversation/events';
import type { Chain, Head } from './chain';

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
export interface Commit<Label = undefined> {
  /** The session's id as the process reported it; an empty one is ignored. */
  readonly sessionId: string;
  readonly owner: SessionOwner;
  /** Head of everything the session now holds. */
  readonly head: Head;
  readonly messageCount: number;
  readonly reminders: readonly string[];
  /** The client's own id of this one conversation, within the scope. */
  readonly conversation?: string | undefined;
  /** What whoever lists the sessions is told of this one; the cache decides nothing by it. */
  readonly label: Label;
}

/**
 * A turn's exclusive hold. The first of `commit`, `release` and `drop` ends it; later calls do
 * nothing.
 */
export interface Lease<Label = unknown> {
  readonly reason: ReuseReason;
  /** The session to continue, or undefined when the turn has to start one. */
  readonly session: CachedSession | undefined;
  /** Messages of the request the session already holds; 0 for a new one. */
  readonly matched: number;
  /** The turn was answered: the session, old or new, is found at its new head from now on. */
  commit(result: Commit<Label>): void;
  /** Nothing was sent: the session goes back as it was. */
  release(): void;
  /** Something was sent and not answered: what the session holds now is unknown. */
  drop(): void;
}

/** What became of a session that was to be given up; one in the middle of a turn stays. */
export type SessionEviction = 'evicted' | 'leased' | 'unknown';

/** A session as `SessionCache.list` shows it. */
export interface ListedSession<Label = undefined> {
  /** Made at random by the cache, and the same as long as the session lives. */
  readonly id: string;
  readonly instanceId: string;
  readonly turns: number;
  readonly messageCount: number;
  /** Of its last finished turn. */
  readonly label: Label;
  /** Whether a turn runs on it. */
  readonly leased: boolean;
  /** Milliseconds since its first turn was answered. */
  readonly ageMs: number;
  /** Milliseconds until it expires; undefined when it does not, or a turn runs on it. */
  readonly ttlLeftMs: number | undefined;
}
