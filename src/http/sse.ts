/** Server-sent events with back-pressure. */
import { once } from 'node:events';
import type { RequestContext } from './context';

/** How long a stream may be silent before it shows that it lives. */
const KEEP_ALIVE_MS = 15_000;
const EVENT_STREAM = 'text/event-stream; charset=utf-8';
/** Characters that are not kept for others to join them. */
const FULL_CHUNK = 16 * 1024;

export class SseStream {
  readonly #context: RequestContext;
  readonly #signOfLife: string;
  readonly #contentType: string;
  #keepAlive: NodeJS.Timeout | undefined;
  /** Events of this tick, which travel in one chunk. */
  #unsent = '';

  /**
   * @param signOfLife What to write when nothing has happened for a while.
   * @param contentType For dialects that stream something else.
   */
  constructor(context: RequestContext, signOfLife: string, contentType = EVENT_STREAM) {
    this.#context = context;
    this.#signOfLife = signOfLife;
    this.#contentType = contentType;
  }

  get opened(): boolean {
    return this.#context.response.headersSent;
  }

  /**
   * Begins the stream: from here on failures can only be told inside it. The headers travel with
   * the first event, in one packet; `flush` sends them alone when there is none yet.
   */
  open(headers: Readonly<Record<string, string>> = {}): void {
    const { response } = this.#context;
    if (this.opened || response.destroyed) return;
    response.writeHead(200, {
      ...this.#context.headers,
      ...headers,
      'content-type': this.#contentType,
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    this.#keepAlive = setInterval(() => {
      // A reader who does not even take what is there needs no sign of life.
      if (!response.writableNeedDrain) response.write(this.#signOfLife);
    }, KEEP_ALIVE_MS);
    response.once('close', () => {
      clearInterval(this.#keepAlive);
    });
  }

  flush(): void {
    if (this.opened) this.#context.response.flushHeaders();
  }

  /**
   * Writes events, together with what else is written in this tick. Undefined when there is room
   * for more, else a promise that resolves once there is, or when nobody reads any more.
   */
  write(text: string): Promise<void> | undefined {
    const { response } = this.#context;
    if (!text || response.destroyed) return undefined;
    this.#keepAlive?.refresh();
    if (!this.#unsent) {
      process.nextTick(() => {
        this.#send();
      });
    }
    this.#unsent += text;
    if (this.#unsent.length >= FULL_CHUNK) this.#send();
    return response.writableNeedDrain ? this.#drained() : undefined;
  }

  end(): void {
    clearInterval(this.#keepAlive);
    const rest = this.#unsent;
    this.#unsent = '';
    this.#context.response.end(rest);
  }

  #send(): void {
    const { response } = this.#context;
    const text = this.#unsent;
    this.#unsent = '';
    if (text && !response.destroyed) response.write(text);
  }

  async #drained(): Promise<void> {
    const { response, signal } = this.#context;
    // `drain` never comes on a connection that has died: the signal covers close and error.
    await once(response, 'drain', { signal }).catch(() => undefined);
  }
}
