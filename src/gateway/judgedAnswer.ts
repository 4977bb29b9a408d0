/** A turn on a process whose answer is judged when it is whole, and sent back once if it must be. */
import type { GatewayError } from '../base/errors';
import type { WrittenCall } from '../conversation/toolCalls/call';
import type { AnswerEvent } from '../lingma/answerQueue';
import type {
  Answer,
  AnswerResult,
  AskObserver,
  AskRequest,
  Dialect,
  ReportedUsage,
} from '../lingma/dialect';
import { type AnswerRules, judge } from './repair';

/**
 * Asks, and asks again on the same session if the answer breaks the rules. Iterating gives the
 * events of the first answer and lasts until the second is whole, too. `completed` is called only
 * for an answer that needs no repair: no other session may be continued.
 */
export class JudgedAnswer implements Answer {
  readonly #dialect: Dialect;
  readonly #request: AskRequest;
  readonly #observer: AskObserver;
  readonly #first: Answer;
  #second: Answer | undefined;
  #repair: { readonly prompt: string; readonly sessionId: string } | undefined;
  #confirmed: AnswerResult | undefined;
  #mended: AnswerResult | undefined;
  #streamed = '';
  #cancelled: GatewayError | undefined;

  constructor(dialect: Dialect, request: AskRequest, rules: AnswerRules, observer: AskObserver) {
    this.#dialect = dialect;
    this.#request = request;
    this.#observer = observer;
    this.#first = dialect.ask(request, {
      completed: (result) => {
        this.#confirmed = result;
        const { repair, altered } = judge(result.text, rules);
        if (repair !== undefined) {
          this.#repair = { prompt: repair, sessionId: result.sessionId };
        } else if (!altered) {
          observer.completed(result);
        }
      },
      // At once, and not when the client has read the first answer: the process's place is held.
      ended: (error) => {
        if (this.#repair) this.#askAgain(this.#repair.sessionId, this.#repair.prompt);
        else observer.ended(error);
      },
    });
  }

  get sessionId(): string | undefined {
    return this.#first.sessionId;
  }

  get asked(): boolean {
    return this.#first.asked;
  }

  /** The first answer: as confirmed, or, where a call of a tool ended it, as it was streamed. */
  get text(): string {
    return this.#confirmed?.text ?? this.#streamed;
  }

  /** The second answer; undefined when none was asked for. */
  get mended(): string | undefined {
    return this.#mended?.text;
  }

  get call(): WrittenCall | undefined {
    return this.#first.call;
  }

  /** What the process reports of the answer it confirmed first. */
  get usage(): ReportedUsage | undefined {
    return this.#confirmed?.usage;
  }

  cancel(error: GatewayError): void {
    this.#cancelled ??= error;
    this.#first.cancel(error);
    this.#second?.cancel(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AnswerEvent, void> {
    for await (const event of this.#first) {
      if (event.type === 'text' && !this.#confirmed) this.#streamed += event.delta;
      yield event;
    }
    if (!this.#second) return;
    // Its events are no part of what the client is told.
    const unread = this.#second[Symbol.asyncIterator]();
    while (!(await unread.next()).done) continue;
  }

  #askAgain(sessionId: string, prompt: string): void {
    this.#second = this.#dialect.ask(
      { ...this.#request, sessionId, prompt, images: [], tools: undefined },
      {
        completed: (result) => {
          this.#mended = result;
        },
        ended: (error) => {
          this.#observer.ended(error);
        },
      },
    );
    if (this.#cancelled) this.#second.cancel(this.#cancelled);
  }
}
