/**
 * The reference: a cache that keeps whole transcripts and knows every session alive. What it could
 * continue is what was possible; it obeys the same limits, and one session runs one turn at a time.
 */
import type { Reply, Turn } from './gateway';
import { tokensOf } from './tokens';

export interface Limits {
  readonly max: number;
  /** 0 = for ever. */
  readonly ttlMs: number;
}

/** Sessions this close to their end may or may not be there still: nobody is to be blamed. */
const TTL_MARGIN_MS = 250;

interface KnownSession {
  /** Scope and all messages it holds. */
  readonly transcript: string;
  readonly instance: string;
  readonly endedAtMs: number;
}

/** The reference's view of one running turn. */
export interface IdealLease {
  readonly session: KnownSession | undefined;
  /** Tells whether a process ended while the turn ran. */
  readonly beganAt: number;
  /** Whether a session could be continued, and lived until the turn was over. */
  possible: boolean;
}

export class IdealCache {
  readonly #limits: Limits;
  /** Idle sessions, the one used longest ago first. */
  #idle: KnownSession[] = [];
  readonly #running = new Set<IdealLease>();
  /** Turns begun and processes lost so far. */
  #sequence = 0;
  readonly #lostAt = new Map<string, number>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** A turn begins: it takes the session that holds the most of its conversation. */
  begin(turn: Turn): IdealLease {
    this.#forgetOld();
    const transcripts = transcriptsOf(turn);
    let session: KnownSession | undefined;
    for (let length = turn.messages.length - 1; length > 0 && !session; length--) {
      if (turn.messages[length - 1]?.role !== 'assistant') continue;
      session = this.#idle.findLast(({ transcript }) => transcript === transcripts[length]);
    }
    this.#idle = this.#idle.filter((known) => known !== session);
    const lease = { session, beganAt: ++this.#sequence, possible: session !== undefined };
    this.#running.add(lease);
    return lease;
  }

  /** The turn was answered: its session holds everything now. */
  end(lease: IdealLease, turn: Turn, { message, instance }: Reply): void {
    this.#running.delete(lease);
    // Whether the session went down with its process cannot be told from outside.
    if ((this.#lostAt.get(instance) ?? 0) > lease.beganAt) return;
    const transcript = transcriptsOf({ ...turn, messages: [...turn.messages, message] }).at(-1);
    this.#idle.push({ transcript: transcript ?? '', instance, endedAtMs: performance.now() });
    const excess = this.#idle.length + this.#held() - this.#limits.max;
    this.#idle.splice(0, Math.max(0, excess));
  }

  /** The turn failed, and nobody knows what its session holds. */
  fail(lease: IdealLease): void {
    this.#running.delete(lease);
  }

  /** A process ended with all its sessions. */
  lose(instance: string): void {
    this.#lostAt.set(instance, ++this.#sequence);
    this.#idle = this.#idle.filter((session) => session.instance !== instance);
    for (const lease of this.#running) {
      if (lease.session?.instance === instance) lease.possible = false;
    }
  }

  #held(): number {
    return [...this.#running].filter(({ session }) => session).length;
  }

  #forgetOld(): void {
    if (this.#limits.ttlMs <= 0) return;
    const oldest = performance.now() - this.#limits.ttlMs + TTL_MARGIN_MS;
    this.#idle = this.#idle.filter(({ endedAtMs }) => endedAtMs >= oldest);
  }
}

/** `result[i]` stands for the first `i` messages, within what else makes a conversation. */
function transcriptsOf({ caller, messages, model, tools }: Turn): string[] {
  let transcript = JSON.stringify([caller, model, tools]);
  const transcripts = [transcript];
  for (const message of messages) {
    transcript += `\n${message.role}: ${tokensOf([message]).join(' ')}`;
    transcripts.push(transcript);
  }
  return transcripts;
}
