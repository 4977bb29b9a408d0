/**
 * The `session/*` dialect (protocol §4b, §4c): of Lingma's own applications, which know a turn by
 * its request id, and of standard agents, which know it by its session.
 */
import { randomUUID } from 'node:crypto';
import { GatewayError, toGatewayError } from '../../base/errors';
import { isRecord } from '../../base/json';
import { farewell } from '../deleteSession';
import type { Answer, AskLimits, AskObserver, AskRequest, Dialect } from '../dialect';
import type { RpcConnection } from '../rpc';
import type { AgentFacts } from './facts';
import { cancelParams, promptParams, REQUEST_ID, type Runtime } from './params';
import type { Sessions } from './sessions';
import { AcpTurn } from './turn';

export interface AcpOptions {
  readonly rpc: RpcConnection;
  readonly runtime: Runtime;
  readonly facts: AgentFacts;
  readonly sessions: Sessions;
  readonly limits: AskLimits;
}

/** A turn on its way, under both names that its events may carry. */
interface Running {
  readonly turn: AcpTurn;
  readonly requestId: string;
  sessionId: string | undefined;
  /** Our call of `session/prompt`, once it is sent. */
  rpcId: string | number | undefined;
}

export class AcpDialect implements Dialect {
  readonly #options: AcpOptions;
  readonly #running = new Map<string, Running>();
  readonly #bySession = new Map<string, Running>();
  #completedTurns = 0;

  constructor(options: AcpOptions) {
    this.#options = options;
  }

  get completedTurns(): number {
    return this.#completedTurns;
  }

  get openTurns(): number {
    return this.#running.size;
  }

  ask(request: AskRequest, observer: AskObserver): Answer {
    const { rpc, runtime, limits } = this.#options;
    const requestId = randomUUID();
    const turn = new AcpTurn(runtime, limits, {
      completed: (result) => {
        this.#completedTurns++;
        observer.completed(result);
      },
      ended: (error) => {
        this.#forget(running);
        observer.ended(error);
      },
      cancel: () => {
        const { sessionId } = running;
        if (sessionId === undefined) return;
        rpc.notify('session/cancel', cancelParams(runtime, sessionId, requestId));
      },
    });
    const running: Running = { turn, requestId, sessionId: undefined, rpcId: undefined };
    this.#running.set(requestId, running);
    this.#run(running, request).catch((error: unknown) => {
      turn.fail(toGatewayError(error));
    });
    return turn;
  }

  deleteSession(sessionId: string): void {
    void this.#options.sessions.release(sessionId);
  }

  receive(method: string, params: unknown): void {
    if (method !== 'session/update' || !isRecord(params)) return;
    // An unknown id belongs to a turn that ended or to somebody else's: nothing to do or to keep.
    this.#addressee(params)?.turn.receive(params);
  }

  async retire(): Promise<void> {
    await farewell([this.#options.sessions.releaseAll()]);
  }

  close(error: GatewayError): void {
    for (const { turn } of [...this.#running.values()]) turn.fail(error);
  }

  async #run(running: Running, request: AskRequest): Promise<void> {
    const { rpc, runtime, facts, sessions } = this.#options;
    const { turn, requestId } = running;
    if (request.images.length > 0 && !takesImages(runtime, facts)) throw noImages();
    const sessionId = request.sessionId ?? (await sessions.open());
    if (turn.isOver()) {
      if (request.sessionId === undefined) sessions.putBack(sessionId);
      return;
    }
    // Checked and entered in one go: a session answers one prompt at a time.
    if (this.#bySession.has(sessionId)) throw sessionBusy();
    running.sessionId = sessionId;
    this.#bySession.set(sessionId, running);
    turn.on(sessionId);
    const params = promptParams(runtime, sessionId, requestId, request);
    await sessions.useModel(sessionId, request.modelKey);
    if (turn.isOver()) return;
    turn.prompting();
    running.rpcId = rpc.send('session/prompt', params, (reply) => {
      turn.onReply(reply);
    });
  }

  #addressee(params: Readonly<Record<string, unknown>>): Running | undefined {
    const requestId = metaOf(params) ?? metaOf(params['update']);
    if (requestId !== undefined) return this.#running.get(requestId);
    const { sessionId } = params;
    return typeof sessionId === 'string' ? this.#bySession.get(sessionId) : undefined;
  }

  #forget(running: Running): void {
    const { requestId, sessionId, rpcId } = running;
    this.#running.delete(requestId);
    if (rpcId !== undefined) this.#options.rpc.forget(rpcId);
    if (sessionId !== undefined && this.#bySession.get(sessionId) === running) {
      this.#bySession.delete(sessionId);
    }
  }
}

/** A Lingma application that says nothing about pictures takes them (protocol §7). */
function takesImages(runtime: Runtime, { images }: AgentFacts): boolean {
  return runtime === 'agent' ? images === true : images !== false;
}

function metaOf(value: unknown): string | undefined {
  const meta = isRecord(value) ? value['_meta'] : undefined;
  const requestId = isRecord(meta) ? meta[REQUEST_ID] : undefined;
  return typeof requestId === 'string' ? requestId : undefined;
}

function noImages(): GatewayError {
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    message: 'The agent behind this gateway takes no images. Send text instead.',
  });
}

function sessionBusy(): GatewayError {
  return new GatewayError({
    code: 'upstream_rejected',
    status: 409,
    message: 'The session is in the middle of another turn. Send the request again.',
    retryable: true,
  });
}
