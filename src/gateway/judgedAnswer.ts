/** A turn on a process whose answer is judged when it is whole, and sent back once if it must be. */
import { type GatewayError, toGatewayError } from '../base/errors';
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
 * events of the first answer and lasts until it has been judged and the second is whole, too; it
 * throws what the judging rejects with. `completed` is called only for an answer that needs no
 * repair: no other session may be continued.
 */
export class JudgedAnswer implements Answer {
  readonly #dialect: Dialect;
  readonly #request: AskRequest;
  readonly #observer: AskObserver;
  readonly #first: Answer;
  #second: Answer | undefined;
  /** Settles once it is known whether the answer may go out. */
  #judged: Promise<void> | undefined;
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
        this.#judged = this.#judge(result, rules);
        // Whoever iterates hears of it, unless the turn has ended otherwise.
        this.#judged.catch(noop);
      },
      // An answer that is confirmed keeps its process's place until it has been judged.
      ended: (error) => {
        if (!this.#judged) observer.ended(error);
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
    await this.#judged;
    if (!this.#second) return;
    // Its events are no part of what the client is told.
    const unread = this.#second[Symbol.asyncIterator]();
    while (!(await unread.next()).done) continue;
  }

  /** At once, and not when the client has read the answer: the process's place is held. */
  async #judge(result: AnswerResult, rules: AnswerRules): Promise<void> {
    try {
      const { repair, altered } = await judge(result.text, rules);
      if (this.#cancelled) throw this.#cancelled;
      if (repair !== undefined) {
        this.#askAgain(result.sessionId, repair);
        return;
      }
      if (!altered) this.#observer.completed(result);
      this.#observer.ended();
    } catch (error) {
      this.#observer.ended(toGatewayError(error));
      throw error;
    }
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

function noop(): void {
  return undefined;
}
