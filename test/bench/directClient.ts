/**
 * The yardstick: turns run straight over the demo's WebSocket, with as little as the protocol
 * allows (§2 framing, §2.1 acknowledgements, §4a turns). Shares no code with the gateway.
 */
import { askParams } from './askParams';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as v from 'valibot';
import { type RawData, WebSocket } from 'ws';
import { checkAnswer, promptFor, type Script, type TurnTimes } from './turn';

const incoming = v.object({
  id: v.optional(v.number()),
  method: v.optional(v.string()),
  params: v.optional(v.record(v.string(), v.unknown())),
  result: v.optional(v.unknown()),
  error: v.optional(v.object({ message: v.string() })),
});

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

type EventListener = (method: string, params: Readonly<Record<string, unknown>>) => void;

export class DirectClient {
  readonly #socket: WebSocket;
  readonly #model: string;
  readonly #pending = new Map<number, Pending>();
  readonly #turns = new Map<string, EventListener>();
  #lastId = 0;

  private constructor(socket: WebSocket, model: string) {
    this.#socket = socket;
    this.#model = model;
    socket.on('message', (data: RawData) => {
      this.#receive(bodyOf(data));
    });
  }

  static async connect(port: number, model: string): Promise<DirectClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
    await once(socket, 'open');
    const client = new DirectClient(socket, model);
    await client.#request('initialize', { processId: process.pid, capabilities: {} });
    return client;
  }

  /** One message in a session of its own, which is deleted once the clock has stopped. */
  async freshTurn(script: Script): Promise<TurnTimes> {
    const prompt = promptFor(script);
    const requestId = randomUUID();
    const beganMs = performance.now();
    let firstMs: number | undefined;
    let answer = '';
    const sessionId = await new Promise<string>((resolve, reject) => {
      this.#turns.set(requestId, (method, params) => {
        if (method === 'chat/answer') {
          firstMs ??= performance.now() - beganMs;
          answer += String(params['text']);
        } else if (method === 'chat/finish') {
          if (params['statusCode'] === 200) resolve(String(params['sessionId']));
          else reject(new Error(`direct turn failed: ${String(params['reason'])}`));
        }
      });
      this.#request('chat/ask', askParams(requestId, prompt, this.#model)).catch(reject);
    });
    const totalMs = performance.now() - beganMs;
    this.#turns.delete(requestId);
    checkAnswer(script, answer);
    await this.#request('chat/deleteSessionById', { sessionId });
    return { firstMs: firstMs ?? totalMs, totalMs };
  }

  close(): void {
    this.#socket.close();
  }

  #request(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId;
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    this.#send({ jsonrpc: '2.0', id, method, params });
    return reply;
  }

  #receive(body: string): void {
    const { id, method, params = {}, result, error } = v.parse(incoming, JSON.parse(body));
    if (method === undefined) {
      const pending = this.#pending.get(id ?? 0);
      this.#pending.delete(id ?? 0);
      if (error) pending?.reject(new Error(error.message));
      else pending?.resolve(result);
      return;
    }
    if (id !== undefined) this.#send({ jsonrpc: '2.0', id, result: {} });
    this.#turns.get(String(params['requestId']))?.(method, params);
  }

  #send(message: object): void {
    const json = JSON.stringify(message);
    this.#socket.send(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
  }
}

/** The frame in a message. The demo sends whole frames, one a message, unless told otherwise. */
function bodyOf(data: RawData): string {
  const message = Buffer.isBuffer(data) ? data.toString() : '';
  const separator = message.indexOf('\r\n\r\n');
  if (separator < 0) throw new Error('a message of the demo is not one frame');
  return message.slice(separator + 4);
}
