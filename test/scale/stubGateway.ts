/** Stands where a gateway would: says what came, and nothing else. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class StubGateway {
  readonly port: number;
  /** Everything that came but health checks. */
  readonly seen: SeenRequest[] = [];
  /** Set, it cuts the connection in place of an answer. */
  dies = false;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('request', (request, response) => {
      if (request.url === '/healthz') {
        response.end();
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url = '', headers } = request;
        this.seen.push({ url, headers, body: Buffer.concat(chunks).toString() });
        if (this.dies) request.socket.destroy();
        else response.end('{}');
      });
    });
  }

  static async start(): Promise<StubGateway> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new StubGateway(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
