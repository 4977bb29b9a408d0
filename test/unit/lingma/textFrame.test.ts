import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { WebSocketServer } from 'ws';
import { clientTextFrame } from '../../../src/lingma/textFrame';

describe('lingma/textFrame', () => {
  let server: WebSocketServer | undefined;
  afterEach(() => {
    for (const client of server?.clients ?? []) client.terminate();
    server?.close();
  });

  it('is read by another implementation as the text it was, whatever its length', async () => {
    const texts = [
      '',
      'a',
      'ab',
      'abc',
      'äöü €😀',
      ...[125, 126, 127, 65_535, 65_536, 70_001].map(long),
    ];
    const heard: string[] = [];
    server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const all = new Promise<void>((resolve, reject) => {
      server?.on('connection', (socket) => {
        socket.on('error', reject);
        socket.on('message', (data: Buffer, isBinary) => {
          heard.push(isBinary ? 'binary' : data.toString());
          if (heard.length === texts.length) resolve();
        });
      });
    });
    const tcp = connect((server.address() as AddressInfo).port, '127.0.0.1');
    tcp.write(HANDSHAKE);
    await once(tcp, 'data');
    for (const text of texts) tcp.write(clientTextFrame(text));
    await all;
    assert.deepEqual(heard, texts);
    tcp.destroy();
  });

  it('never shows the text itself, nor twice the same', () => {
    const text = 'a text of some length';
    const frames = Array.from({ length: 20 }, () => clientTextFrame(text));
    assert.ok(frames.every((frame) => !frame.includes('text')));
    assert.equal(new Set(frames.map((frame) => frame.toString('hex'))).size, frames.length);
  });
});

const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
  '\r\n',
].join('\r\n');

function long(length: number): string {
  return 'abcdefghij'.repeat(length / 10 + 1).slice(0, length);
}
