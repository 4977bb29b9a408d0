/** The part of a tool card behind its header (protocol §4a.2). */

const FENCE = '```';

/** What has come of a card: it goes on, it ended before `rest`, or it did not and `body` is text. */
export type CardProgress =
  | { readonly is: 'open'; readonly held: string }
  | { readonly is: 'closed'; readonly rest: string }
  | { readonly is: 'unclosed'; readonly body: string; readonly rest: string };

/**
 * Looks for the backticks that end a card. Nearly every card is empty; then any three backticks that
 * begin a line end it. In one that holds something they have to stand alone, since a fence with an
 * info string begins a code block: such a card was never closed, and what it seemed to hold is text.
 */
export class ToolCard {
  readonly #parts: string[] = [];
  #isBlank = true;
  #isAtLineStart = true;

  /** @param ended Whether nothing will follow the input. */
  read(input: string, ended: boolean): CardProgress {
    let left = input;
    while (left) {
      if (this.#isAtLineStart && left.startsWith('`')) {
        if (left.length <= FENCE.length && !ended && FENCE.startsWith(left)) {
          return { is: 'open', held: left };
        }
        if (left.startsWith(FENCE)) {
          const rest = left.slice(FENCE.length);
          return this.#isClosedBefore(rest) ? { is: 'closed', rest } : this.#unclosed(left);
        }
      }
      left = this.#takeLine(left);
    }
    if (!ended) return { is: 'open', held: '' };
    return this.#isBlank ? { is: 'closed', rest: '' } : this.#unclosed('');
  }

  #isClosedBefore(rest: string): boolean {
    return this.#isBlank ? !rest.startsWith('`') : /^(?:\s|$)/.test(rest);
  }

  #unclosed(rest: string): CardProgress {
    return { is: 'unclosed', body: this.#parts.join(''), rest };
  }

  /** Takes the input to the end of the line and returns the rest. */
  #takeLine(input: string): string {
    const end = input.indexOf('\n') + 1;
    const line = end > 0 ? input.slice(0, end) : input;
    this.#parts.push(line);
    this.#isBlank &&= line.trim() === '';
    this.#isAtLineStart = end > 0;
    return input.slice(line.length);
  }
}
