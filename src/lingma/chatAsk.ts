/**
 * The `chat/ask` dialect (protocol §4a), which a process spawned with `Lingma start` speaks: one
 * request starts a turn, its events come back as requests routed by `requestId`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { BoundedMap } from '../base/boundedMap';
import { GatewayError } from '../base/errors';
import { JsonText, writeJson } from '../base/exactJson';
import { isRecord } from '../base/json';
import { WakefulTimeout } from '../base/wakefulTimeout';
import type { WrittenCall } from '../conversation/toolCalls/call';
import { AnswerAssembly } from './answer';
import { type AnswerEvent, AnswerQueue } from './answerQueue';
import { contentText } from './contentText';
import { deleteLingmaSession, farewell } from './deleteSession';
import type { Answer, AskLimits, AskObserver, AskRequest, Dialect, ReportedUsage } from './dialect';
import { finishProblem, reportedFailure } from './finish';
import { ImageUploads } from './imageUpload';
import { NativeTools, toolParams } from './nativeTools';
import type { RpcConnection, RpcReply } from './rpc';
import { clientTooSlow, finishError, sessionReplaced, turnTimeout } from './turnErrors';
import { contextUsage } from './usage';

/** Stands for the prompt while a request is written; nobody outside of this process can know it. */
const PROMPT = `prompt-${randomBytes(12).toString('base64url')}`;

/** Turns whose late events are waited for; an event that does not come soon never does. */
const UNNAMED = 512;

export class ChatAskDialect implements Dialect {
  readonly #rpc: RpcConnection;
  readonly #limits: AskLimits;
  readonly #uploads: ImageUploads;
  readonly #turns = new Map<string, ChatAskTurn>();
  /** Sessions with an answer that have not been deleted since. */
  readonly #sessions = new Set<string>();
  /** Turns that ended before their session had a name: whether it still has to be deleted. */
  readonly #unnamed = new BoundedMap<string, boolean>(UNNAMED);
  #completedTurns = 0;

  constructor(rpc: RpcConnection, limits: AskLimits) {
    this.#rpc = rpc;
    this.#limits = limits;
    this.#uploads = new ImageUploads(rpc);
  }

  get completedTurns(): number {
    return this.#completedTurns;
  }

  get openTurns(): number {
    return this.#turns.size;
  }

