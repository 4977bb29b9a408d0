import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { freePort } from '../../../../scripts/ports.mjs';
import { CHALLENGE_HEADER, proveIdentity } from '../../../../src/gateway/windowIdentity';
import { probe } from '../../../../src/vscode/windows/probe';

const secret = 'the secret of the windows';

describe('who listens on the port', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(server: Server): Promise<number> {
    servers.push(server);
    server.on('connection', (socket) => sockets.add(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address && typeof address === 'object');
    return address.port;
  }
  const http = (listener: RequestListener) => listen(createHttpServer(listener));
  const raw = (talk: (socket: Socket) => void) => listen(createServer(talk));
  const look = async (port: number, timeoutMs = 10_000) =>
    (await probe({ port, secret, timeoutMs })).kind;

  /** A gateway as `/healthz` shows it, with what `prove` makes of a challenge. */
  const gateway = (prove: (challenge: string) => object) =>
    http((request, response) => {
      const body = JSON.stringify({
        status: 'unavailable',
        version: '0.1.0',
        instances: { ready: 0, total: 1 },
        ...prove(String(request.headers[CHALLENGE_HEADER])),
      });
      response.writeHead(503, { 'content-length': Buffer.byteLength(body) }).end(body);
    });

  it('is one of ours when it proves it, on a connection that can be used', async () => {
    const port: number = await gateway((challenge) => ({
      identity: proveIdentity(secret, { challenge, port }, { protocol: 1, version: '0.1.0' }),
    }));
    const found = await probe({ port, secret, timeoutMs: 10_000 });
    assert.ok(found.kind === 'ours');
    assert.deepEqual([found.identity.protocol, found.identity.version], [1, '0.1.0']);
    found.socket.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    const [chunk] = (await once(found.socket, 'data')) as [Buffer];
    assert.match(chunk.toString(), /^HTTP\/1\.1 503/);
    found.socket.destroy();
  });

  it('is another gateway when it proves nothing, or passes on the proof of another place', async () => {
    const claim = { protocol: 1, version: '0.1.0' };
    assert.equal(await look(await gateway(() => ({}))), 'gateway');
    const otherPort = await gateway((challenge) => ({
      identity: proveIdentity(secret, { challenge, port: 1 }, claim),
    }));
    assert.equal(await look(otherPort), 'gateway');
    // The gateway listens on that address only, and somebody else on loopback.
    const port: number = await gateway((challenge) => ({
      identity: proveIdentity(secret, { challenge, host: '192.168.0.2', port }, claim),
    }));
    assert.equal(await look(port), 'gateway');
  });

  it('is a stranger when it answers otherwise', async () => {
    for (const [status, body] of [
      [200, 'hello'],
      [404, '{"error":"nothing here"}'],
      [200, '[1]'],
      [200, 'null'],
      [200, JSON.stringify({ padding: 'x'.repeat(70_000) })],
    ] as const) {
      const port = await http((_, response) => {
        response.writeHead(status, { 'content-length': body.length }).end(body);
      });
      assert.equal(await look(port), 'stranger', body.slice(0, 40));
    }
    // Without a length, and without HTTP.
    assert.equal(await look(await http((_, response) => response.end('{}'))), 'stranger');
    assert.equal(await look(await raw((socket) => socket.write('SSH-2.0-x\r\n'))), 'stranger');
    const endless = (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`);
    assert.equal(await look(await raw(endless)), 'stranger');
  });

  it('is silent when it takes the connection and does not answer', async () => {
    assert.equal(await look(await raw(() => undefined), 100), 'silent');
    assert.equal(await look(await raw((socket) => socket.write('HTTP/1.1 2')), 100), 'silent');
  });

  it('is nobody when nobody listens, or the connection ends without a word', async () => {
    assert.equal(await look(await freePort()), 'gone');
    assert.equal(await look(await raw((socket) => socket.destroy())), 'gone');
  });
});
