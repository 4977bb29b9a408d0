/**
 * Ends an answer where its client asked for that: before a stop sequence, or when its tokens are
 * used up. Lingma takes no such parameters, so the gateway does it, and stops the process then.
 */
import type { FinishReason, ToolCallEvent, TurnEvent } from './events';
import type { AnswerLimits } from './messages';
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
  readonly #stops: readonly StopMatcher[];
  readonly #meter: TokenMeter;
  #held = '';
  /** What the meter may hold something of. */
  #metered: 'text' | 'reasoning' = 'text';
  #cut: Cut | undefined;

  /** @param meter A meter with the limit on the answer's tokens. */
  constructor(stop: AnswerLimits['stop'], meter: TokenMeter) {
    this.#stops = stop.map((sequence) => new StopMatcher(sequence));
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
    for (const stop of this.#stops) stop.reset();
    return [...this.#say('text', held), ...this.#flush()];
  }

  #text(delta: string): AnswerPiece[] {
    const text = this.#held + delta;
    for (let index = 0; index < delta.length; index++) {
      const found = this.#find(delta.charCodeAt(index));
      if (!found) continue;
      const end = this.#held.length + index + 1;
      const shown = [...this.#say('text', text.slice(0, end - found.length)), ...this.#flush()];
      this.#cut ??= { reason: 'stopSequence', stopSequence: found };
      return shown;
    }
    const begun = this.#stops.map(({ matched }) => matched);
    const holds = Math.max(endsInsideCharacter(text) ? 1 : 0, ...begun);
    this.#held = text.slice(text.length - holds);
    return this.#say('text', text.slice(0, text.length - holds));
  }

  /** The longest sequence that this character completes. */
  #find(character: number): string | undefined {
    let found: string | undefined;
    for (const stop of this.#stops) {
      if (!stop.next(character)) continue;
      if (found === undefined || stop.sequence.length > found.length) found = stop.sequence;
    }
    return found;
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

/** Looks for one sequence, character by character, in time linear in the text (Knuth–Morris–Pratt). */
class StopMatcher {
  readonly sequence: string;
  /** For each number of matched characters: how many still match when the next one does not. */
  readonly #fallback: readonly number[];
  #matched = 0;

  constructor(sequence: string) {
    this.sequence = sequence;
    const fallback = [0, 0];
    for (let length = 1, matched = 0; length < sequence.length; length++) {
      while (matched > 0 && sequence[length] !== sequence[matched]) {
        matched = fallback[matched] ?? 0;
      }
      if (sequence[length] === sequence[matched]) matched++;
      fallback.push(matched);
    }
    this.#fallback = fallback;
  }

  /** How many characters at the end of the text so far are a beginning of the sequence. */
  get matched(): number {
    return this.#matched;
  }

  reset(): void {
    this.#matched = 0;
  }

  /** Takes the next character (UTF-16 unit); true when it completes the sequence. */
  next(character: number): boolean {
    while (this.#matched > 0 && this.sequence.charCodeAt(this.#matched) !== character) {
      this.#matched = this.#fallback[this.#matched] ?? 0;
    }
    if (this.sequence.charCodeAt(this.#matched) === character) this.#matched++;
    return this.#matched === this.sequence.length;
  }
}
