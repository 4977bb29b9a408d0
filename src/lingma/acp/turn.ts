/**
 * One turn of a session: from the prompt to its end, which the reply, a `chat_finish` and the
 * connection race for (protocol §4b).
 */
import { GatewayError } from '../../base/errors';
import { isRecord } from '../../base/json';
import { WakefulTimeout } from '../../base/wakefulTimeout';
import { AnswerAssembly } from '../answer';
import { type AnswerEvent, AnswerQueue } from '../answerQueue';
import { contentText } from '../contentText';
import type { Answer, AskLimits, AskObserver, ReportedUsage } from '../dialect';
import { reportedFailure } from '../finish';
import type { RpcReply } from '../rpc';
import {
  clientTooSlow,
  emptyAnswer,
  finishError,
  sessionReplaced,
  turnTimeout,
} from '../turnErrors';
import { agentUsage, contextUsage } from '../usage';
import type { Runtime } from './params';

/**
 * Milliseconds an answer stays open once one of its two ends is there: chunks may still be on their
 * way behind the reply, and the whole answer behind a `chat_finish` without it (protocol §4b). A
 * standard agent has said everything before it replies.
 */
const GRACE_MS: Readonly<Record<Runtime, number>> = { lingma: 250, agent: 0 };

/** What a turn tells the dialect that owns it. */
export interface TurnHooks extends AskObserver {
  /** Tells the agent to stop; only called once the prompt has been sent. */
  cancel(): void;
}

/** What puts an answer together. */
type Assembly = Pick<AnswerAssembly, 'answer' | 'think' | 'finish' | 'text'>;

export class AcpTurn implements Answer {
  readonly #queue = new AnswerQueue();
  readonly #assembly: Assembly;
  readonly #hooks: TurnHooks;
  readonly #graceMs: number;
  readonly #idleTimer: WakefulTimeout;
  readonly #turnTimer: WakefulTimeout;
  #graceTimer: NodeJS.Timeout | undefined;
  #sessionId: string | undefined;
  #usage: ReportedUsage | undefined;
  #prompted = false;
  #replied = false;
  #finished = false;
  #ended = false;

