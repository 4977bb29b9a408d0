/** Connections that are kept for a next request. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import type { RequestContext } from '../../../src/http/context';
import type { HttpLimits } from '../../../src/http/limits';
import { HttpBench, requestHead, until } from '../../support/httpBench';

const REQUEST = requestHead({ 'content-length': '0' });
const IDLE_MS = 50;
/** More than Node adds to it. */
const BUSY_MS = 1_500;

describe('http: kept connections', () => {
  const benches: HttpBench[] = [];
  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.server.close();
  });

  async function open(
    limits: Partial<HttpLimits>,
    handle: (context: RequestContext) => Promise<void> | void = answer,
  ): Promise<{ socket: Socket; received: () => string }> {
    const bench = new HttpBench(handle, [], { limits });
    benches.push(bench);
    await bench.start();
    const socket = await bench.raw();
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    return { socket, received: () => text };
  }

  async function used(): ReturnType<typeof open> {
    const line = await open({ idleMs: IDLE_MS });
    line.socket.write(REQUEST);
    await until(() => line.received().includes('200 OK'), 'answered');
    return line;
  }

  it('are closed after their time', async () => {
    const { socket } = await used();
    await once(socket, 'close');
  });

  it('take a request that came in time, though nobody could look at it until it was over', async () => {
    const { socket, received } = await used();
    socket.write(REQUEST);
    const untilMs = performance.now() + BUSY_MS;
    while (performance.now() < untilMs) continue;
    await until(() => received().split('200 OK').length === 3, 'answered again');
    assert.equal(socket.destroyed, false);
    socket.destroy();
  });

  describe('opened in advance', () => {
    const soon = { headMs: 50, checkEveryMs: 10 };

    it('wait for their first request longer than for its head', async () => {
      const { socket, received } = await open({ ...soon, idleMs: 10_000 });
      await sleep(300);
      socket.write(REQUEST);
      await until(() => received().includes('200 OK'), 'answered');
      // From then on it is one like any other.
      socket.write('POST / HTTP/1.1\r\nhost:');
      await until(() => received().includes('408'), 'refused');
    });

    it('are closed after their time, without a word', async () => {
      const { socket, received } = await open({ ...soon, idleMs: IDLE_MS });
      await once(socket, 'close');
      assert.equal(received(), '');
    });

    it('are not closed while their first request is at work, however long', async () => {
      const { socket, received } = await open({ ...soon, idleMs: 200 }, async (context) => {
        await sleep(600);
        answer(context);
      });
      await sleep(150);
      socket.write(REQUEST);
      await until(() => received().includes('200 OK'), 'answered');
      socket.destroy();
    });
  });
});

function answer(context: RequestContext): void {
  context.sendJson(200, {});
}
