/** From what the process streams to what the client is told: text, reasoning, and tool calls. */
import { randomUUID } from 'node:crypto';
import type { AnswerPiece } from '../conversation/answerCut';
import type { FinishReason } from '../conversation/events';
import type { Message, Part } from '../conversation/messages';
import type { CallableTools, WrittenCall } from '../conversation/toolCalls/call';
import { type Piece, splitAnswer, ToolCallSplitter } from '../conversation/toolCalls/splitter';
import type { AnswerEvent } from '../lingma/answerQueue';
import { AnswerGate, type AnswerRules, invalidToolCall } from './repair';

/** Judges what it reads, one event after the other; rejects as the checks of its rules do. */
export class AnswerReader {
  readonly #gate: AnswerGate;
  readonly #splitter: ToolCallSplitter | undefined;
  #calls = 0;

  constructor(rules: AnswerRules) {
    this.#gate = new AnswerGate(rules);
    this.#splitter = rules.tools.size > 0 ? new ToolCallSplitter(rules.tools) : undefined;
  }

  get finishReason(): FinishReason {
    return this.#calls > 0 ? 'toolCalls' : 'stop';
  }

  async read(event: AnswerEvent): Promise<AnswerPiece[]> {
    if (event.type === 'reasoning') return [event];
    return this.#pass(this.#splitter?.push(event.delta) ?? [{ type: 'text', text: event.delta }]);
  }

  /** A call that the process made itself; it ends the text before it. */
  call(call: WrittenCall): Promise<AnswerPiece[]> {
    return this.#pass([...(this.#splitter?.end() ?? []), { type: 'call', ...call }]);
  }

  /**
   * What was held back in case it became a call or another call makes it wrong; nothing when
   * `mended` has to follow.
   */
  async end(): Promise<AnswerPiece[]> {
    const passed = await this.#pass(this.#splitter?.end() ?? []);
    return [...passed, ...this.#toEvents(await this.#gate.end())];
  }

  /**
   * The rest of the answer once the model has been asked to repair it; undefined when it was not.
   * Throws `upstream_invalid_tool_call` or `upstream_invalid_output`.
   */
  async mended(answer: string | undefined): Promise<AnswerPiece[]> {
    const { repair } = this.#gate;
    if (repair === undefined) return [];
    // What was streamed is not what the process confirmed, or it called its tools by itself.
    if (answer === undefined) throw invalidToolCall('its calls do not fit the tools');
    return this.#toEvents(await this.#gate.mend(answer));
  }

  async #pass(pieces: readonly Piece[]): Promise<AnswerPiece[]> {
    const passed: AnswerPiece[] = [];
    for (const piece of pieces) passed.push(...this.#toEvents(await this.#gate.add(piece)));
    return passed;
  }

  #toEvents(pieces: readonly Piece[]): AnswerPiece[] {
    return pieces.map((piece) => {
      if (piece.type === 'text') return { type: 'text', delta: piece.text };
      const { name, argumentsJson } = piece;
      const id = `call_${randomUUID().replaceAll('-', '')}`;
      return { type: 'toolCall', index: this.#calls++, id, name, argumentsJson };
    });
  }
}

/** The answer as a message of the conversation: what a client will send back next time. */
export function answerMessage(text: string, tools: CallableTools): Message {
  const pieces: Piece[] = tools.size > 0 ? splitAnswer(text, tools) : [{ type: 'text', text }];
  const said = pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
  const calls = pieces.flatMap((piece): Part[] =>
    piece.type === 'call' ? [{ ...piece, type: 'toolCall' }] : [],
  );
  // Clients keep the text and the calls of an answer apart, so their order is not known.
  return { role: 'assistant', parts: [{ type: 'text', text: said }, ...calls], path: 'answer' };
}