  ask(request: AskRequest, observer: AskObserver): Answer {
    const requestId = randomUUID();
    /** Gives up what was begun last: the uploads, or waiting for the reply. */
    let giveUp = noop;
    const turn = new ChatAskTurn(request, this.#limits, {
      completed: (result) => {
        this.#completedTurns++;
        this.#sessions.add(result.sessionId);
        observer.completed(result);
      },
      ended: (error) => {
        this.#turns.delete(requestId);
        // Its session has a name by now that nobody has told us; a late event will.
        const unnamed = turn.asked && turn.sessionId === undefined;
        if (unnamed) this.#unnamed.set(requestId, true);
        giveUp();
        observer.ended(error);
      },
      send: (method, params) => {
        this.#rpc.request(method, params, 2_000).catch(noop);
      },
      stop: (sessionId) => {
        if (!turn.asked) return;
        // The reply carries nothing we need and may never come; the turn is over either way.
        this.#rpc
          .request('chat/stop', { requestId, sessionId: sessionId ?? '' }, 2_000)
          .catch(noop);
      },
    });
    // Registered before it is sent: an event may overtake the reply (protocol §8.1, C-8).
    this.#turns.set(requestId, turn);
    const send = (imageUrls: readonly string[]): void => {
      turn.asked = true;
      const params = askParams(requestId, request, imageUrls);
      const rpcId = this.#rpc.send('chat/ask', params, (reply) => {
        turn.onReply(reply);
      });
      giveUp = () => {
        this.#rpc.forget(rpcId);
      };
    };
    if (request.images.length === 0) {
      send([]);
    } else {
      giveUp = this.#uploads.start(request.images, {
        uploaded: send,
        failed: (error) => {
          turn.fail(error);
        },
      });
    }
    return turn;
  }

  deleteSession(sessionId: string): void {
    this.#sessions.delete(sessionId);
    void deleteLingmaSession(this.#rpc, sessionId);
  }

  async retire(): Promise<void> {
    await farewell([...this.#sessions].map((id) => deleteLingmaSession(this.#rpc, id)));
  }

  receive(method: string, params: unknown): void {
    if (!isRecord(params) || this.#uploads.receive(method, params)) return;
    const { requestId } = params;
    // An unknown id belongs to a turn that ended or to somebody else's: nothing to do or to keep.
    const turn = typeof requestId === 'string' ? this.#turns.get(requestId) : this.#only(method);
    if (turn) turn.receive(method, params);
    else if (typeof requestId === 'string') this.#deleteLate(requestId, params);
  }

  /** Deletes the session of a turn that ended before anybody knew its name. */
  #deleteLate(requestId: string, params: Record<string, unknown>): void {
    const sessionId = text(params['sessionId']);
    if (!sessionId || this.#unnamed.get(requestId) !== true) return;
    this.#unnamed.set(requestId, false);
    this.deleteSession(sessionId);
  }

  /**
   * Errors and token figures may come without an id (protocol §4a.2); then they can only be meant
   * for the one turn.
   */
  #only(method: string): ChatAskTurn | undefined {
    const [turn, another] = this.#turns.values();
    return another === undefined && /error$|^context\/usage/.test(method) ? turn : undefined;
  }

  close(error: GatewayError): void {
    for (const turn of [...this.#turns.values()]) turn.fail(error);
  }
}

/** What a turn tells the dialect that owns it. */
interface TurnHooks extends AskObserver {
  stop(sessionId: string | undefined): void;
  /** Sends a request whose reply does not matter. */
  send(method: string, params: object): void;
}

class ChatAskTurn implements Answer {
  asked = false;
  readonly #queue = new AnswerQueue();
  readonly #assembly = new AnswerAssembly();
  readonly #tools: NativeTools;
  readonly #hooks: TurnHooks;
  /** The session that is to be continued; undefined when the turn starts one. */
  readonly #continues: string | undefined;
  readonly #idleTimer: WakefulTimeout;
  readonly #turnTimer: WakefulTimeout;
  #sessionId: string | undefined;
  #usage: ReportedUsage | undefined;
  #call: WrittenCall | undefined;
  #ended = false;

  constructor({ sessionId, tools }: AskRequest, limits: AskLimits, hooks: TurnHooks) {
    this.#tools = new NativeTools(tools, hooks.send.bind(hooks));
    this.#sessionId = sessionId;
    this.#continues = sessionId;
    this.#hooks = hooks;
    const expire = (limitMs: number, what: string) => () => {
      this.cancel(turnTimeout(what, limitMs));
    };
    this.#idleTimer = new WakefulTimeout(limits.idleMs, expire(limits.idleMs, 'sent nothing'));
    this.#turnTimer = new WakefulTimeout(limits.turnMs, expire(limits.turnMs, 'did not finish'));
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  get call(): WrittenCall | undefined {
    return this.#call;
  }

  [Symbol.asyncIterator](): AsyncIterator<AnswerEvent> {
    return this.#queue[Symbol.asyncIterator]();
  }

  cancel(error: GatewayError): void {
    if (this.#ended) return;
    this.#hooks.stop(this.#sessionId);
    this.#end(error);
  }

  /** The reply to `chat/ask` itself: optional, and only bad news matters (protocol §4a.1). */
  onReply(reply: RpcReply | GatewayError): void {
    if (reply instanceof GatewayError) {
      this.#end(reply);
    } else if ('error' in reply) {
      this.#end(finishError(reply.error.code, reply.error.message));
    } else if (isRecord(reply.result)) {
      const { isSuccess, success, errorMsg, message } = reply.result;
      if (isSuccess === false || success === false) {
        this.#end(finishError(undefined, text(errorMsg) || text(message) || 'refused'));
      }
    }
  }

  fail(error: GatewayError): void {
    this.#end(error);
  }

  receive(method: string, params: Record<string, unknown>): void {
    this.#idleTimer.refresh();
    const sessionId = text(params['sessionId']);
    if (sessionId) this.#sessionId = sessionId;
    if (sessionId && this.#isAnotherSession() && !this.#assembly.text) {
      // The process has lost the session and answers in a new one, without what was said before.
      this.cancel(sessionReplaced());
      return;
    }
    const call = this.#tools.receive(method, params);
    if (call) {
      this.#endWith(call);
      return;
    }
    switch (method) {
      case 'chat/answer':
        this.#emit(this.#assembly.answer(saidIn(params), params['overwrite'] === true));
        return;
      case 'chat/think':
        this.#emit(this.#assembly.think(saidIn(params)));
        return;
      case 'context/usage/sync': {
        const answered = this.#assembly.text !== '';
        this.#usage = { ...this.#usage, ...contextUsage(params, answered) };
        return;
      }
      case 'error':
      case 'fatal_error':
        this.#end(finishError(undefined, text(params['message']) || text(params['error'])));
        return;
      case 'chat/finish':
        this.#finish(params);
        return;
    }
  }

  /** The process was told that it was not run; what it makes of that is no answer. */
  #endWith(call: WrittenCall): void {
    if (this.#ended) return;
    this.#call = call;
    this.#emit(this.#assembly.finish(''));
    this.#hooks.stop(this.#sessionId);
    this.#end();
  }

  #isAnotherSession(): boolean {
    return this.#continues !== undefined && this.#sessionId !== this.#continues;
  }

  #emit(events: readonly AnswerEvent[]): void {
    for (const event of events) {
      if (!this.#queue.push(event)) this.cancel(clientTooSlow());
    }
  }

  #finish(params: Record<string, unknown>): void {
    if (!reportedFailure(params)) {
      this.#emit(this.#assembly.finish(contentText(params['fullAnswer'])));
    }
    // Its reader may have been too slow for the rest.
    if (this.#ended) return;
    const problem = finishProblem(params, this.#assembly.text);
    if (problem) {
      this.#end(problem);
    } else if (this.#isAnotherSession()) {
      this.#end(sessionReplaced());
    } else {
      this.#hooks.completed({
        sessionId: this.#sessionId ?? '',
        text: this.#assembly.text,
        ...(this.#usage ? { usage: this.#usage } : {}),
      });
      this.#end();
    }
  }

  #end(error?: GatewayError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#idleTimer.clear();
    this.#turnTimer.clear();
    this.#queue.end(error);
    this.#hooks.ended(error);
  }
}

function askParams(requestId: string, request: AskRequest, imageUrls: readonly string[]): JsonText {
  const { sessionId, prompt, modelKey, mode, tools = [] } = request;
  const json = writeJson({
    requestId,
    sessionId: sessionId ?? '',
    sessionType: mode === 'agent' ? 'developer' : 'chat',
    mode,
    chatTask: 'FREE_INPUT',
    questionText: PROMPT,
    chatContext: {
      text: PROMPT,
      localeLang: 'en',
      preferredLanguage: 'en',
      ...(imageUrls.length > 0 ? { imageUrls } : {}),
    },
    codeLanguage: '',
    isReply: sessionId !== undefined,
    // A number: as a string it broke the upstream call (protocol §4a.1).
    source: 1,
    stream: true,
    taskDefinitionType: 'system',
    extra: { context: [], ...(modelKey ? { modelConfig: { key: modelKey } } : {}) },
    targetAgent: '',
    // Left on, these put the assistant's own long agent prompt in front of ours (protocol §4a.1).
    pluginPayloadConfig: {
      isEnableAutoMemory: false,
      isEnableProjectRule: false,
      isEnableAskAgent: false,
    },
    ...(tools.length > 0 ? { tools: toolParams(tools) } : {}),
    shellType: '',
    customModel: null,
  });
  // Of a long conversation, escaping it takes longer than all the rest: once is enough.
  return new JsonText(json.split(`"${PROMPT}"`).join(JSON.stringify(prompt)));
}

/** What an event says; versions name the field differently (protocol §8.1, C-24). */
function saidIn(params: Record<string, unknown>): string {
  return contentText(params['text'] ?? params['content']);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function noop(): void {
  return undefined;
}
