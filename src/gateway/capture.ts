/**
 * The texts of the latest turns, for as long as their owner wants them captured: in memory only,
 * within bounds, and forgotten at once when that is switched off.
 */
import type { TurnEvent } from '../conversation/events';
import type { TurnRequest } from '../conversation/messages';
import type { Redactor } from '../observe/redact';
import { AnswerText, type CutText, textOfRequest } from './captureText';

/** Bytes that all captured texts take at most; the newest are kept. */
const MAX_BYTES = 8 * 1024 * 1024;

interface Captured {
  readonly asked: CutText;
  /** Until the answer is there as a whole. */
  answer: AnswerText | undefined;
  answered: CutText | undefined;
  bytes: number;
}

/** The texts of one turn; null for an answer that is not there yet, or not at all. */
export interface CapturedTexts {
  readonly asked: string;
  readonly answered: string | null;
  readonly cut: boolean;
}

export class Capture {
  readonly #redactor: Redactor;
  readonly #maxBytes: number;
  /** By the id of the request, the oldest first. */
  readonly #turns = new Map<string, Captured>();
  #enabled: boolean;
  #bytes = 0;

  /** @param redactor What it takes out never gets into a text, whatever that says. */
  constructor(enabled: boolean, redactor: Redactor, maxBytes = MAX_BYTES) {
    this.#enabled = enabled;
    this.#redactor = redactor;
    this.#maxBytes = maxBytes;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** Switched off, everything that was captured is gone, also of turns that run. */
  setEnabled(enabled: boolean): void {
    this.#enabled = enabled;
    if (enabled) return;
    this.#turns.clear();
    this.#bytes = 0;
  }

  begin(id: string, request: TurnRequest): void {
    if (!this.#enabled) return;
    const asked = textOfRequest(request, this.#redactor);
    const turn = { asked, answer: new AnswerText(), answered: undefined, bytes: 0 };
    this.#turns.set(id, turn);
    this.#grow(turn, Buffer.byteLength(asked.text));
  }

  add(id: string, event: TurnEvent): void {
    const turn = this.#turns.get(id);
    if (turn?.answer) this.#grow(turn, turn.answer.add(event));
  }

  /**
   * The turn is over: what was answered can be read from now on.
   *
   * @param whole Whether the answer came to its end.
   */
  end(id: string, whole: boolean): void {
    const turn = this.#turns.get(id);
    if (!turn?.answer) return;
    turn.answered = turn.answer.finish(this.#redactor, whole);
    turn.answer = undefined;
    const { asked, answered } = turn;
    const bytes = Buffer.byteLength(asked.text) + Buffer.byteLength(answered?.text ?? '');
    this.#grow(turn, bytes - turn.bytes);
  }

  has(id: string): boolean {
    return this.#turns.has(id);
  }

  read(id: string): CapturedTexts | undefined {
    const turn = this.#turns.get(id);
    if (!turn) return undefined;
    const { asked, answered } = turn;
    return {
      asked: asked.text,
      answered: answered?.text ?? null,
      cut: asked.cut || answered?.cut === true,
    };
  }

  forget(id: string): void {
    this.#bytes -= this.#turns.get(id)?.bytes ?? 0;
    this.#turns.delete(id);
  }

  #grow(turn: Captured, bytes: number): void {
    turn.bytes += bytes;
    this.#bytes += bytes;
    for (const id of this.#turns.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.forget(id);
    }
  }
}
