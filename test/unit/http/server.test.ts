import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import type { RequestContext } from '../../../src/http/context';
import type { Route } from '../../../src/http/server';
import { assertCode, rejectionOf } from '../../support/errors';
import { HttpBench, requestHead, until } from '../../support/httpBench';

const hello: Route = {
  method: 'GET',
  path: '/hello',
  access: 'public',
  handle: (context) => {
    context.sendJson(200, { hello: true });
  },
};

describe('http/server', () => {
  const benches: HttpBench[] = [];

  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.server.close();
  });

  async function listen(
    handle: (context: RequestContext) => Promise<void> | void = () => undefined,
  ): Promise<HttpBench> {
    const bench = new HttpBench(handle, [hello]);
    benches.push(bench);
    await bench.start();
    return bench;
  }
  const codeOf = (text: string) => (JSON.parse(text) as { error: { code: string } }).error.code;

  it('answers each request with an id, and records it under its route', async () => {
    const bench = await listen();
    const reply = await bench.send({ method: 'GET', path: '/hello?x=1#y', headers: {} });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff');
    assert.equal(reply.headers['cache-control'], 'no-store');
    await until(() => bench.requests.length === 1, 'recorded');
    const [record] = bench.requests;
    assert.equal(record?.id, reply.headers['x-request-id']);
    assert.deepEqual([record?.route, record?.status], ['/hello', 200]);
    assert.ok((record?.durationMs ?? -1) >= 0);
  });

  it('answers HEAD as GET without a body', async () => {
    const bench = await listen();
    const get = await bench.send({ method: 'GET', path: '/hello' });
    const head = await bench.send({ method: 'HEAD', path: '/hello' });
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
  });

  it('lets nobody make up routes in its records', async () => {
    const bench = await listen();
    const reply = await bench.send({ method: 'GET', path: `/${'x'.repeat(5_000)}` });
    assert.deepEqual([reply.status, codeOf(reply.text)], [404, 'not_found']);
    assert.ok(reply.text.length < 1_000);
    await until(() => bench.requests.length === 1, 'recorded');
    assert.equal(bench.requests[0]?.route, 'unmatched');
  });

  it('names the methods a path takes', async () => {
    const bench = await listen();
    const reply = await bench.send({ method: 'DELETE', path: '/hello' });
    assert.deepEqual([reply.status, codeOf(reply.text)], [405, 'method_not_allowed']);
    assert.match(reply.headers.allow ?? '', /GET/);
  });

  it('wants the key where it is needed, and says how', async () => {
    const bench = await listen();
    const reply = await bench.send({ headers: { 'x-api-key': 'wrong' } });
    assert.deepEqual([reply.status, codeOf(reply.text)], [401, 'invalid_api_key']);
    assert.equal(reply.headers['www-authenticate'], 'Bearer');
    const open = await bench.send({ method: 'GET', path: '/hello', headers: { 'x-api-key': '' } });
    assert.equal(open.status, 200);
  });

  it('C-57 guards public paths and unknown ones against foreign peers too', async () => {
    const bench = await listen();
    for (const path of ['/hello', '/', '/nowhere']) {
      const host = await bench.send({ method: 'GET', path, headers: { host: 'evil.example' } });
      assert.equal(host.status, 421);
      const headers = { origin: 'http://evil.example' };
      assert.equal((await bench.send({ method: 'GET', path, headers })).status, 403);
    }
  });

  it('C-53 passes Retry-After on', async () => {
    const bench = await listen(() => {
      throw new GatewayError({
        code: 'queue_full',
        status: 429,
        message: 'busy',
        retryAfterSeconds: 5,
      });
    });
    const reply = await bench.send({ body: ['{}'] });
    assert.deepEqual([reply.status, reply.headers['retry-after']], [429, '5']);
  });

  it('says which refusals no repetition will change', async () => {
    for (const [status, said] of [
      [401, 'false'],
      [404, 'false'],
      [409, undefined],
      [429, undefined],
      [500, undefined],
    ] as const) {
      const bench = await listen(() => {
        throw new GatewayError({ code: 'upstream_rejected', status, message: 'no' });
      });
      const reply = await bench.send({ body: ['{}'] });
      assert.deepEqual([reply.status, reply.headers['x-should-retry']], [status, said]);
    }
  });

  it('keeps a defect from the client and gives it to the log', async () => {
    const bench = await listen(() => {
      throw new Error('secret detail');
    });
    const reply = await bench.send({ body: ['{}'] });
    assert.deepEqual([reply.status, codeOf(reply.text)], [500, 'internal']);
    assert.ok(!reply.text.includes('secret detail'));
    assert.match(bench.complaints.join('\n'), /secret detail/);
    assert.match(bench.complaints.join('\n'), new RegExp(String(reply.headers['x-request-id'])));
  });

  it('C-36 aborts with `cancelled` when the client goes away', async () => {
    const contexts: RequestContext[] = [];
    const bench = await listen((context) => void contexts.push(context));
    const socket = await bench.raw(requestHead());
    await until(() => contexts.length === 1, 'arrived');
    socket.destroy();
    await until(() => contexts[0]?.signal.aborted === true, 'aborted');
    assertCode(contexts[0]?.signal.reason, 'cancelled');
    assert.equal(bench.requests[0]?.status, 499);
  });

  it('C-36 aborts requests that wait behind another on the same connection', async () => {
    const contexts: RequestContext[] = [];
    const bench = await listen((context) => void contexts.push(context));
    const closed: RequestContext[] = [];
    const socket = await bench.raw(requestHead().repeat(3));
    await until(() => contexts.length === 3, 'arrived');
    for (const context of contexts) {
      context.response.once('close', () => closed.push(context));
    }
    socket.destroy();
    await until(() => contexts.every(({ signal }) => signal.aborted), 'all aborted');
    for (const { signal } of contexts) assertCode(signal.reason, 'cancelled');
    // What is recorded has also left the set of open requests.
    assert.deepEqual(
      bench.requests.map(({ status }) => status),
      [499, 499, 499],
    );
    assert.equal(new Set(closed).size, 3, 'streams on them have heard of it, too');
    assert.ok(contexts.every(({ response }) => response.destroyed));
  });

  it('answers pipelined requests in order, and leaves no listeners on the connection', async () => {
    const contexts: RequestContext[] = [];
    const bench = await listen((context) => {
      contexts.push(context);
      context.sendJson(200, { number: contexts.length });
    });
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const socket = await bench.raw(requestHead().repeat(30));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    await until(() => bench.requests.length === 30 && text.includes('"number":30'), 'answered');
    process.off('warning', onWarning);
    assert.deepEqual(warnings, []);
    const numbers = Array.from(text.matchAll(/"number":(\d+)/g), ([, number]) => Number(number));
    assert.deepEqual(
      numbers,
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    assert.ok((contexts[0]?.request.socket.listenerCount('close') ?? 99) < 8);
    socket.destroy();
  });

  it('takes the path of an absolute target', async () => {
    const bench = await listen();
    const of = (path: string) => bench.send({ method: 'GET', path });
    for (const path of [
      `http://127.0.0.1:${bench.port}/hello`,
      'HTTP://localhost/hello?x=1',
      'https://127.0.0.1/hello',
    ]) {
      assert.equal((await of(path)).status, 200, path);
    }
    // The root takes POST only.
    for (const path of ['http://127.0.0.1', 'http://127.0.0.1?/hello']) {
      assert.equal((await of(path)).status, 405, path);
    }
    assert.equal((await of('/http://x/hello')).status, 404);
    const headers = { host: 'evil.example' };
    const path = 'http://127.0.0.1/hello';
    assert.equal((await bench.send({ method: 'GET', path, headers })).status, 421);
  });

  describe('what the parser refuses', () => {
    /** Everything that comes back on a connection, once the server has closed it. */
    async function answerTo(bench: HttpBench, text: string): Promise<string> {
      const socket = await bench.raw(text);
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      await new Promise((resolve) => socket.once('close', resolve));
      return answer;
    }
    function parts(answer: string) {
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      const { error } = JSON.parse(body) as { error: Record<string, string | null> };
      return { head, body, error };
    }

    const malformed: Record<string, [string, number]> = {
      'no HTTP at all': ['hello\r\n\r\n', 400],
      'TLS on a plain port': ['\x16\x03\x01\x02\x00\x01', 400],
      'a broken header': ['GET /hello HTTP/1.1\r\nhost 127.0.0.1\r\n\r\n', 400],
      'headers without end': [`GET / HTTP/1.1\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
      'a broken chunk': [`${requestHead({ 'transfer-encoding': 'chunked' })}zz\r\n`, 400],
    };
    for (const [what, [text, status]] of Object.entries(malformed)) {
      it(`${what} is answered in JSON, and the connection closed`, async () => {
        const bench = await listen();
        const { head, body, error } = parts(await answerTo(bench, text));
        assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} \\w`));
        assert.match(head, /^connection: close$/im);
        assert.match(head, /^content-type: application\/json/im);
        assert.match(head, new RegExp(`^content-length: ${Buffer.byteLength(body)}$`, 'im'));
        assert.deepEqual(
          [error['code'], error['type'], error['param']],
          ['invalid_request', 'invalid_request_error', null],
        );
        assert.ok((error['message'] ?? '').length > 10);
        assert.deepEqual(bench.complaints, []);
      });
    }

    it('a client that goes on sending after it was refused still gets the answer', async () => {
      const bench = await listen();
      const socket = await bench.raw('hello\r\n\r\n');
      socket.on('error', () => undefined);
      const more = setInterval(() => socket.write('x'.repeat(1_000)), 5);
      await new Promise((resolve) => setTimeout(resolve, 100));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      await new Promise((resolve) => socket.once('close', resolve));
      clearInterval(more);
      assert.equal(parts(answer).error['code'], 'invalid_request');
    });

    it('is not put into the answer of a request before it', async () => {
      const contexts: RequestContext[] = [];
      const bench = await listen((context) => void contexts.push(context));
      assert.equal(await answerTo(bench, `${requestHead()}nonsense\r\n\r\n`), '');
      await until(() => contexts[0]?.signal.aborted === true, 'aborted');
      const streaming = await listen(({ response }) => void response.writeHead(200).write('begun'));
      const answer = await answerTo(streaming, `${requestHead()}nonsense\r\n\r\n`);
      assert.ok(!answer.includes('invalid_request'), answer);
    });

    it('a client that has gone gets nothing, and is nobody to complain about', async () => {
      const bench = await listen();
      const socket = await bench.raw('GET /hel');
      socket.resetAndDestroy();
      // It comes later, so that both connections are known when this one is answered.
      assert.equal((await bench.send({ method: 'GET', path: '/hello' })).status, 200);
      await until(async () => (await bench.server.connections()) === 0, 'both have ended');
      assert.deepEqual(bench.complaints, []);
    });
  });

  it('does not abort what was answered', async () => {
    const contexts: RequestContext[] = [];
    const bench = await listen((context) => {
      contexts.push(context);
      context.sendJson(200, {});
    });
    await bench.send({ body: ['{}'] });
    await until(() => bench.requests.length === 1, 'recorded');
    assert.equal(contexts[0]?.signal.aborted, false);
  });

  it('close() ends running requests with `stopping`, then every connection', async () => {
    let arrived = false;
    const bench = await listen(({ signal }) => {
      arrived = true;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    });
    const running = bench.send({ body: ['{}'] });
    const silent = await bench.raw('');
    await until(() => arrived, 'the request is running');
    const closed = bench.server.close();
    const reply = await running;
    assert.deepEqual([reply.status, codeOf(reply.text)], [503, 'stopping']);
    assert.ok(Number(reply.headers['retry-after']) > 0);
    await closed;
    silent.destroy();
    await assert.rejects(bench.send({ body: ['{}'] }), { code: 'ECONNREFUSED' });
  });

  it('close() is harmless before listening and twice', async () => {
    const bench = new HttpBench(() => undefined);
    await bench.server.close();
    await bench.start();
    await bench.server.close();
    await bench.server.close();
  });

  it('says that a port is taken', async () => {
    const bench = await listen();
    const other = new HttpBench(() => undefined);
    const error = await rejectionOf(other.server.listen(bench.port));
    assertCode(error, 'port_in_use');
    assert.match(error.message, new RegExp(String(bench.port)));
  });
});
