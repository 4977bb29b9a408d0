import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { freePort } from '../../scripts/ports.mjs';
import type { RequestContext } from '../../src/http/context';
import { Guard } from '../../src/http/guard';
import { KeyRing } from '../../src/http/keyRing';
import {
  HttpServer,
  type HttpServerOptions,
  type RequestRecord,
  type Route,
} from '../../src/http/server';
import { createLogger } from '../../src/observe/log';

export const KEY = 'test-key';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Send {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** One piece is sent with its length, several are sent in chunks without one. */
  readonly body?: readonly (string | Uint8Array)[];
}

/** A real listener on a free port, with one `POST /` that the test handles. */
export class HttpBench {
  readonly server: HttpServer;
  readonly requests: RequestRecord[] = [];
  /** Lines of warnings and errors. */
  readonly complaints: string[] = [];
  port = 0;

  constructor(
    handle: (context: RequestContext) => Promise<void> | void,
    routes: Route[] = [],
    options: Partial<HttpServerOptions> = {},
  ) {
    this.server = new HttpServer({
      guard: new Guard(new KeyRing(KEY)),
      logger: createLogger((_, line) => this.complaints.push(line), 'warn'),
      onRequest: (record) => this.requests.push(record),
      ...options,
    });
    this.server.serve([{ method: 'POST', path: '/', access: 'key', handle }, ...routes]);
  }

  async start(): Promise<void> {
    // Taken again by tests after it was lost, when nobody else may have got it meanwhile.
    this.port = await this.server.listen(await freePort());
  }

  send({ method = 'POST', path = '/', headers = {}, body = [] }: Send): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const length =
        body.length === 1 ? { 'content-length': Buffer.byteLength(body[0] ?? '') } : {};
      const request = httpRequest({
        host: '127.0.0.1',
        port: this.port,
        method,
        path,
        agent: false,
        headers: {
          'x-api-key': KEY,
          ...(body.length > 0 ? { 'content-type': 'application/json' } : {}),
          ...length,
          ...headers,
        },
      });
      request.once('error', reject);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      for (const piece of body) request.write(piece);
      request.end();
    });
  }

  /** A bare connection, on which the test speaks HTTP itself. */
  raw(text = ''): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => {
        socket.write(text);
        resolve(socket);
      });
      socket.once('error', reject);
    });
  }
}

/** The head of a request that a bare connection may send. */
export function requestHead(headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ host: '127.0.0.1', 'x-api-key': KEY, ...headers });
  return ['POST / HTTP/1.1', ...lines.map((line) => line.join(': ')), '', ''].join('\r\n');
}

/**
 * Waits until `holds`, without waiting any longer than needed; fails after `limitMs`, which is less
 * than any limit that a listener has by default, so that none of them can bring it about.
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 8_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
