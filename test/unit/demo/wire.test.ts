import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { DemoProcess, RawClient, askParams, frame } from './demoProcess';

const running: DemoProcess[] = [];

async function connect(
  knobs: Readonly<Record<string, string>> = {},
): Promise<readonly [RawClient, DemoProcess]> {
  const demo = await DemoProcess.start(knobs);
  running.push(demo);
  return [await RawClient.connect(demo.socketPort), demo];
}

const initialize = frame({ jsonrpc: '2.0', id: 'i', method: 'initialize', params: {} });
const ping = (id: number): string => frame({ jsonrpc: '2.0', id, method: 'ping', params: {} });

describe('demo wire', () => {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((demo) => demo.stop()));
  });

  it('sends one frame per text message', async () => {
    const [client] = await connect();
    client.socket.send(initialize);
    client.post('chat/ask', askParams('r', '你好'));
    const finish = await client.finish('r');
    assert.match(String(finish.params?.['fullAnswer']), /演示替身.*你好/s);
    assert.equal(client.raw.length, client.received.length);
    assert.ok(client.raw.every(({ binary }) => !binary));
    assert.match(client.raw[0]?.bytes.toString() ?? '', /^Content-Length: \d+\r\n\r\n\{/);
  });

  it('reads frames that are split, joined, binary or bear other headers', async () => {
    const [client] = await connect();
    for (const byte of Buffer.from(initialize)) client.socket.send(Buffer.of(byte));
    await client.reply('i');
    client.socket.send(Buffer.from(ping(11) + ping(12) + ping(13)));
    await client.reply(13);
    const odd = ping(14).replace('Content-Length', 'Content-Type: x/y\r\ncontent-LENGTH');
    client.socket.send(odd);
    await client.reply(14);
    assert.equal(client.received.length, 5);
  });

  it('ignores bare JSON and says so in the log', async () => {
    const [client, demo] = await connect();
    client.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize' }));
    client.socket.send(initialize);
    await client.reply('i');
    assert.equal(client.received.length, 1);
    assert.match(demo.log(), /Unknown message header/);
  });

  it('closes on a bogus length and on broken JSON', async () => {
    for (const bytes of [
      'Content-Length: -1\r\n\r\n',
      'Content-Length: abc\r\n\r\n',
      'Content-Length: 99999999999\r\n\r\n',
      'X: 1\r\n\r\n',
      'Content-Length: 3\r\n\r\n{{{',
    ]) {
      const [client] = await connect();
      client.socket.send(bytes);
      assert.equal(await client.closed(), 1002, bytes);
    }
  });

  it('cuts, joins and spells frames as told', async () => {
    const [split] = await connect({
      DEMO_LINGMA_SPLIT: '7',
      DEMO_LINGMA_STRING_IDS: '1',
      DEMO_LINGMA_HEADER_CASE: 'lower',
    });
    split.socket.send(initialize);
    split.post('chat/ask', askParams('r', 'DEMO:echo 中文🙂'));
    const finish = await split.finish('r');
    assert.equal(finish.params?.['fullAnswer'], '中文🙂');
    assert.equal(typeof finish.id, 'string');
    assert.ok(split.raw.every(({ bytes, binary }) => binary && bytes.length <= 7));
    assert.equal(split.raw[0]?.bytes.toString(), 'content');

    const [joined] = await connect({ DEMO_LINGMA_COALESCE: '1', DEMO_LINGMA_BINARY: '1' });
    joined.socket.send(initialize);
    joined.post('chat/ask', askParams('r', 'DEMO:words 20'));
    await joined.finish('r');
    assert.ok(joined.raw.length < joined.received.length / 3);
    assert.ok(joined.raw.every(({ binary }) => binary));
  });

  it('refuses a handshake without the header it was told to want', async () => {
    const demo = await DemoProcess.start({ DEMO_LINGMA_REQUIRED_HEADER: 'Cosy-MachineToken' });
    running.push(demo);
    for (const headers of [{}, { 'cosy-machinetoken': '' }, { 'X-Other': 't' }]) {
      await assert.rejects(RawClient.connect(demo.socketPort, headers), /response: 403$/);
    }
    assert.match(demo.log(), /handshake refused: no header Cosy-MachineToken/);
    const client = await RawClient.connect(demo.socketPort, { 'cosy-machinetoken': 't' });
    client.socket.send(initialize);
    assert.equal((await client.reply('i')).error, undefined);
  });

  it('answers disabled methods and messages it cannot place', async () => {
    const [client, demo] = await connect({ DEMO_LINGMA_DISABLE: 'chat/stop,chat/ask' });
    client.socket.send(initialize);
    assert.equal((await client.call('chat/stop', { requestId: 'x' })).error?.code, -32601);
    assert.equal((await client.call('chat/ask', askParams('r', 'x'))).error?.code, -32601);
    client.send([{ jsonrpc: '2.0', id: 1, method: 'ping' }]);
    const refused = await client.until('refusal', (message) => message.id === null);
    assert.equal(refused.error?.code, -32600);
    client.send({ jsonrpc: '2.0', id: 77, result: {} });
    await client.call('ping', {});
    assert.match(demo.log(), /reply to no request of ours: id 77/);
  });
});
