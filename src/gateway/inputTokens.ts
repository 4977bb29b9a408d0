/** What a turn asks, in tokens, counted without going through the whole conversation every time. */
import { BoundedMap } from '../base/boundedMap';
import type { InputUsage } from '../conversation/events';
import type { Message } from '../conversation/messages';
import type { TokenCounter } from '../conversation/tokens';
import type { Lease } from '../session/lease';
import type { Chain, Head } from '../session/chain';

/** Conversations whose counts are remembered: an entry takes about a hundred bytes. */
const REMEMBERED = 4_096;

/** The part of a turn's plan that is counted. */
export interface CountedTurn {
  readonly messages: readonly Message[];
  readonly chain: Pick<Chain, 'points' | 'headAt'>;
  readonly toolTokens: () => number;
}

export class InputTokens {
  readonly #counter: Pick<TokenCounter, 'messages'>;
  /** By the head after an answer: what the request came to that was answered, tools included. */
  readonly #asked = new BoundedMap<Head, number>(REMEMBERED);

  constructor(counter: Pick<TokenCounter, 'messages'>) {
    this.#counter = counter;
  }

  /**
   * Counts what is new, when the turn before is known by the head of its answer. That the client has
   * since moved reminders about, which no head covers, is not looked at again.
   */
  of(turn: CountedTurn, lease: Pick<Lease, 'session' | 'matched'>): InputUsage {
    const { messages, chain, toolTokens } = turn;
    const point = lease.session ? lease.matched : (chain.points[0] ?? 0);
    const asked = point > 0 ? this.#asked.get(chain.headAt(point)) : undefined;
    const held =
      asked === undefined
        ? toolTokens() + this.#counter.messages(messages.slice(0, point))
        : // The last of these messages is the answer.
          asked + this.#counter.messages(messages.slice(point - 1, point));
    return {
      inputTokens: held + this.#counter.messages(messages.slice(point)),
      cachedTokens: lease.session ? held : 0,
    };
  }

  /** A request of so many tokens has been answered, and this is the head after the answer. */
  answered(head: Head, { inputTokens }: InputUsage): void {
    this.#asked.set(head, inputTokens);
  }
}
