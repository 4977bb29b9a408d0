/**
 * Cuts what a model writes into text and calls. Models do not all keep to our contract, so the
 * other forms that are known from them are understood, too (protocol §6): one small recogniser for
 * each, all behind this one splitter.
 *
 * What is decided here once for all of them:
 * - a call is one of a tool's exact name; similar names are never guessed;
 * - a block that holds anything but whole calls of known tools is text, letter for letter;
 * - calls are neither counted out nor told apart by content: what is written twice is called twice.
 */
import { bracketed, fencedJson, headed } from './blocks';
import type { CallableTools, Recogniser, WrittenCall } from './call';
import { pythonUntil } from './python';
import { Source } from './source';
import { functionCalls, functionElement, invokeElement, toolCallElement } from './xml';

/** A piece of an answer. */
export type Piece =
  { readonly type: 'text'; readonly text: string } | ({ readonly type: 'call' } & WrittenCall);

/** How each kind of block begins; none is the beginning of another. */
const RECOGNISERS: Readonly<Record<string, Recogniser>> = {
  '```json action': fencedJson,
  '```tool_code': pythonUntil('```'),
  '<tool_code>': pythonUntil('</tool_code>'),
  '<tool_call>': toolCallElement,
  '<function=': functionElement,
  '<function_calls>': functionCalls,
  '<invoke name=': invokeElement,
  '[tool_calls]': bracketed,
  '[TOOL_CALLS]': bracketed,
  '#Tool Call': headed,
  '# Tool Call': headed,
  '##Tool Call': headed,
  '## Tool Call': headed,
  '###Tool Call': headed,
  '### Tool Call': headed,
};
const OPENINGS = Object.keys(RECOGNISERS);
const OPENING = new RegExp(
  OPENINGS.map((opening) => opening.replace(/[[\]`#]/g, String.raw`\$&`)).join('|'),
);
/** Every text that may become an opening. */
const BEGINNINGS = new Set(
  OPENINGS.flatMap((opening) =>
    Array.from({ length: opening.length - 1 }, (_, index) => opening.slice(0, index + 1)),
  ),
);
const LONGEST = Math.max(...OPENINGS.map(({ length }) => length)) - 1;

/** The pieces of a whole answer. */
export function splitAnswer(text: string, tools: CallableTools): Piece[] {
  const splitter = new ToolCallSplitter(tools);
  return [...splitter.push(text), ...splitter.end()];
}

/** A block that has begun. */
interface Block {
  readonly opening: string;
  readonly source: Source;
  readonly reading: ReturnType<Recogniser>;
}

/**
 * Splits a streamed answer, in time linear in its length and with the same result wherever it is
 * cut. No part of a call is ever given out as text; what may begin one is held back for as long as
 * it may, and no longer.
 */
export class ToolCallSplitter {
  readonly #tools: CallableTools;
  /** What may begin a block. */
  #held = '';
  #block: Block | undefined;
  /** White space between calls belongs to neither. */
  #afterCall = false;

  constructor(tools: CallableTools) {
    this.#tools = tools;
  }

  push(delta: string): Piece[] {
    return this.#read(delta, false);
  }

  /** What is left when the answer has ended. */
  end(): Piece[] {
    return this.#read('', true);
  }

  #read(delta: string, ended: boolean): Piece[] {
    const pieces: Piece[] = [];
    let input = this.#held + delta;
    this.#held = '';
    while (input || this.#block) {
      if (!this.#block) {
        input = this.#inText(input, ended, pieces);
        continue;
      }
      const { source, reading } = this.#block;
      source.feed(input);
      if (ended) source.end();
      const step = reading.next();
      if (!step.done) break;
      input = this.#close(this.#block, step.value, pieces);
    }
    return pieces;
  }

  /** Takes what it can from the input and returns the rest. */
  #inText(input: string, ended: boolean, pieces: Piece[]): string {
    const found = OPENING.exec(input);
    const recogniser = found && RECOGNISERS[found[0]];
    if (!recogniser) {
      const safe = ended ? input.length : input.length - heldBack(input);
      this.#text(input.slice(0, safe), pieces);
      this.#held = input.slice(safe);
      return '';
    }
    const { 0: opening, index } = found;
    this.#text(input.slice(0, index), pieces);
    const source = new Source();
    this.#block = { opening, source, reading: recogniser(source, this.#tools) };
    return input.slice(index + opening.length);
  }

  #close(block: Block, calls: readonly WrittenCall[] | undefined, pieces: Piece[]): string {
    this.#block = undefined;
    if (calls) {
      pieces.push(...calls.map((call) => ({ type: 'call' as const, ...call })));
      this.#afterCall = true;
    } else {
      this.#text(block.opening + block.source.taken, pieces);
    }
    return block.source.rest;
  }

  #text(text: string, pieces: Piece[]): void {
    const shown = this.#afterCall ? text.trimStart() : text;
    if (!shown) return;
    this.#afterCall = false;
    pieces.push({ type: 'text', text: shown });
  }
}

/** Characters at the end that may be the beginning of a block. */
function heldBack(text: string): number {
  for (let length = Math.min(LONGEST, text.length); length > 0; length--) {
    if (BEGINNINGS.has(text.slice(-length))) return length;
  }
  return 0;
}
