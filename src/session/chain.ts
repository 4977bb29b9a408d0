/**
 * The heads of a conversation: one digest for each prefix, covering everything in it. Equal heads
 * mean equal conversations under the canonical form, so the cache compares transcripts without
 * keeping any text.
 */
import { hash } from 'node:crypto';
import type { Message } from '../conversation/messages';
import { type Head, TranscriptHash } from './transcriptHash';

export type { Head } from './transcriptHash';

/** What is known of a prefix of the conversation. */
interface Prefix {
  readonly head: Head;
  readonly bytes: number;
}

/**
 * The chain of one request. The head that is looked up first, and the one the answer will have,
 * come out of a single pass over the messages; the others are computed when somebody asks for one.
 */
export class Chain {
  /** Where the conversation may be continued; see `continuationPoints`. */
  readonly points: readonly number[];
  readonly #scope: string;
  readonly #messages: readonly Message[];
  readonly #newest: Prefix | undefined;
  /** Everything in the request. */
  readonly #whole: TranscriptHash;
  #older: ReadonlyMap<number, Prefix> | undefined;

  /** @param scope Whatever else has to be equal: API key, model, tools, … */
  constructor(scope: string, messages: readonly Message[]) {
    this.#scope = scope;
    this.#messages = messages;
    this.points = continuationPoints(messages);
    const newest = this.points[0] ?? 0;
    this.#whole = TranscriptHash.start(scope);
    this.#whole.add(messages, 0, newest);
    this.#newest = newest > 0 ? prefixOf(this.#whole) : undefined;
    this.#whole.add(messages, newest);
  }

  /** Messages of the request. */
  get messageCount(): number {
    return this.#messages.length;
  }

  /** The head of the prefix of so many messages, which has to be one of the `points`. */
  headAt(point: number): Head {
    return this.#prefixAt(point).head;
  }

  /** Bytes of all texts in the request: one a character, or two in texts beyond Latin-1. */
  get bytes(): number {
    return this.#whole.bytes;
  }

  /** Bytes of the prefix of so many messages: 0 for none, else it has to be one of the `points`. */
  bytesAt(point: number): number {
    return point === 0 ? 0 : this.#prefixAt(point).bytes;
  }

  /** The head of the whole request and the answer to it: where its session will be found. */
  headAfter(answer: Message): Head {
    return this.#whole.headWith([answer]);
  }

  #prefixAt(point: number): Prefix {
    const prefix = point === this.points[0] ? this.#newest : this.#prefixesBelow().get(point);
    if (prefix === undefined) throw new RangeError(`${point} is no continuation point`);
    return prefix;
  }

  /** Those of all points but the newest: few turns ask for one, so they get a pass of their own. */
  #prefixesBelow(): ReadonlyMap<number, Prefix> {
    if (this.#older) return this.#older;
    const prefixes = new Map<number, Prefix>();
    const hash = TranscriptHash.start(this.#scope);
    let hashed = 0;
    for (const point of this.points.slice(1).reverse()) {
      hash.add(this.#messages, hashed, point);
      prefixes.set(point, prefixOf(hash));
      hashed = point;
    }
    this.#older = prefixes;
    return prefixes;
  }
}

function prefixOf(hash: TranscriptHash): Prefix {
  return { head: hash.head(), bytes: hash.bytes };
}

/**
 * Where a conversation may be continued: lengths of the prefixes that end with an answer and leave
 * something to send, longest first (session-reuse §3.7).
 */
export function continuationPoints(messages: readonly Message[]): number[] {
  const points: number[] = [];
  for (let length = messages.length - 1; length > 0; length--) {
    if (messages[length - 1]?.role === 'assistant') points.push(length);
  }
  return points;
}

/** A digest of any text; equal digests mean equal texts. */
export function digest(text: string): string {
  return hash('sha256', text, 'base64url');
}