  constructor(runtime: Runtime, limits: AskLimits, hooks: TurnHooks) {
    this.#assembly = runtime === 'agent' ? new PlainAssembly() : new AnswerAssembly();
    this.#hooks = hooks;
    this.#graceMs = GRACE_MS[runtime];
    const expire = (limitMs: number, what: string) => () => {
      this.cancel(turnTimeout(what, limitMs));
    };
    this.#idleTimer = new WakefulTimeout(limits.idleMs, expire(limits.idleMs, 'sent nothing'));
    this.#turnTimer = new WakefulTimeout(limits.turnMs, expire(limits.turnMs, 'did not finish'));
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  get asked(): boolean {
    return this.#prompted;
  }

  /** True once it has ended, well or not. */
  isOver(): boolean {
    return this.#ended;
  }

  [Symbol.asyncIterator](): AsyncIterator<AnswerEvent> {
    return this.#queue[Symbol.asyncIterator]();
  }

  /** The turn runs on this session. */
  on(sessionId: string): void {
    this.#sessionId = sessionId;
  }

  /** The prompt is about to be sent. */
  prompting(): void {
    this.#prompted = true;
  }

  cancel(error: GatewayError): void {
    if (this.#ended) return;
    if (this.#prompted) this.#hooks.cancel();
    this.#end(error);
  }

  fail(error: GatewayError): void {
    this.#end(error);
  }

  /** The reply to `session/prompt`, or what ended the connection. */
  onReply(reply: RpcReply | GatewayError): void {
    if (this.#ended) return;
    if (reply instanceof GatewayError) {
      this.#end(reply);
      return;
    }
    if ('error' in reply) {
      this.#end(finishError(reply.error.code, reply.error.message));
      return;
    }
    const stopReason = isRecord(reply.result) ? reply.result['stopReason'] : undefined;
    const problem = stopProblem(stopReason);
    this.#report(agentUsage(reply.result));
    if (problem) this.#end(problem);
    else this.#settle('reply');
  }

  /** A `session/update` of this turn. */
  receive(params: Readonly<Record<string, unknown>>): void {
    this.#idleTimer.refresh();
    const { sessionId, update } = params;
    if (typeof sessionId === 'string' && sessionId !== this.#sessionId) {
      // The agent has lost the session and answers in another, without what was said before.
      this.cancel(sessionReplaced());
      return;
    }
    if (!isRecord(update)) return;
    this.#report(agentUsage(update['_meta']));
    switch (update['sessionUpdate']) {
      case 'agent_message_chunk':
        if (hasOtherThanText(update['content'])) this.cancel(unsupportedAnswer());
        else this.#emit(this.#assembly.answer(contentText(update['content']), false));
        return;
      case 'agent_thought_chunk':
        this.#emit(this.#assembly.think(contentText(update['content'])));
        return;
      case 'notification':
        if (update['type'] === 'chat_finish') this.#finish(update['data']);
        if (update['type'] === 'context_usage') {
          this.#report(contextUsage(update['data'], this.#assembly.text !== ''));
        }
        return;
      // Plans, tool calls, commands and figures are no part of the answer.
    }
  }

  #report(usage: ReportedUsage | undefined): void {
    if (usage) this.#usage = { ...this.#usage, ...usage };
  }

  #emit(events: readonly AnswerEvent[]): void {
    for (const event of events) {
      if (!this.#queue.push(event)) this.cancel(clientTooSlow());
    }
  }

  #finish(data: unknown): void {
    if (this.#ended || this.#finished) return;
    const fields = isRecord(data) ? data : {};
    const failure = reportedFailure(fields);
    if (failure) {
      this.#end(failure);
      return;
    }
    const fullAnswer = contentText(fields['fullAnswer']);
    this.#emit(this.#assembly.finish(fullAnswer));
    if (fullAnswer) this.#complete();
    else this.#settle('finish');
  }

  /** One of the two ends is there: the answer stays open for the other, but not for long. */
  #settle(end: 'reply' | 'finish'): void {
    if (end === 'reply') this.#replied = true;
    else this.#finished = true;
    if (this.#replied && this.#finished) this.#complete();
    else
      this.#graceTimer = setTimeout(() => {
        this.#complete();
      }, this.#graceMs);
  }

  #complete(): void {
    if (this.#ended) return;
    this.#emit(this.#assembly.finish(''));
    // Its reader may have been too slow for the rest.
    if (this.isOver()) return;
    const { text } = this.#assembly;
    if (text.trim() === '') {
      this.#end(emptyAnswer());
      return;
    }
    this.#hooks.completed({
      sessionId: this.#sessionId ?? '',
      text,
      ...(this.#usage ? { usage: this.#usage } : {}),
    });
    this.#end();
  }

  #end(error?: GatewayError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#idleTimer.clear();
    this.#turnTimer.clear();
    clearTimeout(this.#graceTimer);
    this.#queue.end(error);
    this.#hooks.ended(error);
  }
}

/** A standard agent's answer is what it says: no mark-up of Lingma's is looked for in it. */
class PlainAssembly implements Assembly {
  text = '';

  answer(text: string): AnswerEvent[] {
    this.text += text;
    return [{ type: 'text', delta: text }];
  }

  think(text: string): AnswerEvent[] {
    return [{ type: 'reasoning', delta: text }];
  }

  finish(fullAnswer: string): AnswerEvent[] {
    return fullAnswer.startsWith(this.text) ? this.answer(fullAnswer.slice(this.text.length)) : [];
  }
}

/** What makes a `stopReason` a failure; a Lingma runtime may reply without any (protocol §4b). */
function stopProblem(stopReason: unknown): GatewayError | undefined {
  switch (stopReason) {
    case 'cancelled':
      return finishError(408, 'the turn was cancelled inside the agent');
    case 'refusal':
      return finishError(406, 'the agent refused to answer');
    case 'max_tokens':
    case 'max_turn_requests':
      // A truncated answer is an error, never a stop.
      return finishError(undefined, `the answer was cut off: ${stopReason}`);
    default:
      return undefined;
  }
}

/** Chunks hold one item or a list of them (protocol §8.1, C-24). */
function hasOtherThanText(content: unknown): boolean {
  const items: unknown[] = Array.isArray(content) ? content : [content];
  return items.some((item) => isRecord(item) && (item['type'] ?? 'text') !== 'text');
}

function unsupportedAnswer(): GatewayError {
  return new GatewayError({
    code: 'upstream_failed',
    status: 502,
    message: 'The answer holds more than text, which this gateway cannot pass on.',
  });
}
