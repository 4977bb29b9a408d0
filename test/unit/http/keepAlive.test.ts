/** Connections that are kept for a next request. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { HttpBench, requestHead, until } from '../../support/httpBench';

const IDLE_MS = 50;
/** More than Node adds to it. */
const BUSY_MS = 1_500;

describe('http: kept connections', () => {
  const benches: HttpBench[] = [];
  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.server.close();
  });

  async function connection(): Promise<{ socket: Socket; received: () => string }> {
    const bench = new HttpBench(
      (context) => {
        context.sendJson(200, {});
      },
      [],
      { limits: { idleMs: IDLE_MS } },
    );
    benches.push(bench);
    await bench.start();
    const socket = await bench.raw(requestHead({ 'content-length': '0' }));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    await until(() => text.includes('200 OK'), 'answered');
    return { socket, received: () => text };
  }

  it('are closed after their time', async () => {
    const { socket } = await connection();
    await once(socket, 'close');
  });

  it('take a request that came in time, though nobody could look at it until it was over', async () => {
    const { socket, received } = await connection();
    socket.write(requestHead({ 'content-length': '0' }));
    const untilMs = performance.now() + BUSY_MS;
    while (performance.now() < untilMs) continue;
    await until(() => received().split('200 OK').length === 3, 'answered again');
    assert.equal(socket.destroyed, false);
    socket.destroy();
  });
});
