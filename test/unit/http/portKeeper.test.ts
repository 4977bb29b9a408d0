import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import type { GatewayError } from '../../../src/base/errors';
import type { RequestContext } from '../../../src/http/context';
import { HttpBench, until } from '../../support/httpBench';
import { listenerOn } from '../../support/listeners';

const LOOK_EVERY_MS = 40;

describe('http/portKeeper', () => {
  const benches: HttpBench[] = [];
  const strangers: Server[] = [];

  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.server.close();
    for (const stranger of strangers.splice(0)) stranger.close();
  });

  async function listen(handle: (context: RequestContext) => Promise<void> | void = answer) {
    const problems: (string | undefined)[] = [];
    const onPort = (problem: GatewayError | undefined) => problems.push(problem?.code);
    const bench = new HttpBench(handle, [], { onPort, lookEveryMs: LOOK_EVERY_MS });
    benches.push(bench);
    await bench.start();
    return { bench, problems };
  }

  function answer(context: RequestContext): void {
    context.sendJson(200, {});
  }

  async function takeAs(stranger: Server, port: number): Promise<void> {
    strangers.push(stranger);
    stranger.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(stranger, 'listening');
  }

  const isServed = async (bench: HttpBench): Promise<boolean> =>
    (await bench.send({}).catch(() => undefined))?.status === 200;

  it('takes a port again that was lost without a word, and what runs goes on', async () => {
    let finish: (() => void) | undefined;
    const { bench, problems } = await listen((context) => {
      if (finish) {
        answer(context);
        return undefined;
      }
      return new Promise((resolve) => {
        finish = () => {
          answer(context);
          resolve();
        };
      });
    });
    const running = bench.send({});
    await until(() => finish !== undefined, 'under way');
    listenerOn(bench.port)._handle.close();
    assert.equal(await isServed(bench), false);
    await until(() => bench.complaints.some((line) => line.includes('again')), 'listens again');
    assert.equal(await isServed(bench), true);
    finish?.();
    assert.equal((await running).status, 200);
    assert.deepEqual(problems, []);
    assert.match(bench.complaints.join('\n'), /is lost \(nobody listens.*\n.*again/);
  });

  it('is not misled when so many come at once that its own call has to wait', async function () {
    this.timeout(40_000);
    const { bench } = await listen();
    let open = 0;
    listenerOn(bench.port).on('connection', () => open++);
    const others = Array.from({ length: 250 }, () =>
      connect(bench.port, '127.0.0.1').on('error', noop),
    );
    // Node takes one connection in a turn of the event loop, and these are long.
    const busy = setInterval(() => {
      const untilMs = performance.now() + 12;
      while (performance.now() < untilMs) continue;
    }, 1);
    await until(() => open >= others.length, 'all of them are heard', 30_000);
    clearInterval(busy);
    for (const socket of others) socket.destroy();
    assert.deepEqual(bench.complaints, []);
  });

  it('does so at once after an error of the listener, or its end', async () => {
    for (const lose of [
      (server: Server) => server.emit('error', new Error('accept EINVAL')),
      (server: Server) => server.close(),
    ]) {
      const { bench, problems } = await listen();
      assert.equal(await isServed(bench), true);
      lose(listenerOn(bench.port));
      await until(() => bench.complaints.some((line) => line.includes('listens')), 'listens again');
      assert.equal(await isServed(bench), true);
      assert.deepEqual(problems, []);
    }
  });

  it('says who else has it, tries again, and says when it is back', async () => {
    const { bench, problems } = await listen();
    listenerOn(bench.port)._handle.close();
    const stranger = createServer((socket) => socket.on('error', () => undefined));
    await takeAs(stranger, bench.port);
    await until(() => problems.length > 0, 'it is told', 10_000);
    assert.equal(problems[0], 'port_in_use');
    assert.match(bench.complaints.join('\n'), /another program answers there/);
    stranger.close();
    await until(() => problems.at(-1) === undefined, 'it is back', 10_000);
    assert.equal(await isServed(bench), true);
    const tries = bench.complaints.filter((line) => line.includes('cannot be taken again'));
    assert.equal(tries.length, 1, 'said once');
  });

  it('ends for good while the port is lost, with all that still runs', async () => {
    let arrived = false;
    const { bench, problems } = await listen(({ signal }) => {
      arrived = true;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    });
    const running = bench.send({});
    await until(() => arrived, 'under way');
    const listener = listenerOn(bench.port);
    listener._handle.close();
    const stranger = createServer();
    await takeAs(stranger, bench.port);
    listener.emit('error', new Error('accept EINVAL'));
    await until(() => problems.length > 0, 'it is told');
    await bench.server.close();
    assert.equal((await running).status, 503);
    stranger.close();
    await once(stranger, 'close');
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(await isServed(bench), false, 'nobody listens any more');
  });

  it('leaves a listener alone that is well', async () => {
    const { bench } = await listen();
    await new Promise((resolve) => setTimeout(resolve, 10 * LOOK_EVERY_MS));
    assert.deepEqual(bench.complaints, []);
    await until(async () => (await bench.server.connections()) === 0, 'looks leave nothing behind');
  });
});

function noop(): void {
  return undefined;
}
