/**
 * What a client is given of an answer: its text, calls and thoughts, up to where the client wants it
 * to end, and what that comes to in tokens.
 */
import { AnswerCut, type AnswerPiece, type Cut } from '../conversation/answerCut';
import type { FinishReason, InputUsage, Usage } from '../conversation/events';
import type { AnswerLimits } from '../conversation/messages';
import type { WrittenCall } from '../conversation/toolCalls/call';
import type { TokenMeter } from '../conversation/tokenMeter';
import type { TokenCounter } from '../conversation/tokens';
import type { AnswerEvent } from '../lingma/answerQueue';
import type { ReportedUsage } from '../lingma/dialect';
import { AnswerReader } from './answerReader';
import type { AnswerRules } from './repair';

export interface OutputRules {
  /** What the answer must keep to. */
  readonly rules: AnswerRules;
  readonly limits: AnswerLimits | undefined;
  /** Whether the client wants the model's thoughts. */
  readonly reasoning: boolean;
}

/** Takes one event after the other; rejects as the checks of its rules do. */
export class AnswerOutput {
  readonly #showsReasoning: boolean;
  readonly #reader: AnswerReader;
  readonly #cut: AnswerCut;
  readonly #said: TokenMeter;
  readonly #thought: TokenMeter;

  constructor({ rules, limits, reasoning }: OutputRules, counter: TokenCounter) {
    this.#said = counter.meter();
    this.#thought = counter.meter();
    this.#showsReasoning = reasoning;
    this.#reader = new AnswerReader(rules);
    this.#cut = new AnswerCut(limits?.stop ?? [], counter.meter(limits?.maxTokens));
  }

  /** Set once the answer has reached a limit; nothing more comes of it. */
  get cut(): Cut | undefined {
    return this.#cut.cut;
  }

  async read(event: AnswerEvent): Promise<AnswerPiece[]> {
    // Thoughts that nobody is shown are no part of the answer: neither counted nor cut.
    if (event.type === 'reasoning' && !this.#showsReasoning) return [];
    return this.#pass(await this.#reader.read(event));
  }

  /** A call that the process made itself. */
  async call(call: WrittenCall): Promise<AnswerPiece[]> {
    return this.#pass(await this.#reader.call(call));
  }

  /** The answer is whole: what was held back of it, but for what has to be repaired first. */
  async end(): Promise<AnswerPiece[]> {
    return this.#pass(await this.#reader.end());
  }

  /** What is left at the very end, with the answer to a repair if one was asked for. */
  async mended(answer: string | undefined): Promise<AnswerPiece[]> {
    const mended = this.cut ? [] : this.#pass(await this.#reader.mended(answer));
    return [...mended, ...this.#counted(this.#cut.end())];
  }

  get ending(): {
    readonly finishReason: FinishReason;
    readonly stopSequence?: string | undefined;
  } {
    if (!this.cut) return { finishReason: this.#reader.finishReason };
    const { reason, stopSequence } = this.cut;
    return { finishReason: reason, stopSequence };
  }

  /**
   * Tokens as the process counts them, completed by our own estimate.
   * @param reported What the process said; undefined when it said nothing.
   */
  usage(input: InputUsage, reported: ReportedUsage | undefined): Usage {
    const reasoningTokens = reported?.reasoningTokens ?? this.#thought.tokens;
    const outputTokens = reported?.outputTokens ?? this.#said.tokens + this.#thought.tokens;
    const total = reported?.totalTokens;
    const inputTokens =
      reported?.inputTokens ??
      (total === undefined ? input.inputTokens : Math.max(0, total - outputTokens));
    const cachedTokens = Math.min(reported?.cachedTokens ?? input.cachedTokens, inputTokens);
    return { inputTokens, cachedTokens, outputTokens, reasoningTokens, estimated: !reported };
  }

  #pass(pieces: readonly AnswerPiece[]): AnswerPiece[] {
    return this.#counted(pieces.flatMap((piece) => this.#cut.push(piece)));
  }

  #counted(pieces: readonly AnswerPiece[]): AnswerPiece[] {
    for (const piece of pieces) {
      if (piece.type === 'reasoning') this.#thought.push(piece.delta);
      else if (piece.type === 'text') this.#said.push(piece.delta);
      else this.#said.whole(piece.name + piece.argumentsJson);
    }
    return [...pieces];
  }
}
