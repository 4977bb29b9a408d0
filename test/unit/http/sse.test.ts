import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, describe, it } from 'mocha';
import type { RequestContext } from '../../../src/http/context';
import { SseStream } from '../../../src/http/sse';
import { FakeIntervals } from '../../support/fakeIntervals';
import { HttpBench, KEY, until } from '../../support/httpBench';

const PIECE = `data: ${'x'.repeat(256 * 1024)}\n\n`;

describe('http/sse', () => {
  const ends: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** A stream, and the paused response that its client holds. */
  async function open(): Promise<{
    stream: SseStream;
    context: RequestContext;
    response: IncomingMessage;
    bench: HttpBench;
  }> {
    let handled: (context: RequestContext) => void = () => undefined;
    const arrived = new Promise<RequestContext>((resolve) => (handled = resolve));
    const bench = new HttpBench((context) => {
      handled(context);
    });
    await bench.start();
    ends.push(() => bench.server.close());
    const client = request({
      host: '127.0.0.1',
      port: bench.port,
      method: 'POST',
      agent: false,
      headers: { 'x-api-key': KEY },
    });
    ends.push(() => void client.destroy());
    client.on('error', () => undefined);
    const responded = new Promise<IncomingMessage>((resolve) => client.once('response', resolve));
    client.end();
    const context = await arrived;
    const stream = new SseStream(context, ': keep-alive\n\n');
    stream.open({ 'x-extra': 'yes' });
    stream.flush();
    const response = await responded;
    response.on('error', () => undefined);
    return { stream, context, response, bench };
  }

  it('opens at once with headers that no proxy buffers or keeps', async () => {
    const { stream, response } = await open();
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8');
    assert.match(response.headers['cache-control'] ?? '', /no-cache/);
    assert.equal(response.headers['x-extra'], 'yes');
    assert.ok(stream.opened);
    stream.end();
  });

  it('opens once', async () => {
    const { stream, response } = await open();
    stream.open({ 'x-extra': 'again' });
    assert.equal(response.headers['x-extra'], 'yes');
    stream.end();
  });

  it('carries what is written, in order, and ends', async () => {
    const { stream, response } = await open();
    await stream.write('data: 你好\n\n');
    await stream.write('');
    await stream.write('data: [DONE]\n\n');
    stream.end();
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), 'data: 你好\n\ndata: [DONE]\n\n');
  });

  it('C-10 a slow reader holds the writer up until it reads on', async () => {
    const { stream, response } = await open();
    let free = false;
    const waiting = fillAndWatch(stream, () => (free = true));
    await until(() => waiting.blocked, 'a write waits');
    assert.equal(free, false);
    response.resume();
    await waiting.done;
    assert.ok(free);
    stream.end();
  });

  it('C-36 a reader who leaves frees the writer', async () => {
    const { stream, response, context } = await open();
    const waiting = fillAndWatch(stream, () => undefined);
    await until(() => waiting.blocked, 'a write waits');
    response.destroy();
    await waiting.done;
    assert.ok(context.signal.aborted);
    await stream.write(PIECE);
    stream.end();
  });

  it('a stopping server frees the writer', async () => {
    const { stream, bench } = await open();
    const waiting = fillAndWatch(stream, () => undefined);
    await until(() => waiting.blocked, 'a write waits');
    const closing = bench.server.close();
    await waiting.done;
    stream.end();
    await closing;
  });

  it('takes writes after the reader has left', async () => {
    const { stream, response, context } = await open();
    response.destroy();
    await until(() => context.response.destroyed, 'the server has noticed');
    await stream.write(PIECE);
    stream.open();
    stream.end();
  });

  describe('keep-alive', () => {
    it('shows life in silence, and stops when the stream ends or its reader leaves', async () => {
      const clock = new FakeIntervals();
      ends.push(() => {
        clock.restore();
      });
      const { stream, response } = await open();
      const [timer, ...others] = clock.running();
      assert.ok(timer && others.length === 0);
      assert.equal(timer.ms, 15_000);
      timer.fire();
      const [chunk] = await new Promise<Buffer[]>((resolve) =>
        response.once('data', (...chunks: Buffer[]) => {
          resolve(chunks);
        }),
      );
      assert.match(String(chunk), /^:.*\n\n$/);
      await stream.write('data: 1\n\n');
      assert.equal(timer.refreshed, 1, 'counts silence from the last write');
      stream.end();
      assert.deepEqual(clock.running(), []);

      const other = await open();
      assert.equal(clock.running().length, 1);
      other.response.destroy();
      await until(() => clock.running().length === 0, 'the timer has stopped');
    });

    it('piles nothing up for a reader who does not take what is there', async () => {
      const clock = new FakeIntervals();
      ends.push(() => {
        clock.restore();
      });
      const { stream, context } = await open();
      const waiting = fillAndWatch(stream, () => undefined);
      await until(() => waiting.blocked, 'a write waits');
      const before = context.response.writableLength;
      for (let count = 0; count < 5; count++) clock.running()[0]?.fire();
      assert.equal(context.response.writableLength, before);
    });
  });
});

/** Writes until one write has to wait, then waits for that one. */
function fillAndWatch(stream: SseStream, then: () => void) {
  const state = { blocked: false, done: Promise.resolve() };
  state.done = (async () => {
    for (let count = 0; count < 400 && !state.blocked; count++) {
      const write = { done: false };
      const writing = Promise.resolve(stream.write(PIECE)).then(() => (write.done = true));
      const timer = setTimeout(() => {
        // A timer may be late itself; what the socket has to say comes between it and this.
        setImmediate(() => (state.blocked ||= !write.done));
      }, 50);
      await writing;
      clearTimeout(timer);
    }
    then();
  })();
  return state;
}
