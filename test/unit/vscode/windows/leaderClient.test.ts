import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { GatewayError } from '../../../../src/base/errors';
import { CHALLENGE_HEADER, proveIdentity } from '../../../../src/gateway/windowIdentity';
import { linesOf, openStream } from '../../../../src/vscode/windows/leaderClient';

const secret = 'the secret of the windows';

describe('a window that leads', () => {
  let port = 0;
  let answer: (response: ServerResponse) => void;
  const server = createServer((request, response) => {
    if (request.url !== '/healthz') {
      answer(response);
      return;
    }
    const challenge = String(request.headers[CHALLENGE_HEADER]);
    const claim = { protocol: 1, version: '0.1.0' };
    const body = JSON.stringify({ identity: proveIdentity(secret, { challenge, port }, claim) });
    response.writeHead(200, { 'content-length': Buffer.byteLength(body) }).end(body);
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });

  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const open = (headMs: number) =>
    openStream({ port, secret }, { method: 'GET', path: '/internal/events', headMs });

  it('has gone when it proves itself and then says nothing more', async () => {
    answer = () => undefined;
    await assert.rejects(
      open(50),
      (error) => error instanceof GatewayError && error.code === 'leader_gone',
    );
  });

  it('may take its time once it has begun', async () => {
    answer = (response) => {
      response.writeHead(200).write('one\n');
      setTimeout(() => response.end('two\n'), 1_500);
    };
    const lines: string[] = [];
    for await (const line of linesOf(await open(1_200))) lines.push(line);
    assert.deepEqual(lines, ['one', 'two']);
  });
});
