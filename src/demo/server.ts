import { type Server, createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { type ServerOptions, WebSocketServer } from 'ws';
import { socketChannel, webSocketChannel } from './channel';
import { Connection } from './connection';
import { maxFrameBytes } from './framing';
import type { World } from './world';

const host = '127.0.0.1';
/** Where the demo's login URL leads; a visit signs in. */
const loginPath = '/login';

/** The URL `login/generateUrl` gives out (protocol §3). */
export function loginUrlOf(httpPort: number): string {
  return `http://${host}:${httpPort}${loginPath}`;
}

/** Starts to listen; rejects when the port cannot be had. */
function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The listener for the browser's way back from the login (protocol §1.1 `--httpPort`). */
export async function serveHttp(port: number, account: World['account']): Promise<void> {
  const server = createServer((request, response) => {
    const isLogin = request.method === 'GET' && request.url === loginPath;
    if (isLogin) account.signedIn = true;
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(isLogin ? 'Signed in to the Lingma demo.\n' : 'Lingma demo.\n');
  });
  await listen(server, port);
}

/** Refuses handshakes without the header of the `requiredHeader` knob (protocol §2). */
function admission({ knobs, records }: World): Pick<ServerOptions, 'verifyClient'> {
  const { requiredHeader } = knobs;
  if (requiredHeader === undefined) return {};
  return {
    verifyClient: ({ req }, decide) => {
      const admitted = (req.headers[requiredHeader.toLowerCase()] ?? '') !== '';
      if (!admitted) records.log(`handshake refused: no header ${requiredHeader}`);
      decide(admitted, 403, `the header ${requiredHeader} is required`);
    },
  };
}

/** The WebSocket listener (protocol §2); returns how to say goodbye to all clients. */
export async function serveSockets(port: number, world: World): Promise<() => void> {
  const server = createServer((_request, response) => {
    response.writeHead(426, { connection: 'close' });
    response.end('WebSocket only\n');
  });
  if (world.knobs.hang === 'upgrade') {
    server.on('upgrade', () => undefined);
    await listen(server, port);
    return () => undefined;
  }
  // The underlying sockets have Nagle's algorithm off already: ws does that itself.
  const sockets = new WebSocketServer({
    server,
    path: world.knobs.path,
    maxPayload: maxFrameBytes + 64 * 1024,
    perMessageDeflate: false,
    ...admission(world),
  });
  // ws repeats the HTTP server's errors; the one that matters is already handled by `listen`.
  sockets.on('error', () => undefined);
  const connections = new Set<Connection>();
  let count = 0;
  sockets.on('connection', (socket) => {
    const channel = webSocketChannel(socket, world.knobs);
    const connection = new Connection(channel, `client ${++count}`, world);
    connections.add(connection);
    socket.on('close', () => {
      connections.delete(connection);
    });
  });
  await listen(server, port);
  return () => {
    for (const connection of connections) connection.close(1001, 'shutting down');
  };
}

/** The listener on a unix socket (protocol §1.4); returns how to say goodbye and remove it. */
export async function serveLocal(path: string, world: World): Promise<() => void> {
  const connections = new Set<Connection>();
  let count = 0;
  const server = createSocketServer((socket) => {
    const channel = socketChannel(socket, world.knobs);
    const connection = new Connection(channel, `local client ${++count}`, world);
    connections.add(connection);
    socket.on('close', () => {
      connections.delete(connection);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return () => {
    for (const connection of connections) connection.close(1001, 'shutting down');
    server.close();
  };
}
