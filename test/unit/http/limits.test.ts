/** What the listener takes of anybody; with small limits, so that nobody has to wait for them. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, it } from 'mocha';
import { readJson } from '../../../src/http/body';
import type { RequestContext } from '../../../src/http/context';
import { httpLimits } from '../../../src/http/limits';
import type { HttpServerOptions, KeyRefusal, Route } from '../../../src/http/server';
import { WrongKeys } from '../../../src/http/wrongKeys';
import { HttpBench, requestHead, until } from '../../support/httpBench';

const hello: Route = {
  method: 'GET',
  path: '/hello',
  access: 'public',
  handle: (context) => {
    context.sendJson(200, { hello: true });
  },
};
const GET = 'GET /hello HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';

/** A connection with all that came on it. */
interface Line {
  readonly socket: Socket;
  text: string;
  closed: boolean;
}

describe('http/limits', () => {
  const benches: HttpBench[] = [];
  const lines: Line[] = [];

  afterEach(async () => {
    for (const { socket } of lines.splice(0)) socket.destroy();
    for (const bench of benches.splice(0)) await bench.server.close();
  });

  async function listen(
    options: Partial<HttpServerOptions>,
    handle: (context: RequestContext) => Promise<void> | void = () => undefined,
  ): Promise<HttpBench> {
    const bench = new HttpBench(handle, [hello], options);
    benches.push(bench);
    await bench.start();
    return bench;
  }

  async function open(bench: HttpBench, text = ''): Promise<Line> {
    const line: Line = { socket: await bench.raw(text), text: '', closed: false };
    line.socket.on('data', (chunk) => (line.text += chunk.toString()));
    line.socket.on('error', () => undefined);
    line.socket.on('close', () => (line.closed = true));
    lines.push(line);
    return line;
  }

  const soon = { headMs: 150, checkEveryMs: 25 };

  it('closes a connection on which nothing comes, without a word', async () => {
    const line = await open(await listen({ limits: { ...soon, idleMs: 50 } }));
    await until(() => line.closed, 'closed');
    assert.equal(line.text, '');
  });

  it('closes a connection on which a head drips in, first or later, and says why', async () => {
    const bench = await listen({ limits: soon });
    for (const before of ['', GET]) {
      const line = await open(bench, before);
      if (before) await until(() => line.text.includes('"hello":true'), 'answered');
      const drip = setInterval(() => line.socket.write('x'), 10);
      line.socket.write('GET /hello HTTP/1.1\r\nx: ');
      await until(() => line.closed, 'closed');
      clearInterval(drip);
      assert.match(line.text, /HTTP\/1\.1 408 [^]*"invalid_request"/);
    }
  });

  it('closes a connection on which a body drips in', async () => {
    const limits = { headMs: 100, requestMs: 200, checkEveryMs: 25 };
    const bench = await listen({ limits }, async ({ request }) => {
      await finished(request.resume());
    });
    const line = await open(bench, requestHead({ 'content-length': '1000' }));
    const drip = setInterval(() => line.socket.write('x'), 10);
    await until(() => line.closed, 'closed');
    clearInterval(drip);
    await until(() => bench.requests.length === 1, 'ended');
    assert.equal(bench.requests[0]?.status, 499);
  });

  it('leaves one alone that waits for its answer, however long', async () => {
    const contexts: RequestContext[] = [];
    const limits = { headMs: 50, requestMs: 60, idleMs: 50, checkEveryMs: 10 };
    const bench = await listen({ limits }, (context) => void contexts.push(context));
    const line = await open(bench, requestHead());
    await until(() => contexts.length === 1, 'arrived');
    await new Promise((resolve) => setTimeout(resolve, 250));
    contexts[0]?.sendJson(200, { late: true });
    await until(() => line.text.includes('"late":true'), 'answered');
  });

  it('closes a connection that stays without a request', async () => {
    const line = await open(await listen({ limits: { idleMs: 50 } }), GET);
    await until(() => line.text.includes('"hello":true'), 'answered');
    await until(() => line.closed, 'closed');
  });

  it('refuses heads of more lines or bytes', async () => {
    const bench = await listen({ limits: { headers: 10, headBytes: 2_000 } });
    const headers = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'y']));
    const get = { method: 'GET', path: '/hello' };
    assert.equal((await bench.send({ ...get, headers: headers(5) })).status, 200);
    assert.equal((await bench.send({ ...get, headers: headers(20) })).status, 431);
    assert.equal((await bench.send({ ...get, headers: { x: 'y'.repeat(3_000) } })).status, 431);
  });

  it('hides no header of a head with more lines than Node keeps', async () => {
    const bench = await listen({ limits: { headBytes: 64 * 1024 } });
    const filler = Array.from({ length: 2_500 }, () => 'a: b').join('\r\n');
    const line = await open(bench, GET.replace('\r\n\r\n', `\r\n${filler}\r\nhost: evil\r\n\r\n`));
    await until(() => line.text !== '', 'answered');
    assert.match(line.text, /^HTTP\/1\.1 431 /);
  });

  it('drops connections beyond its number, and makes room by closing those that idle', async () => {
    const bench = await listen({ limits: { connections: 3 } });
    const idle = await Promise.all([open(bench, GET), open(bench, GET), open(bench, GET)]);
    await until(() => idle.every(({ text }) => text.includes('"hello":true')), 'answered');
    const beyond = await open(bench);
    await until(() => beyond.closed, 'dropped');
    await until(() => idle.every(({ closed }) => closed), 'room made');
    assert.equal((await bench.send({ method: 'GET', path: '/hello' })).status, 200);
  });

  it('makes room by closing those whose head is still coming, and none that is served', async () => {
    const contexts: RequestContext[] = [];
    const bench = await listen({ limits: { connections: 3 } }, (context) => {
      contexts.push(context);
    });
    const served = await open(bench, requestHead());
    await until(() => contexts.length === 1, 'at work');
    const slow = await Promise.all([open(bench, 'GET /hello HTTP/1.1\r\n'), open(bench)]);
    const beyond = await open(bench);
    await until(() => beyond.closed && slow.every(({ closed }) => closed), 'room made');
    assert.equal(served.closed, false);
    assert.equal((await bench.send({ method: 'GET', path: '/hello' })).status, 200);
    contexts[0]?.sendJson(200, {});
    await until(() => served.text.startsWith('HTTP/1.1 200'), 'answered');
  });

  it('hangs up on who sends request after request and waits for no answer', async () => {
    const contexts: RequestContext[] = [];
    const bench = await listen(
      { limits: { pipelined: 5 } },
      (context) => void contexts.push(context),
    );
    const patient = await open(bench, requestHead().repeat(5));
    await until(() => contexts.length === 5, 'arrived');
    const other = await open(bench, requestHead().repeat(6));
    await until(() => other.closed, 'closed');
    await until(() => contexts.slice(5).every(({ signal }) => signal.aborted), 'aborted');
    assert.equal(patient.closed, false);
    assert.ok(contexts.slice(0, 5).every(({ signal }) => !signal.aborted));
  });

  describe('of each key', () => {
    it('are so many requests at work, and one more as soon as one is done', async () => {
      const contexts: RequestContext[] = [];
      let most = 2;
      const bench = await listen(
        { maxPerKey: () => most },
        (context) => void contexts.push(context),
      );
      const first = await open(bench, requestHead());
      const second = bench.send({});
      await until(() => contexts.length === 2, 'at work');
      const refused = await bench.send({});
      assert.equal(refused.status, 429);
      assert.match(refused.text, /"too_many_requests"/);
      assert.ok(Number(refused.headers['retry-after']) > 0);
      assert.equal(refused.headers['x-should-retry'], undefined);
      assert.equal((await bench.send({ method: 'GET', path: '/hello' })).status, 200);
      // Whoever leaves has left its place, and so has whoever was answered.
      first.socket.destroy();
      await until(() => contexts[0]?.signal.aborted === true, 'gone');
      const third = bench.send({});
      await until(() => contexts.length === 3, 'at work');
      for (const context of contexts.slice(1)) context.sendJson(200, {});
      assert.deepEqual([(await second).status, (await third).status], [200, 200]);
      // The limit holds as it is now, and 0 is none.
      most = 0;
      const all = Array.from({ length: 10 }, () => bench.send({}));
      await until(() => contexts.length === 13, 'at work');
      for (const context of contexts) context.sendJson(200, {});
      for (const reply of await Promise.all(all)) assert.equal(reply.status, 200);
    });
  });

  it('of the memory for bodies hold for all requests of a key, until they are answered', async () => {
    const contexts: RequestContext[] = [];
    const bench = await listen({ limits: { bodyBytesPerKey: 10_000 } }, async (context) => {
      await readJson(context.request);
      contexts.push(context);
    });
    const text = JSON.stringify('x'.repeat(5_998));
    const packed = { 'content-encoding': 'gzip' };
    for (const body of [[text], [gzipSync(text)]]) {
      const headers = body[0] === text ? {} : packed;
      const first = bench.send({ headers, body });
      await until(() => contexts.length === 1, 'read');
      const refused = await bench.send({ headers, body });
      assert.equal(refused.status, 429, refused.text);
      assert.match(refused.text, /"too_many_requests"/);
      assert.ok(Number(refused.headers['retry-after']) > 0);
      // What was refused takes no room from what is small enough.
      const small = bench.send({ body: ['{}'] });
      await until(() => contexts.length === 2, 'read');
      for (const context of contexts.splice(0)) context.sendJson(200, {});
      assert.deepEqual([(await first).status, (await small).status], [200, 200]);
    }
  });

  describe('wrong keys', () => {
    it('are refused later and later, and right ones never', async () => {
      const limits = { wrongKeys: 2, wrongKeyStepMs: 100, wrongKeyMostMs: 200, wrongKeysHeld: 9 };
      const refusals: KeyRefusal[] = [];
      const onKeyRefused = (reason: KeyRefusal) => void refusals.push(reason);
      const bench = await listen({ limits, onKeyRefused }, (context) => {
        context.sendJson(200, {});
      });
      const took = async (headers: Record<string, string>, status: number): Promise<number> => {
        const began = performance.now();
        assert.equal((await bench.send({ headers })).status, status);
        return performance.now() - began;
      };
      const wrong = { 'x-api-key': 'wrong' };
      for (let count = 0; count < 2; count++) await took(wrong, 401);
      assert.ok((await took(wrong, 401)) >= 95);
      assert.ok((await took(wrong, 401)) >= 195);
      await took({}, 200);
      assert.deepEqual(refusals, Array(4).fill('wrong'));
    });

    it('hold nobody up who has a right one', async () => {
      const limits = { wrongKeys: 0, wrongKeyStepMs: 60_000, wrongKeyMostMs: 60_000 };
      let refused = 0;
      const onKeyRefused = () => (refused += 1);
      const bench = await listen({ limits, onKeyRefused }, (context) => {
        context.sendJson(200, {});
      });
      const held = await open(bench, requestHead({ 'x-api-key': 'wrong' }));
      await until(() => refused === 1, 'held back');
      assert.equal((await bench.send({})).status, 200);
      assert.equal(held.text, '');
    });

    it('are told apart from none, which are never held back', async () => {
      const limits = { wrongKeys: 0, wrongKeyStepMs: 60_000, wrongKeyMostMs: 60_000 };
      const refusals: KeyRefusal[] = [];
      const bench = await listen({ limits, onKeyRefused: (reason) => void refusals.push(reason) });
      const line = await open(bench, requestHead().replace(/x-api-key: .*\r\n/, ''));
      await until(() => line.text.includes('"invalid_api_key"'), 'refused');
      assert.deepEqual(refusals, ['missing']);
    });

    it('are held back in a bounded number; more are cut off, and those that leave make room', async () => {
      const limits = {
        wrongKeys: 0,
        wrongKeyStepMs: 60_000,
        wrongKeyMostMs: 60_000,
        wrongKeysHeld: 2,
      };
      let refused = 0;
      const onKeyRefused = () => (refused += 1);
      const bench = await listen({ limits, onKeyRefused });
      const wrong = requestHead({ 'x-api-key': 'wrong' });
      const [first] = [await open(bench, wrong), await open(bench, wrong)];
      await until(() => refused === 2, 'held back');
      const beyond = await open(bench, wrong);
      await until(() => beyond.closed, 'closed');
      assert.match(beyond.text, /^HTTP\/1\.1 401 /);
      first.socket.destroy();
      await until(() => bench.requests.some(({ status }) => status === 499), 'gone');
      const next = await open(bench, wrong);
      await until(() => refused === 4, 'held back');
      // Were it not held back, its answer would be under way before this one.
      assert.equal((await bench.send({ method: 'GET', path: '/hello' })).status, 200);
      assert.equal(next.text, '');
    });

    it('are forgotten after a minute', () => {
      let now = 0;
      const keys = new WrongKeys(httpLimits, () => now);
      const delays = (): number[] => Array.from({ length: 200 }, () => keys.count());
      const first = delays();
      assert.deepEqual(first.slice(0, 12), [...Array<number>(10).fill(0), 25, 50]);
      assert.equal(first.at(-1), 1_000);
      now += 59_000;
      assert.equal(keys.count(), 1_000);
      now += 61_000;
      assert.deepEqual(delays(), first);
    });
  });
});
