/**
 * What each client has used since the gateway began. The names are those of the key ring, so there
 * are no more of them than it holds, and what is not on it is counted nowhere.
 */
import type { Clock } from '../base/clock';
import type { RequestActivity } from './activity';

/** One client's own figures. */
export interface ClientUsage {
  /** The client's name; `owner` for the gateway's own key. */
  readonly name: string;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Turns that continued a session, and those that began one. */
  readonly hits: number;
  readonly misses: number;
  /** Tokens of the turns that completed: asked, the part of them that sessions held, answered. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** When its key last opened something; milliseconds since 1970, null when it has not yet. */
  readonly lastUsedAtMs: number | null;
}

/** Part of a finished turn that is counted. */
export type CountedTurn = Pick<
  RequestActivity,
  'client' | 'startedAtMs' | 'state' | 'reason' | 'inputTokens' | 'cachedTokens' | 'outputTokens'
>;

interface Tally {
  readonly sinceMs: number;
  usage: ClientUsage;
}

export class KeyStatistics {
  readonly #clock: Clock;
  readonly #tallies = new Map<string, Tally>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to count for a client, from zero. */
  add(name: string): void {
    this.#tallies.set(name, { sinceMs: this.#clock.epochMs(), usage: nothingYet(name) });
  }

  /** Forgets a client and all that was counted for it. */
  remove(name: string): void {
    this.#tallies.delete(name);
  }

  /** The client's key has opened something; gives the time of it. */
  used(name: string): number {
    const atMs = this.#clock.epochMs();
    const tally = this.#tallies.get(name);
    if (tally) tally.usage = { ...tally.usage, lastUsedAtMs: atMs };
    return atMs;
  }

  /** Counts a turn that is over. */
  count(turn: CountedTurn): void {
    const tally = this.#tallies.get(turn.client);
    // One that began earlier was asked with a key of that name which has been revoked since.
    if (!tally || turn.startedAtMs < tally.sinceMs) return;
    const { usage } = tally;
    const completed = turn.state === 'completed';
    const tokens = (counted: number | null): number => (completed ? (counted ?? 0) : 0);
    tally.usage = {
      ...usage,
      completed: usage.completed + Number(completed),
      failed: usage.failed + Number(turn.state === 'failed'),
      cancelled: usage.cancelled + Number(turn.state === 'cancelled'),
      hits: usage.hits + Number(turn.reason === 'continued'),
      misses: usage.misses + Number(turn.reason !== null && turn.reason !== 'continued'),
      inputTokens: usage.inputTokens + tokens(turn.inputTokens),
      cachedTokens: usage.cachedTokens + tokens(turn.cachedTokens),
      outputTokens: usage.outputTokens + tokens(turn.outputTokens),
    };
  }

  /** What a client has used; undefined for one that is not counted. */
  of(name: string): ClientUsage | undefined {
    return this.#tallies.get(name)?.usage;
  }

  /** All clients in the order in which they came, the owner first. */
  list(): ClientUsage[] {
    return [...this.#tallies.values()].map(({ usage }) => usage);
  }
}

/** The figures of a client that has asked nothing. */
export function nothingYet(name: string): ClientUsage {
  return {
    name,
    completed: 0,
    failed: 0,
    cancelled: 0,
    hits: 0,
    misses: 0,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    lastUsedAtMs: null,
  };
}
