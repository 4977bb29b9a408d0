/**
 * The yardstick for ours: turns asked straight over Lingma's protocol (§2 framing, §2.1
 * acknowledgements, §4a turns), many on one WebSocket as the gateway's are, with nothing that the
 * protocol does not ask for.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import { askParams } from '../askParams';
import { lastWord, sharedNowMs } from './plan';
import type { Connection, Delivery, TurnTimes } from './turnTimes';
import { model } from './workloads';

interface Params {
  readonly requestId?: string;
  readonly text?: string;
  readonly fullAnswer?: string;
}

interface OpenTurn {
  readonly beganMs: number;
  readonly watch: boolean;
  readonly deliveries: Delivery[];
  firstMs: number | undefined;
  resolve(times: TurnTimes, answer: string): void;
  reject(error: Error): void;
}

export class LingmaLink {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #turns = new Map<string, OpenTurn>();
  #lastId = 0;

  private constructor(socket: WebSocket, tcp: Socket) {
    this.#socket = socket;
    this.#tcp = tcp;
    socket.on('message', (data: RawData) => {
      if (Buffer.isBuffer(data)) this.#receive(data);
    });
    socket.on('close', () => {
      for (const turn of this.#turns.values()) turn.reject(new Error('the upstream has gone'));
    });
  }

  static async open(port: number): Promise<LingmaLink> {
    const tcp = connect({ port, host: '127.0.0.1', noDelay: true });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
      perMessageDeflate: false,
      createConnection: () => tcp,
    });
    await once(socket, 'open');
    const link = new LingmaLink(socket, tcp);
    link.#send({ id: 0, method: 'initialize', params: {} });
    return link;
  }

  /** A client that asks this prompt, each time in a session of its own. */
  connection(prompt: string): Connection {
    return { turn: (watch) => this.#turn(prompt, watch), close: () => undefined };
  }

  /** The answer to this prompt, asked in a session of its own. */
  ask(prompt: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#begin(prompt, {
        watch: false,
        resolve: (_, answer) => {
          resolve(answer);
        },
        reject,
      });
    });
  }

  close(): void {
    this.#socket.close();
  }

  #turn(prompt: string, watch: boolean): Promise<TurnTimes> {
    return new Promise((resolve, reject) => {
      this.#begin(prompt, { watch, resolve, reject });
    });
  }

  #begin(prompt: string, asked: Pick<OpenTurn, 'watch' | 'resolve' | 'reject'>): void {
    const requestId = randomUUID();
    const beganMs = performance.now();
    this.#turns.set(requestId, { ...asked, beganMs, deliveries: [], firstMs: undefined });
    this.#send({
      id: ++this.#lastId,
      method: 'chat/ask',
      params: askParams(requestId, prompt, model),
    });
  }

  #receive(message: Buffer): void {
    const json = message.subarray(message.indexOf('\r\n\r\n') + 4).toString();
    const frame = JSON.parse(json) as {
      readonly id?: number;
      readonly method?: string;
      readonly params?: Params;
    };
    if (frame.method === undefined) return;
    this.#send({ id: frame.id, result: {} });
    const { requestId = '', text, fullAnswer } = frame.params ?? {};
    const turn = this.#turns.get(requestId);
    if (!turn) return;
    if (frame.method === 'chat/answer') {
      turn.firstMs ??= performance.now() - turn.beganMs;
      const writtenMs = Number(/@([\d.]+)/.exec(text ?? '')?.[1]);
      if (turn.watch) turn.deliveries.push({ writtenMs, arrivedMs: sharedNowMs() });
    } else if (frame.method === 'chat/finish') {
      this.#turns.delete(requestId);
      const totalMs = performance.now() - turn.beganMs;
      const { firstMs = totalMs, deliveries } = turn;
      const times = { firstMs, totalMs, deliveries };
      if (fullAnswer?.endsWith(lastWord)) turn.resolve(times, fullAnswer);
      else turn.reject(new Error('a direct turn had no whole answer'));
    }
  }

  /** What is said in one tick travels in one packet, as it does from the gateway. */
  #send(message: object): void {
    if (this.#tcp.writableCorked === 0) {
      this.#tcp.cork();
      process.nextTick(() => {
        this.#tcp.uncork();
      });
    }
    const json = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#socket.send(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
  }
}
