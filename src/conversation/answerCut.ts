/**
 * Ends an answer where its client asked for that: before a stop sequence, or when its tokens are
 * used up. Lingma takes no such parameters, so the gateway does it, and stops the process then.
 */
import type { FinishReason, ToolCallEvent, TurnEvent } from './events';
import type { AnswerLimits } from './messages';
import { StopMatcher } from './stopSequences';
import type { TokenMeter } from './tokenMeter';

/** Why an answer ended early. */
export interface Cut {
  readonly reason: Extract<FinishReason, 'stopSequence' | 'length'>;
  readonly stopSequence?: string | undefined;
}

/** What an answer consists of. */
export type AnswerPiece = Extract<TurnEvent, { type: 'text' | 'reasoning' }> | ToolCallEvent;

/**
 * Passes an answer on up to where it is to end. What may be the beginning of a stop sequence is
 * held back until that is decided, however the text is split. Only text is searched: a call is
 * given out whole or, when its tokens do not fit, not at all.
 */
export class AnswerCut {
  readonly #stops: StopMatcher;
  readonly #meter: TokenMeter;
  #held = '';
  /** What the meter may hold something of. */
  #metered: 'text' | 'reasoning' = 'text';
  #cut: Cut | undefined;

  /** @param meter A meter with the limit on the answer's tokens. */
  constructor(stop: AnswerLimits['stop'], meter: TokenMeter) {
    this.#stops = new StopMatcher(stop);
    this.#meter = meter;
  }

  /** Set once the answer has reached a limit; what comes after that is no part of it. */
  get cut(): Cut | undefined {
    return this.#cut;
  }

  push(piece: AnswerPiece): AnswerPiece[] {
    if (this.#cut) return [];
    switch (piece.type) {
      case 'text':
        return this.#text(piece.delta);
      case 'reasoning':
        return this.#say('reasoning', piece.delta);
      case 'toolCall':
        return [...this.end(), ...this.#call(piece)];
    }
  }

  /** What was held back: no stop sequence came of it. */
  end(): AnswerPiece[] {
    if (this.#cut) return [];
    const held = this.#held;
    this.#held = '';
    this.#stops.reset();
    return [...this.#say('text', held), ...this.#flush()];
  }

  #text(delta: string): AnswerPiece[] {
    const text = this.#held + delta;
    for (let index = 0; index < delta.length; index++) {
      const found = this.#stops.next(delta.charCodeAt(index));
      if (!found) continue;
      const end = this.#held.length + index + 1;
      const shown = [...this.#say('text', text.slice(0, end - found.length)), ...this.#flush()];
      this.#cut ??= { reason: 'stopSequence', stopSequence: found };
      return shown;
    }
    const holds = Math.max(endsInsideCharacter(text) ? 1 : 0, this.#stops.matched);
    this.#held = text.slice(text.length - holds);
    return this.#say('text', text.slice(0, text.length - holds));
  }

  #say(type: 'text' | 'reasoning', delta: string): AnswerPiece[] {
    const before = type === this.#metered || !delta ? [] : this.#flush();
    if (delta) this.#metered = type;
    return [...before, ...this.#shown(this.#meter.push(delta))];
  }

  /** What the meter holds: nothing follows that could change how it is counted. */
  #flush(): AnswerPiece[] {
    return this.#shown(this.#meter.end());
  }

  #shown(delta: string): AnswerPiece[] {
    if (this.#meter.full) this.#cut ??= { reason: 'length' };
    return delta ? [{ type: this.#metered, delta }] : [];
  }

  #call(call: ToolCallEvent): AnswerPiece[] {
    if (this.#cut) return [];
    if (this.#meter.whole(call.name + call.argumentsJson)) return [call];
    this.#cut = { reason: 'length' };
    return [];
  }
}

/** Whether the text ends with the first half of a character that takes two UTF-16 units. */
function endsInsideCharacter(text: string): boolean {
  return /[\uD800-\uDBFF]$/.test(text.slice(-1));
}
