/** What the launcher takes of anybody, over real sockets: pipelines, old HTTP, slow and many ones. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { eventually, HeadlessGateway } from '../support/headless';

const CLIENT = { name: 'ci', key: 'the key of a client' };

interface Line {
  readonly socket: Socket;
  /** What has come back so far. */
  readonly text: () => string;
  readonly closed: () => boolean;
}

describe('requests of strangers', function () {
  this.timeout(60_000);

  let gateway: HeadlessGateway;
  let port: number;
  const sockets: Socket[] = [];
  let dripping: Line;
  let advance: Line;
  let drip: NodeJS.Timeout;

  before(async () => {
    gateway = await HeadlessGateway.launch({
      flags: ['--client-key', `${CLIENT.name}=${CLIENT.key}`, '--max-turns-per-key', '3'],
    });
    port = Number(new URL(gateway.baseUrl).port);
    // These take their time, so they begin first and are looked at last.
    dripping = say('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ');
    advance = say('');
    sockets.length = 0;
    drip = setInterval(() => dripping.socket.write('x'), 250);
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  after(async () => {
    clearInterval(drip);
    dripping.socket.destroy();
    advance.socket.destroy();
    await gateway.stop();
  });

  const turn = (content: string, more: object = {}) =>
    JSON.stringify({
      model: 'org_auto',
      messages: [{ role: 'user', content: `hello\nDEMO:echo ${content}` }],
      ...more,
    });

  function post(body: string | Buffer, headers: string[] = [], version = '1.1'): Buffer {
    const head = [
      `POST /v1/chat/completions HTTP/${version}`,
      `Host: 127.0.0.1:${port}`,
      `Authorization: Bearer ${gateway.apiKey}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...headers,
    ];
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]);
  }

  /** A connection that has sent that. */
  function say(bytes: string | Buffer): Line {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    let closed = false;
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => (closed = true));
    socket.write(bytes);
    return { socket, text: () => text, closed: () => closed };
  }
  const statuses = (text: string): string[] =>
    Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status = '']) => status);

  it('are answered in their order on one connection, each with its own answer', async () => {
    const health = `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    const line = say(
      Buffer.concat([
        post(turn('pipelined one')),
        Buffer.from(health),
        post('{'),
        Buffer.from(health.replace('healthz', 'nowhere')),
        post(turn('pipelined two')),
        Buffer.from(health),
      ]),
    );
    await eventually('six answers', () => statuses(line.text()).length === 6);
    assert.deepEqual(statuses(line.text()), ['200', '200', '400', '404', '200', '200']);
    const first = line.text().indexOf('pipelined one');
    assert.ok(first >= 0 && line.text().indexOf('pipelined two') > first);
  });

  it('are served in HTTP/1.0, once on a connection or kept alive', async () => {
    const once = say(post(turn('old and once'), [], '1.0'));
    await eventually('closed', once.closed);
    assert.match(once.text(), /^HTTP\/1\.1 200 [^]*old and once/);
    const kept = say(post(turn('old and kept'), ['Connection: keep-alive'], '1.0'));
    await eventually('answered', () => kept.text().includes('old and kept'));
    kept.socket.write(post(turn('and again'), [], '1.0'));
    await eventually('closed', kept.closed);
    assert.deepEqual(statuses(kept.text()), ['200', '200']);
  });

  it('are streamed in HTTP/1.0, without chunks and to the end of the connection', async () => {
    const line = say(post(turn('old stream', { stream: true }), [], '1.0'));
    await eventually('closed', line.closed);
    assert.match(line.text(), /^HTTP\/1\.1 200 /);
    assert.doesNotMatch(line.text(), /^transfer-encoding/im);
    assert.match(line.text(), /data: \[DONE\]\n\n$/);
  });

  it('may be compressed', async () => {
    const line = say(post(gzipSync(turn('compressed')), ['Content-Encoding: gzip']));
    await eventually('answered', () => line.text().includes('compressed'));
    assert.deepEqual(statuses(line.text()), ['200']);
  });

  it('send their body when they are asked for it, and are not asked with a wrong key', async () => {
    const body = turn('asked for');
    const bytes = post(body, ['Expect: 100-continue']);
    const head = bytes.subarray(0, bytes.length - body.length);
    const line = say(head);
    await eventually('asked', () => line.text() !== '');
    assert.deepEqual(statuses(line.text()), ['100']);
    line.socket.write(body);
    await eventually('answered', () => line.text().includes('asked for'));
    const wrong = say(head.toString().replace(gateway.apiKey, 'wrong'));
    await eventually('closed', wrong.closed);
    assert.deepEqual(statuses(wrong.text()), ['401']);
  });

  it('are bounded for each key, in the shape of each dialect, and for no other key', async () => {
    const slow = turn('late\nDEMO:delay 20000', { stream: true });
    const running = [say(post(slow)), say(post(slow)), say(post(slow))];
    await eventually('the turns', async () => (await gateway.stats()).concurrency.inFlight === 3);
    const ask = async (path: string, key: string): Promise<[number, unknown]> => {
      const response = await fetch(gateway.baseUrl + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: turn('one more', { max_tokens: 10 }),
      });
      assert.equal(response.headers.has('retry-after'), response.status === 429);
      return [response.status, ((await response.json()) as { error?: unknown }).error];
    };
    const [status, error] = await ask('/v1/chat/completions', gateway.apiKey);
    assert.equal(status, 429);
    const { type, code } = error as { type: string; code: string };
    assert.deepEqual([type, code], ['rate_limit_error', 'too_many_requests']);
    const [, anthropic] = await ask('/v1/messages', gateway.apiKey);
    assert.equal((anthropic as { type: string }).type, 'rate_limit_error');
    assert.equal(typeof (await ask('/api/chat', gateway.apiKey))[1], 'string');
    assert.equal((await ask('/v1/chat/completions', CLIENT.key))[0], 200);
    for (const { socket } of running) socket.destroy();
    await eventually(
      'room again',
      async () => (await ask('/v1/chat/completions', gateway.apiKey))[0] === 200,
    );
  });

  it('with wrong keys are counted and slowed down, and nobody else is', async () => {
    const before = await gateway.metric('lingma_gateway_auth_failures_total{reason="wrong"}');
    const wrong = () =>
      fetch(`${gateway.baseUrl}/v1/models`, { headers: { authorization: 'Bearer wrong' } });
    const guesses = Promise.all(Array.from({ length: 30 }, wrong));
    const right = await gateway.fetch('/v1/models');
    assert.equal(right.status, 200);
    for (const { status } of await guesses) assert.equal(status, 401);
    const after = await gateway.metric('lingma_gateway_auth_failures_total{reason="wrong"}');
    assert.equal(after - before, 30);
  });

  it('that drip in are closed within the time for a head; a connection opened in advance is not', async () => {
    await eventually('closed', () => dripping.closed(), 20_000);
    assert.deepEqual(statuses(dripping.text()), ['408']);
    assert.equal(advance.closed(), false);
    advance.socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    await eventually('closed after its answer', () => advance.closed());
    assert.deepEqual(statuses(advance.text()), ['200']);
  });
});
