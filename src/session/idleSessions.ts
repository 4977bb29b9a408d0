/**
 * The sessions that wait for their next turn: found by their heads, and kept in the order in which
 * they reached them. Adding, finding, removing and asking for the oldest take the same time however
 * many there are, which iterating a Map that has seen many deletions would not.
 */
import type { Head } from './transcriptHash';

/** What has to be known of a session to keep it here. */
export interface Waiting {
  /** Unique among all sessions. */
  readonly key: string;
  readonly head: Head;
  /** When it reached its head. */
  readonly storedAtMs: number;
}

interface Link<S> {
  readonly session: S;
  older: Link<S> | undefined;
  newer: Link<S> | undefined;
}

export class IdleSessions<S extends Waiting> {
  readonly #links = new Map<string, Link<S>>();
  /** Conversations with equal heads are interchangeable, hence several sessions to one head. */
  readonly #byHead = new Map<Head, readonly S[]>();
  #oldest: Link<S> | undefined;
  #newest: Link<S> | undefined;

  get size(): number {
    return this.#links.size;
  }

  get(key: string): S | undefined {
    return this.#links.get(key)?.session;
  }

  /** Whether any session stands at this head. */
  has(head: Head): boolean {
    return this.#byHead.has(head);
  }

  /** The session at this head that was added last, of those that match. */
  findLast(head: Head, matches: (session: S) => boolean): S | undefined {
    return this.#byHead.get(head)?.findLast(matches);
  }

  /** All sessions, the oldest first; the one just given may be removed. */
  *oldestFirst(): Generator<S, void> {
    let link = this.#oldest;
    while (link) {
      const { session, newer } = link;
      yield session;
      link = newer;
    }
  }

  /** All sessions, the newest first; the one just given may be removed. */
  *newestFirst(): Generator<S, void> {
    let link = this.#newest;
    while (link) {
      const { session, older } = link;
      yield session;
      link = older;
    }
  }

  /** Adds a session where its age belongs: at the end, unless it has been here before. */
  add(session: S): void {
    let older = this.#newest;
    while (older && older.session.storedAtMs > session.storedAtMs) older = older.older;
    const newer = older ? older.newer : this.#oldest;
    const link: Link<S> = { session, older, newer };
    if (older) older.newer = link;
    else this.#oldest = link;
    if (newer) newer.older = link;
    else this.#newest = link;
    this.#links.set(session.key, link);
    this.#byHead.set(session.head, [...(this.#byHead.get(session.head) ?? []), session]);
  }

  /** Removes a session; false when it was not here. */
  remove(session: S): boolean {
    const link = this.#links.get(session.key);
    if (link?.session !== session) return false;
    const { older, newer } = link;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    this.#links.delete(session.key);
    const peers = (this.#byHead.get(session.head) ?? []).filter((peer) => peer !== session);
    if (peers.length > 0) this.#byHead.set(session.head, peers);
    else this.#byHead.delete(session.head);
    return true;
  }
}
