/** Shows the events of a turn in a chat answer, and remembers what was said. */
import type { TurnEvent } from '../../conversation/events';
import type { Localize } from '../localize';
import { startOf } from './attachments';

/** `vscode.ChatResponseStream`, as far as an answer needs it. */
export interface AnswerStream {
  markdown(text: string): unknown;
  progress(text: string): unknown;
}

/** Bytes of a line of reasoning that are shown: the place for it is one line high. */
const MAX_PROGRESS = 160;

/** The answer to one request, as far as it has come. */
export class Answer {
  readonly #stream: AnswerStream;
  readonly #t: Localize;
  #text = '';
  /** The line of reasoning that has not ended yet; undefined before there is any. */
  #thought: string | undefined;

  constructor(stream: AnswerStream, t: Localize) {
    this.#stream = stream;
    this.#t = t;
  }

  /** Everything said so far. */
  get text(): string {
    return this.#text;
  }

  /** Shows what the events bring; rejects with what the turn fails with. */
  async follow(events: AsyncIterable<TurnEvent>): Promise<void> {
    for await (const event of events) {
      if (event.type === 'text') {
        this.#text += event.delta;
        this.#stream.markdown(event.delta);
      } else if (event.type === 'reasoning') {
        this.#think(event.delta);
      }
    }
  }

  /**
   * Reasoning passes by line for line: as part of the answer it would be taken for it, and the place
   * that VS Code has for it is no part of its stable interface.
   */
  #think(delta: string): void {
    if (this.#thought === undefined) this.#stream.progress(this.#t('Thinking…'));
    const lines = ((this.#thought ?? '') + delta).split('\n');
    this.#thought = lines.pop() ?? '';
    const whole = lines.map((line) => line.trim()).filter(Boolean);
    const last = whole.at(-1);
    if (last !== undefined) this.#stream.progress(shorten(last));
  }
}

function shorten(line: string): string {
  const start = startOf(line, MAX_PROGRESS);
  return start === line ? line : `${start}…`;
}
