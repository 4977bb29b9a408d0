/** From what the process streams to what the client is told: text, reasoning, and tool calls. */
import { randomUUID } from 'node:crypto';
import type { FinishReason, TurnEvent } from '../conversation/events';
import type { Message, Part } from '../conversation/messages';
import { type Piece, splitAnswer, ToolBlockSplitter } from '../conversation/toolBlocks';
import type { AnswerEvent } from '../lingma/answerQueue';

export class AnswerReader {
  readonly #splitter: ToolBlockSplitter | undefined;
  #calls = 0;

  /** @param callable Names of the tools the answer may call. */
  constructor(callable: ReadonlySet<string>) {
    this.#splitter = callable.size > 0 ? new ToolBlockSplitter(callable) : undefined;
  }

  get finishReason(): FinishReason {
    return this.#calls > 0 ? 'toolCalls' : 'stop';
  }

  read(event: AnswerEvent): TurnEvent[] {
    if (event.type !== 'text' || !this.#splitter) return [event];
    return this.#splitter.push(event.delta).map((piece) => this.#toEvent(piece));
  }

  /** What was held back in case it became a call. */
  end(): TurnEvent[] {
    return this.#splitter?.end().map((piece) => this.#toEvent(piece)) ?? [];
  }

  #toEvent(piece: Piece): TurnEvent {
    if (piece.type === 'text') return { type: 'text', delta: piece.text };
    const { name, argumentsJson } = piece;
    const id = `call_${randomUUID().replaceAll('-', '')}`;
    return { type: 'toolCall', index: this.#calls++, id, name, argumentsJson };
  }
}

/** The answer as a message of the conversation: what a client will send back next time. */
export function answerMessage(text: string, callable: ReadonlySet<string>): Message {
  const pieces: Piece[] =
    callable.size > 0 ? splitAnswer(text, callable) : [{ type: 'text', text }];
  const said = pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
  const calls = pieces.flatMap((piece): Part[] =>
    piece.type === 'call' ? [{ ...piece, type: 'toolCall' }] : [],
  );
  // Clients keep the text and the calls of an answer apart, so their order is not known.
  return { role: 'assistant', parts: [{ type: 'text', text: said }, ...calls], path: 'answer' };
}
