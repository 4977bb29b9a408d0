/** Server-sent events with back-pressure. */
import { once } from 'node:events';
import type { RequestContext } from './context';

/** How long a stream may be silent before it shows that it lives. */
const KEEP_ALIVE_MS = 15_000;
const EVENT_STREAM = 'text/event-stream; charset=utf-8';

export class SseStream {
  readonly #context: RequestContext;
  readonly #signOfLife: string;
  readonly #contentType: string;
  #keepAlive: NodeJS.Timeout | undefined;

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

  /** Writes events; resolves when there is room for more, or when nobody reads any more. */
  async write(text: string): Promise<void> {
    const { response, signal } = this.#context;
    if (!text || response.destroyed) return;
    this.#keepAlive?.refresh();
    if (response.write(text)) return;
    // `drain` never comes on a connection that has died: the signal covers close and error.
    await once(response, 'drain', { signal }).catch(() => undefined);
  }

  end(): void {
    clearInterval(this.#keepAlive);
    this.#context.response.end();
  }
}
