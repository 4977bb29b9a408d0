import { sessionPrompt } from './acp';
import type { Channel } from './channel';
import { chatAsk } from './chat';
import type { FrameEvent } from './framing';
import {
  type Incoming,
  type RpcId,
  RpcError,
  errorText,
  notificationText,
  resultText,
  rpcCodes,
  sortMessage,
} from './jsonRpc';
import { findMethod, paramsObject } from './methods';
import { Outbox } from './outbox';
import type { Client, RunningTurn, ToolResult, World } from './world';

/** The close code for a peer that breaks the protocol (RFC 6455 §7.4.1). */
const protocolError = 1002;

/** One client, from its first byte to its last (protocol §2, §2.1, §3). */
export class Connection implements Client {
  readonly turns = new Set<RunningTurn>();
  readonly toolCalls = new Map<string, (result: ToolResult) => void>();
  readonly #channel: Channel;
  readonly #world: World;
  readonly #name: string;
  readonly #outbox: Outbox;
  readonly #disabled: ReadonlySet<string>;
  #initialized = false;

  /** `name` tells the connections of one process apart in its log. */
  constructor(channel: Channel, name: string, world: World) {
    const { knobs } = world;
    this.#channel = channel;
    this.#name = name;
    this.#world = world;
    this.#disabled = new Set(knobs.disable.split(','));
    this.#outbox = new Outbox({
      write: (json) => {
        this.#channel.write(json);
      },
      stringIds: knobs.stringIds,
      holdBack: knobs.lateAnswers,
      ackTimeoutMs: knobs.ackTimeoutMs,
      onUnresponsive: (id, method) => {
        this.#giveUp(id, method);
      },
    });
    channel.onEvent((event) => {
      this.#receive(event);
    });
    channel.onClose(() => {
      this.#end();
    });
    channel.onError((error) => {
      world.records.log(`${name}: ${error.message}`);
    });
    world.records.event('client-connected', { client: name });
  }

  readonly request: Client['request'] = (method, params, onReply) => {
    this.#outbox.request(method, params, onReply);
  };

  readonly notify: Client['notify'] = (method, params) => {
    this.#channel.write(notificationText(method, params));
  };

  readonly reply: Client['reply'] = (id, result) => {
    this.#channel.write(resultText(id, result));
  };

  readonly fail: Client['fail'] = (id, code, message) => {
    this.#channel.write(errorText(id, code, message));
  };

  readonly sendRaw: Client['sendRaw'] = (text) => {
    this.#channel.sendRaw(text);
  };

  readonly isCongested = (): boolean => this.#channel.isCongested();

  readonly isAcknowledged = (): boolean => this.#outbox.unanswered === 0;

  readonly close: Client['close'] = (code, reason) => {
    this.#channel.close(code, reason);
  };

  #receive(event: FrameEvent): void {
    switch (event.kind) {
      case 'frame':
        this.#receiveJson(event.json);
        break;
      case 'unframed':
        this.#note('Unknown message header', event.text);
        break;
      case 'fault':
        this.#note(`framing fault: ${event.reason}`);
        this.close(protocolError, 'framing fault');
        break;
    }
  }

  #receiveJson(json: string): void {
    let message: unknown;
    try {
      message = JSON.parse(json);
    } catch {
      this.#note('invalid JSON in a frame', json);
      this.close(protocolError, 'invalid JSON');
      return;
    }
    this.#world.records.inbound(message);
    if (this.#world.knobs.hang !== 'initialize') this.#dispatch(sortMessage(message));
  }

  #dispatch(message: Incoming): void {
    switch (message.kind) {
      case 'response':
        if (!this.#outbox.settle(message.id, message.outcome)) {
          this.#note(`reply to no request of ours: id ${JSON.stringify(message.id)}`);
        } else if ('error' in message.outcome) {
          this.#note(`error reply: ${JSON.stringify(message.outcome.error)}`);
        }
        break;
      case 'invalid':
        this.#note(`invalid message: ${message.reason}`);
        this.fail(null, rpcCodes.invalidRequest, message.reason);
        break;
      case 'request':
        void this.#handle(message.id, message.method, message.params);
        break;
      case 'notification':
        void this.#handle(undefined, message.method, message.params);
        break;
    }
  }

  /** Runs a method up to its reply; without an id nothing is answered, not even a failure. */
  async #handle(id: RpcId | undefined, name: string, params: unknown): Promise<void> {
    try {
      if (!this.#initialized && name !== 'initialize') {
        throw new RpcError(rpcCodes.notInitialized, `${name} came before initialize`);
      }
      const disabled = this.#disabled.has(name);
      const method = disabled ? undefined : findMethod(name, this.#world.speaks);
      if (name === 'chat/ask' || name === 'session/prompt') this.#outbox.release();
      if (name === 'chat/ask' && !disabled && this.#world.speaks === 'lingma') {
        await chatAsk(id, params, this, this.#world);
      } else if (name === 'session/prompt' && !disabled) {
        await sessionPrompt(id, paramsObject(params), this, this.#world);
      } else if (method === undefined) {
        throw new RpcError(rpcCodes.unknownMethod, `unknown method: ${name}`);
      } else {
        const result = method(paramsObject(params), this.#world, this);
        if (name === 'initialize') this.#initialized = true;
        if (id !== undefined) this.reply(id, result);
      }
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.#note(error.message);
      if (id !== undefined) this.fail(id, error.code, error.message);
    }
  }

  #giveUp(id: RpcId, method: string): void {
    this.#note(
      `|Outbound| request ${JSON.stringify(id)} ${method} failed: no response from client, ` +
        'timeout reached; client not responding, closing',
    );
    this.#world.records.event('client-not-responding', { client: this.#name, id, method });
    this.close(1008, 'client not responding');
  }

  #end(): void {
    const unanswered = this.#outbox.unansweredIds();
    this.#outbox.close();
    for (const turn of this.turns) turn.stop();
    this.toolCalls.clear();
    this.#world.records.event('client-closed', { client: this.#name, unanswered });
  }

  #note(problem: string, text?: string): void {
    const sample = text === undefined ? '' : `: ${JSON.stringify(text.slice(0, 120))}`;
    this.#world.records.log(`${this.#name}: ${problem}${sample}`);
    this.#world.records.event('problem', { client: this.#name, problem });
  }
}
