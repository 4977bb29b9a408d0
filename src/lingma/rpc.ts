/**
 * A JSON-RPC 2.0 peer over framed messages. Lingma sends most of its traffic as requests that want
 * an answer (protocol §2.1), so every inbound request is acknowledged here, at once and before any
 * handler sees it: no handler can delay or forget it.
 */
import { GatewayError, toGatewayError } from '../base/errors';
import { JsonText, spellingOf, writeJson } from '../base/exactJson';
import { isRecord } from '../base/json';
import { WakefulTimeout } from '../base/wakefulTimeout';
import { type Framing, headerFraming, MAX_FRAME_BYTES, type MessageDecoder } from './framing';

/** A connected message channel; whoever opened it owns its errors and time-outs. */
export interface MessageSocket {
  send(text: string): void;
  close(): void;
  onMessage(listener: (data: string | Uint8Array) => void): void;
  onClose(listener: (reason: string) => void): void;
}

/** Answers an inbound request with an error in place of a result. */
export class Refusal {
  constructor(
    readonly code: number,
    readonly message: string,
  ) {}
}

export interface RpcHandlers {
  /** A request or notification from the peer; a request has been answered already. */
  onMessage(method: string, params: unknown): void;
  /** What to answer an inbound request with: a result, `{}` unless the method wants one, or a refusal. */
  reply(method: string, params: unknown): unknown;
  /** The connection ended; every pending request has been rejected. Called once. */
  onClose(error: GatewayError): void;
}

/** JSON-RPC's code for a method that a peer does not have. */
export const METHOD_NOT_FOUND = -32601;

/** What a peer answered: exactly one of the two, as JSON-RPC has it. */
export type RpcReply =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } };

type Id = string | number;

export class RpcConnection {
  readonly #socket: MessageSocket;
  readonly #handlers: RpcHandlers;
  readonly #framing: Framing;
  readonly #decoder: MessageDecoder;
  readonly #pending = new Map<Id, (reply: RpcReply | GatewayError) => void>();
  #nextId = 1;
  #closed: GatewayError | undefined;

  constructor(socket: MessageSocket, handlers: RpcHandlers, framing: Framing = headerFraming) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#framing = framing;
    this.#decoder = framing.createDecoder();
    socket.onMessage((data) => {
      this.#receive(data);
    });
    socket.onClose((reason) => {
      this.#end(connectionLost(reason));
    });
  }

  /** Sends a request and waits for its result; rejects with a GatewayError on error or time-out. */
  request(method: string, params: object, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.send(method, params, (reply) => {
        timer.clear();
        if (reply instanceof GatewayError) reject(reply);
        else if ('error' in reply) reject(rejected(method, reply.error));
        else resolve(reply.result);
      });
      const timer = new WakefulTimeout(timeoutMs, () => {
        this.#pending.delete(id);
        reject(
          new GatewayError({
            code: 'upstream_timeout',
            status: 504,
            message: `Lingma did not answer ${method} within ${timeoutMs / 1000} s.`,
            retryable: true,
          }),
        );
      });
    });
  }

  /**
   * Sends a request without waiting. `onReply` hears its reply, or the error that ended the
   * connection; it may never be called, since some requests are never answered (protocol §4a.1).
   */
  send(method: string, params: object, onReply: (reply: RpcReply | GatewayError) => void): Id {
    const id = this.#nextId++;
    if (this.#closed) {
      const error = this.#closed;
      queueMicrotask(() => {
        onReply(error);
      });
      return id;
    }
    const json = params instanceof JsonText ? params.json : writeJson(params);
    const frame = this.#framing.encode(
      // Our own names of methods have nothing to escape.
      `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${json}}`,
    );
    if (frame.length > MAX_FRAME_BYTES) {
      // Sent, it would end the connection, and with it every other session of the process.
      queueMicrotask(() => {
        onReply(tooLarge());
      });
      return id;
    }
    this.#pending.set(id, onReply);
    this.#socket.send(frame);
    return id;
  }

  /** Sends a notification, to which no reply exists. */
  notify(method: string, params: unknown): void {
    this.#write(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Stops listening for the reply to a request; for requests whose answer came another way. */
  forget(id: Id): void {
    this.#pending.delete(id);
  }

  /** Requests still waiting for a reply; for leak checks. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  close(): void {
    this.#end(connectionLost('closed by the gateway'));
  }

  #receive(data: string | Uint8Array): void {
    if (this.#closed) return;
    try {
      for (const body of this.#decoder.read(data)) {
        this.#dispatch(this.#framing.parse(body));
        // A handler may have closed the connection; nobody listens to the rest.
        if (this.#isClosed()) return;
      }
    } catch (error) {
      this.#end(toGatewayError(error));
    }
  }

  #dispatch(message: unknown): void {
    if (!isRecord(message)) return;
    const { id, method, params } = message;
    // Ids of the two directions are independent and may collide: only `method` tells them apart.
    if (typeof method === 'string') {
      if (typeof id === 'string' || typeof id === 'number') {
        const reply = this.#handlers.reply(method, params);
        const outcome = reply instanceof Refusal ? 'error' : 'result';
        // With its very digits: rounded, it is the id of another request.
        const spelled =
          typeof id === 'string' ? JSON.stringify(id) : (spellingOf(message, 'id') ?? id);
        this.#write(`{"jsonrpc":"2.0","id":${spelled},"${outcome}":${JSON.stringify(reply)}}`);
      }
      this.#handlers.onMessage(method, params);
    } else if (typeof id === 'string' || typeof id === 'number') {
      this.#settle(id, message);
    }
  }

  #settle(id: Id, message: Record<string, unknown>): void {
    const onReply = this.#pending.get(id);
    if (!onReply) return;
    this.#pending.delete(id);
    const { error, result } = message;
    if (isRecord(error)) {
      const code = typeof error['code'] === 'number' ? error['code'] : 0;
      const text = typeof error['message'] === 'string' ? error['message'] : 'no message';
      onReply({ error: { code, message: text } });
    } else {
      onReply({ result });
    }
  }

  #isClosed(): boolean {
    return this.#closed !== undefined;
  }

  #write(json: string): void {
    if (!this.#closed) this.#socket.send(this.#framing.encode(json));
  }

  #end(error: GatewayError): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#socket.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    // First, so that what was open at the end can still be told, and nothing new begins here.
    this.#handlers.onClose(error);
    for (const onReply of pending) onReply(error);
  }
}

/** The connection to the process ended, whoever closed it. */
export function connectionLost(reason: string): GatewayError {
  return new GatewayError({
    code: 'instance_lost',
    status: 502,
    message: `The connection to Lingma ended (${reason}). Send the request again.`,
    retryable: true,
  });
}

function tooLarge(): GatewayError {
  return new GatewayError({
    code: 'body_too_large',
    status: 413,
    message: 'The conversation is too long for Lingma. Send less of it.',
  });
}

function rejected(method: string, error: { code: number; message: string }): GatewayError {
  return new GatewayError({
    code: 'upstream_rejected',
    status: 502,
    message: `Lingma refused ${method}: ${error.message} (${error.code}).`,
  });
}
