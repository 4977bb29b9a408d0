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
