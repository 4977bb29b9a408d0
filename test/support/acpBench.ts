import { afterEach } from 'mocha';
import type { AnswerEvent } from '../../src/lingma/answerQueue';
import { AcpDialect } from '../../src/lingma/acp/dialect';
import type { AgentFacts } from '../../src/lingma/acp/facts';
import { REQUEST_ID, type Runtime } from '../../src/lingma/acp/params';
import { Sessions } from '../../src/lingma/acp/sessions';
import type { Answer, AnswerResult, AskLimits, AskRequest } from '../../src/lingma/dialect';
import { GatewayError } from '../../src/base/errors';
import { isRecord } from '../../src/base/json';
import { replyTo } from '../../src/lingma/inbound';
import { RpcConnection } from '../../src/lingma/rpc';
import { settled } from './async';
import { FakeSocket, type WireMessage } from './fakeSocket';

export interface AcpBenchOptions {
  readonly runtime?: Runtime;
  readonly facts?: AgentFacts;
  readonly limits?: Partial<AskLimits>;
}

/** A dialect on a connection whose other end the test plays, wired as an instance wires it. */
export class AcpBench {
  readonly socket = new FakeSocket();
  readonly rpc: RpcConnection;
  readonly sessions: Sessions;
  readonly dialect: AcpDialect;
  readonly #answered = new Set<WireMessage['id']>();

  constructor({ runtime = 'lingma', facts, limits }: AcpBenchOptions) {
    this.rpc = new RpcConnection(this.socket, {
      reply: (method, params) => replyTo(method, params, runtime === 'agent' ? 'agent' : 'shared'),
      onMessage: (method, params) => {
        this.dialect.receive(method, params);
      },
      onClose: (error) => {
        this.dialect.close(error);
      },
    });
    const parts = { rpc: this.rpc, runtime, facts: facts ?? { images: true, release: undefined } };
    this.sessions = new Sessions({ ...parts, cwd: '/empty' });
    this.dialect = new AcpDialect({
      ...parts,
      sessions: this.sessions,
      limits: { idleMs: 60_000, turnMs: 60_000, ...limits },
    });
  }

  /** Starts a turn, without playing the other end. */
  ask(change: Partial<AskRequest> = {}): AcpTurnBench {
    const request = {
      sessionId: undefined,
      prompt: 'hi',
      images: [],
      modelKey: '',
      mode: 'chat' as const,
      ...change,
    };
    return new AcpTurnBench(this, request);
  }

  /** Starts a turn on a new session of this id and lets its prompt be sent. */
  async prompted(sessionId: string, change: Partial<AskRequest> = {}): Promise<AcpTurnBench> {
    const turn = this.ask(change);
    if (change.sessionId === undefined) await this.reply('session/new', { sessionId });
    if (change.modelKey) await this.reply('session/set_model', {});
    await settled();
    turn.prompted();
    return turn;
  }

  /** Answers the oldest call of this method that has no answer yet. */
  async reply(method: string, result: unknown): Promise<void> {
    await settled();
    this.socket.say({ id: this.#open(method), result });
    await settled();
  }

  /** Refuses it. */
  async refuse(method: string, code: number, message: string): Promise<void> {
    await settled();
    this.socket.say({ id: this.#open(method), error: { code, message } });
    await settled();
  }

  #open(method: string): WireMessage['id'] {
    const call = this.socket.calls(method).find(({ id }) => !this.#answered.has(id));
    if (call === undefined) throw new Error(`there is no open call of ${method}`);
    this.#answered.add(call.id);
    return call.id;
  }
}

/** For a `describe` block: makes benches, whose turns end after each test. */
export function useAcp(): (options?: AcpBenchOptions) => AcpBench {
  const made: AcpBench[] = [];
  afterEach(() => {
    for (const bench of made.splice(0)) bench.rpc.close();
  });
  return (options = {}) => {
    const bench = new AcpBench(options);
    made.push(bench);
    return bench;
  };
}

/** A turn: what the test plays of it, and what has come of it. */
export class AcpTurnBench {
  readonly answer: Answer;
  readonly completed: AnswerResult[] = [];
  ended = 0;
  requestId = '';
  readonly #bench: AcpBench;

  constructor(bench: AcpBench, request: AskRequest) {
    this.#bench = bench;
    this.answer = bench.dialect.ask(request, {
      completed: (result) => this.completed.push(result),
      ended: () => this.ended++,
    });
  }

  /** Takes note of the prompt that was sent last. */
  prompted(): void {
    const meta = this.#bench.socket.calls('session/prompt').at(-1)?.params?.['_meta'];
    const requestId = isRecord(meta) ? meta[REQUEST_ID] : undefined;
    this.requestId = typeof requestId === 'string' ? requestId : '';
  }

  /** A `session/update` of this turn. */
  update(update: object, change: object = {}): this {
    this.#bench.socket.say({
      method: 'session/update',
      params: {
        sessionId: this.answer.sessionId,
        ...(this.requestId ? { _meta: { [REQUEST_ID]: this.requestId } } : {}),
        update,
        ...change,
      },
    });
    return this;
  }

  say(text: string): this {
    return this.update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
  }

  finish(data: object = { reason: 'finished', statusCode: 200 }): this {
    return this.update({ sessionUpdate: 'notification', type: 'chat_finish', data });
  }

  /** The reply to `session/prompt`. */
  async reply(result: unknown = {}): Promise<this> {
    await this.#bench.reply('session/prompt', result);
    return this;
  }

  /** Reads the answer to its end, good or bad. */
  async outcome(): Promise<{ events: AnswerEvent[]; text: string; error?: GatewayError }> {
    const events: AnswerEvent[] = [];
    const text = (): string =>
      events.map((event) => (event.type === 'text' ? event.delta : '')).join('');
    try {
      for await (const event of this.answer) events.push(event);
      return { events, text: text() };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return { events, text: text(), error };
    }
  }
}
