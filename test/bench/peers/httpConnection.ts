/**
 * A keep-alive HTTP/1.1 connection that sends one and the same request again and again, and does
 * next to nothing with the answers: what it costs is taken from what is measured.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { deltaPattern, firstWord, lastWord, sharedNowMs } from './plan';
import type { Connection, Delivery, TurnTimes } from './turnTimes';

/** No answer takes this long: a run that hangs has to end. */
const limitMs = 60_000;

export interface HttpRequest {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request as it travels. */
export function bytesOf({ port, path, headers, body }: HttpRequest): Buffer {
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

/** An answer as it comes in. */
interface Incoming {
  readonly beganMs: number;
  readonly watch: boolean;
  readonly deliveries: Delivery[];
  text: string;
  /** Where the body begins; 0 while the headers are not complete. */
  bodyAt: number;
  /** Where it ends; undefined for a chunked one. */
  endAt: number | undefined;
  /** Behind the last delta that was found. */
  seenTo: number;
  firstMs: number | undefined;
  resolve(times: TurnTimes): void;
  reject(error: Error): void;
}

export class HttpConnection implements Connection {
  readonly #socket: Socket;
  #request: Buffer;
  #incoming: Incoming | undefined;
  #answer = '';

  private constructor(socket: Socket, request: Buffer) {
    this.#socket = socket;
    this.#request = request;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.setTimeout(limitMs, () => socket.destroy(new Error(`silent for ${limitMs} ms`)));
    socket.on('data', (text: string) => {
      this.#receive(text);
    });
    socket.on('error', (error) => {
      this.#fail(error);
    });
    socket.on('close', () => {
      this.#fail(new Error('the connection was closed in the middle of a turn'));
    });
  }

  static async open(port: number, request: Buffer): Promise<HttpConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new HttpConnection(socket, request);
  }

  /** The next turns send this. */
  set request(request: Buffer) {
    this.#request = request;
  }

  /** The body of the newest whole answer. */
  get answer(): string {
    return this.#answer;
  }

  turn(watch: boolean): Promise<TurnTimes> {
    return new Promise((resolve, reject) => {
      this.#incoming = {
        ...{ beganMs: performance.now(), watch, deliveries: [], text: '', bodyAt: 0 },
        ...{ endAt: undefined, seenTo: 0, firstMs: undefined, resolve, reject },
      };
      this.#socket.write(this.#request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#incoming?.reject(error);
    this.#incoming = undefined;
  }

  #receive(text: string): void {
    const incoming = this.#incoming;
    if (!incoming) return;
    incoming.text += text;
    if (incoming.bodyAt === 0 && !readHead(incoming)) return;
    if (incoming.firstMs === undefined && incoming.text.includes(firstWord, incoming.bodyAt)) {
      incoming.firstMs = performance.now() - incoming.beganMs;
    }
    if (incoming.watch) noteDeliveries(incoming);
    if (!isWhole(incoming)) return;
    const totalMs = performance.now() - incoming.beganMs;
    this.#incoming = undefined;
    if (!incoming.text.startsWith('HTTP/1.1 200') || !incoming.text.includes(lastWord)) {
      incoming.reject(new Error(`no whole answer: ${incoming.text.slice(0, 2_000)}`));
      return;
    }
    this.#answer = incoming.text.slice(incoming.bodyAt);
    const { firstMs = totalMs, deliveries } = incoming;
    incoming.resolve({ firstMs, totalMs, deliveries });
  }
}

function readHead(incoming: Incoming): boolean {
  const end = incoming.text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  incoming.bodyAt = end + 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(incoming.text.slice(0, end))?.[1];
  if (length !== undefined) incoming.endAt = incoming.bodyAt + Number(length);
  return true;
}

/** Events end with two line ends of one character, so nothing else ends like the last chunk. */
function isWhole({ text, endAt }: Incoming): boolean {
  return endAt === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= endAt;
}

function noteDeliveries(incoming: Incoming): void {
  const arrivedMs = sharedNowMs();
  deltaPattern.lastIndex = incoming.seenTo;
  for (let found = deltaPattern.exec(incoming.text); found;) {
    incoming.deliveries.push({ writtenMs: Number(found[1]), arrivedMs });
    incoming.seenTo = deltaPattern.lastIndex;
    found = deltaPattern.exec(incoming.text);
  }
}
