import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { eventually, HeadlessGateway } from '../support/headless';
import { useTempDirs } from '../support/tempDir';
import { DemoProcess } from '../unit/demo/demoProcess';
import { assertTyped, begin, Chat, LOSSES } from './chat';
import { dialects } from './client';
import { isCalm } from './rig';
import { Witness } from './witness';

/** A network between a gateway and its client that can lose every byte without a word. */
class Network {
  readonly #server = createServer((near) => {
    this.#join(near);
  });
  readonly #sockets = new Set<Socket>();
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    assert.ok(typeof address === 'object' && address);
    return address.port;
  }

  /** From now on nothing passes on the connections there are; new ones are as good as ever. */
  lose(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket): void {
    const far = connect(this.#port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.once('close', () => this.#sockets.delete(from));
      from.pipe(to);
    }
  }
}

describe('faults: a connection is half open', () => {
  const tempDir = useTempDirs();
  const ends: (() => unknown)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it('nobody closes it and nothing arrives: turns time out, and then there is another one', async () => {
    const record = path.join(tempDir(), 'record.jsonl');
    const demo = await DemoProcess.start({
      DEMO_LINGMA_RECORD: record,
      DEMO_LINGMA_DISABLE: 'session/new',
    });
    ends.push(() => demo.stop());
    const network = new Network(demo.socketPort);
    ends.push(() => {
      network.close();
    });
    const gateway = await HeadlessGateway.launch({
      flags: ['--attach', `ws://127.0.0.1:${await network.open()}/`, '--idle-timeout', '3'],
    });
    ends.push(() => gateway.stop());
    const witness = new Witness(record);
    const { baseUrl, apiKey } = gateway;
    const chats = dialects.map(
      (dialect) => new Chat({ baseUrl, apiKey, witness }, `half.${dialect}`, { dialect }),
    );
    const incarnation = async () => (await gateway.stats()).instances[0]?.incarnation ?? 0;
    const recover = async (above: number): Promise<void> => {
      // Until the probe has given it up, the dead connection counts as one that may come back.
      await eventually('another connection', async () => (await incarnation()) > above, 20_000);
      await eventually('calm', async () => isCalm(await gateway.stats()), 20_000);
      await Promise.all(chats.map((chat) => chat.say()));
      assert.deepEqual(witness.violations(), []);
    };
    await recover(0);

    // While idle: the next turns meet silence.
    network.lose();
    for (const outcome of await Promise.all(chats.map((chat) => chat.turn()))) {
      assertTyped(outcome, LOSSES);
    }
    await recover(1);

    // In mid-stream.
    const turns = await begin(chats, { words: 600, script: ['DEMO:gap 20'] });
    network.lose();
    for (const outcome of await Promise.all(turns)) {
      assert.equal(outcome.kind, 'error');
      assertTyped(outcome, LOSSES);
    }
    await recover(2);
  }).timeout(90_000);
});
