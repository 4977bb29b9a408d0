/**
 * Tool calls as text. Lingma does not reliably honour tools that its caller defines (protocol §6),
 * so they travel inside the prompt: the contract says how a call is written, and what the model
 * then writes is cut into text and calls again. A call is a fenced block:
 *
 *     ```json action
 *     {"tool": "NAME", "parameters": {…}}
 *     ```
 */
import { isRecord } from '../base/json';
import type { Tool, ToolChoice } from './messages';

const OPENING = '```json action';
const CLOSING = '\n```';

/** A piece of an answer. */
export type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'call'; readonly name: string; readonly argumentsJson: string };

/** What the model has to know to call tools. */
export function toolContract(tools: readonly Tool[]): string {
  const list = tools.map(
    ({ name, description, parameters }) =>
      `- ${name}: ${description}\n  parameters: ${JSON.stringify(parameters)}`,
  );
  const example = writeCall('NAME', '{"PARAMETER": "VALUE"}');
  return [
    'You can call the tools listed below; they run on the side of the user, who sends you each result.',
    `To call one, write a block exactly like this, and nothing after the last block:\n\n${example}\n`,
    'Write one block for each call. Use only these tools, with parameters that fit their schema.',
    '',
    ...list,
  ].join('\n');
}

/** What this turn asks beyond the contract; empty when the model is free to choose. */
export function choiceInstruction(choice: ToolChoice): string {
  switch (choice.mode) {
    case 'auto':
      return '';
    case 'none':
      return 'Answer without calling a tool.';
    case 'required':
      return 'Call at least one tool.';
    case 'named':
      return `Call the tool ${choice.name}.`;
  }
}

/** A call as the contract has it. */
export function writeCall(name: string, argumentsJson: string): string {
  return `${OPENING}\n{"tool": ${JSON.stringify(name)}, "parameters": ${argumentsJson || '{}'}}${CLOSING}`;
}

/** The pieces of a whole answer. */
export function splitAnswer(text: string, toolNames: ReadonlySet<string>): Piece[] {
  const splitter = new ToolBlockSplitter(toolNames);
  return [...splitter.push(text), ...splitter.end()];
}

/**
 * Cuts a streamed answer into text and calls. No part of a block is ever given out as text; what
 * might be the beginning of one is held back until it is decided. A block that is no valid call of
 * a known tool is text after all: nothing is lost and nothing is repaired in silence.
 */
export class ToolBlockSplitter {
  readonly #toolNames: ReadonlySet<string>;
  /** Received and not decided yet: what may begin a block, or end the one that is open. */
  #held = '';
  /** What the open block holds so far; undefined outside of one. */
  #block: string[] | undefined;
  /** White space between blocks belongs to neither. */
  #afterCall = false;

  constructor(toolNames: ReadonlySet<string>) {
    this.#toolNames = toolNames;
  }

  push(delta: string): Piece[] {
    const pieces: Piece[] = [];
    let input = this.#held + delta;
    this.#held = '';
    while (input) {
      input = this.#block ? this.#inBlock(this.#block, input, pieces) : this.#inText(input, pieces);
    }
    return pieces;
  }

  /** What is left when the answer has ended. */
  end(): Piece[] {
    const pieces: Piece[] = [];
    // The last fence is often left out, and the call is complete without it.
    if (this.#block) this.#closeBlock(this.#block.join('') + this.#held, '', pieces);
    else this.#text(this.#held, pieces);
    this.#held = '';
    return pieces;
  }

  /** Takes what it can from the input and returns the rest. */
  #inText(input: string, pieces: Piece[]): string {
    const start = input.indexOf(OPENING);
    if (start >= 0) {
      this.#text(input.slice(0, start), pieces);
      this.#block = [];
      return input.slice(start + OPENING.length);
    }
    const safe = input.length - heldBack(input);
    this.#text(input.slice(0, safe), pieces);
    this.#held = input.slice(safe);
    return '';
  }

  #inBlock(block: string[], input: string, pieces: Piece[]): string {
    // JSON holds no raw line break inside a string, so this can only be the block's own end.
    const end = input.indexOf(CLOSING);
    if (end >= 0) {
      block.push(input.slice(0, end));
      this.#closeBlock(block.join(''), CLOSING, pieces);
      return input.slice(end + CLOSING.length);
    }
    const safe = Math.max(0, input.length - CLOSING.length + 1);
    block.push(input.slice(0, safe));
    this.#held = input.slice(safe);
    return '';
  }

  #closeBlock(json: string, closing: string, pieces: Piece[]): void {
    this.#block = undefined;
    const call = readCall(json, this.#toolNames);
    if (call) pieces.push(call);
    else this.#text(OPENING + json + closing, pieces);
    this.#afterCall = call !== undefined;
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
  for (let length = Math.min(OPENING.length - 1, text.length); length > 0; length--) {
    if (OPENING.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

function readCall(json: string, toolNames: ReadonlySet<string>): Piece | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { tool: name, parameters = {} } = value;
  if (typeof name !== 'string' || !toolNames.has(name) || !isRecord(parameters)) return undefined;
  return { type: 'call', name, argumentsJson: JSON.stringify(parameters) };
}
