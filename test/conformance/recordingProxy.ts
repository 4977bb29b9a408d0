/** Between a client and the gateway: passes bytes on untouched and keeps what each request came to. */
import { once } from 'node:events';
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as the client saw it answered. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** What the client sent. */
  requestBody: string;
  /** 0 until the answer begins. */
  status: number;
  /** `x-lingma-session`: how the turn found its session; empty for what is no turn. */
  session: string;
  responseBody: string;
}

export class RecordingProxy {
  /** Everything so far, in the order in which the requests came. */
  readonly exchanges: Exchange[] = [];
  readonly #server: Server;

  private constructor(target: URL) {
    this.#server = createServer((incoming, outgoing) => {
      this.#forward(target, incoming, outgoing);
    });
  }

  /** Listens on any free port of 127.0.0.1 in front of `targetUrl`. */
  static async start(targetUrl: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(new URL(targetUrl));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(target: URL, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = '', url = '', headers } = incoming;
    const exchange: Exchange = {
      method,
      path: url,
      requestBody: '',
      status: 0,
      session: '',
      responseBody: '',
    };
    this.exchanges.push(exchange);
    const upstream = request({
      host: target.hostname,
      port: target.port,
      method,
      path: url,
      headers: { ...headers, host: target.host },
    });
    upstream.on('response', (response) => {
      const { statusCode = 502, headers: answered } = response;
      exchange.status = statusCode;
      exchange.session = String(answered['x-lingma-session'] ?? '');
      response.setEncoding('utf8').on('data', (text: string) => (exchange.responseBody += text));
      outgoing.writeHead(statusCode, answered);
      response.setEncoding('utf8').pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    // A client that leaves must look like one to the gateway.
    outgoing.on('close', () => upstream.destroy());
    incoming.setEncoding('utf8').on('data', (text: string) => (exchange.requestBody += text));
    incoming.pipe(upstream);
  }
}
