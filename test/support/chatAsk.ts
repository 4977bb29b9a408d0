import assert from 'node:assert/strict';
import { afterEach } from 'mocha';
import { GatewayError } from '../../src/base/errors';
import type { AnswerEvent } from '../../src/lingma/answerQueue';
import { ChatAskDialect } from '../../src/lingma/chatAsk';
import type { Answer, AnswerResult, AskLimits, AskRequest } from '../../src/lingma/dialect';
import { replyTo } from '../../src/lingma/inbound';
import { RpcConnection } from '../../src/lingma/rpc';
import { FakeSocket } from './fakeSocket';

const PATIENT: AskLimits = { idleMs: 60_000, turnMs: 60_000 };

/** A dialect on a connection whose other end the test plays, wired as an instance wires it. */
export class ChatAskBench {
  readonly socket = new FakeSocket();
  readonly rpc: RpcConnection;
  readonly dialect: ChatAskDialect;
  #serverId = 0;

  constructor(limits: Partial<AskLimits> = {}) {
    this.rpc = new RpcConnection(this.socket, {
      reply: replyTo,
      onMessage: (method, params) => {
        this.dialect.receive(method, params);
      },
      onClose: (error) => {
        this.dialect.close(error);
      },
    });
    this.dialect = new ChatAskDialect(this.rpc, { ...PATIENT, ...limits });
  }

  /** Starts a turn. */
  ask(change: Partial<AskRequest> = {}): Turn {
    return new Turn(this, {
      sessionId: undefined,
      prompt: 'hi',
      images: [],
      modelKey: 'org_auto',
      mode: 'chat',
      ...change,
    });
  }

  /** The process makes a request of its client. Its ids collide with the client's, on purpose. */
  event(method: string, params: object): void {
    this.socket.say({ id: ++this.#serverId, method, params });
  }
}

/** For a `describe` block: makes benches, whose turns end after each test. */
export function useChatAsk(): (limits?: Partial<AskLimits>) => ChatAskBench {
  const made: ChatAskBench[] = [];
  afterEach(() => {
    for (const bench of made.splice(0)) bench.rpc.close();
  });
  return (limits) => {
    const bench = new ChatAskBench(limits);
    made.push(bench);
    return bench;
  };
}

/** Nothing of an ended turn may stay anywhere (protocol §8.1, C-12). */
export function assertNothingLeft({ dialect, rpc }: ChatAskBench): void {
  assert.equal(dialect.openTurns, 0);
  assert.equal(rpc.pendingCount, 0);
}

/** A running turn: what the test plays of it, and what has come of it. */
export class Turn {
  readonly answer: Answer;
  readonly requestId: string;
  readonly rpcId: string | number;
  readonly completed: AnswerResult[] = [];
  /** How often the dialect said that it is done with the turn. */
  ended = 0;
  readonly #bench: ChatAskBench;

  constructor(bench: ChatAskBench, request: AskRequest) {
    this.#bench = bench;
    this.answer = bench.dialect.ask(request, {
      completed: (result) => this.completed.push(result),
      ended: () => this.ended++,
    });
    const ask = bench.socket.calls('chat/ask').at(-1);
    this.requestId = String(ask?.params?.['requestId']);
    this.rpcId = ask?.id ?? '';
  }

  /** An event of this turn. */
  event(method: string, params: object = {}): this {
    this.#bench.event(method, { requestId: this.requestId, sessionId: 's-1', ...params });
    return this;
  }

  say(text: string, overwrite = false): this {
    return this.event('chat/answer', { text, overwrite });
  }

  finish(params: object = { statusCode: 200, reason: 'finished' }): this {
    return this.event('chat/finish', params);
  }

  /** The reply to `chat/ask`. */
  reply(message: object): this {
    this.#bench.socket.say({ id: this.rpcId, ...message });
    return this;
  }

  /** Reads the answer to its end, good or bad. */
  async outcome(): Promise<TurnOutcome> {
    const events: AnswerEvent[] = [];
    try {
      for await (const event of this.answer) events.push(event);
      return { events, text: textOf(events), error: undefined };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return { events, text: textOf(events), error };
    }
  }
}

export interface TurnOutcome {
  readonly events: readonly AnswerEvent[];
  /** What a streaming client has been shown. */
  readonly text: string;
  readonly error: GatewayError | undefined;
}

function textOf(events: readonly AnswerEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.delta : '')).join('');
}
