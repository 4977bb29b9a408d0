/** The web server of an attacker: `hostilePage.html` at every path, and a redirect to wherever. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';

/** The page as a file, which can also be opened without any server. */
export const HOSTILE_PAGE = path.resolve('test/security/hostilePage.html');

export const hostileHtml = readFileSync(HOSTILE_PAGE, 'utf8');

/** What `attack` in the page takes. */
export interface AttackPlan {
  readonly target: string;
  readonly gets: readonly string[];
  readonly posts: readonly (readonly [path: string, json: object])[];
  readonly key: string;
  readonly away: string;
}

export class HostileSite {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async open(): Promise<HostileSite> {
    const server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'http://hostile.test');
      const to = searchParams.get('to');
      // Open to every page, and asked for every header: it is the gateway that has to refuse.
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
      response.setHeader('access-control-allow-headers', 'authorization, content-type, x-api-key');
      if (request.method === 'OPTIONS') response.writeHead(204).end();
      else if (to !== null) response.writeHead(307, { location: to }).end();
      else response.writeHead(200, { 'content-type': 'text/html' }).end(hostileHtml);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('no port');
    return new HostileSite(server, address.port);
  }

  /** Its origin under a name that the browser resolves to this machine. */
  as(name: string): string {
    return `http://${name}:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
