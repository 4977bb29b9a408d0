import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { writeJson } from '../../../src/base/exactJson';
import { MAX_FRAME_BYTES } from '../../../src/lingma/framing';
import { LineDecoder, lineFraming } from '../../../src/lingma/lines';
import { RpcConnection } from '../../../src/lingma/rpc';
import { assertCode, thrownBy } from '../../support/errors';
import { FakeSocket } from '../../support/fakeSocket';

describe('lingma/lines', () => {
  it('puts lines together however they were split, also inside a character', () => {
    const text = '{"a":"你好 👩‍💻"}\r\n\n{"b":1}\n{"c":';
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size++) {
      const decoder = new LineDecoder();
      const lines: string[] = [];
      for (let start = 0; start < bytes.length; start += size) {
        lines.push(...decoder.read(bytes.subarray(start, start + size)));
      }
      assert.deepEqual(lines, ['{"a":"你好 👩‍💻"}', '{"b":1}'], `pieces of ${size} bytes`);
      assert.deepEqual([...decoder.read('2}\n')], ['{"c":2}']);
    }
  });

  it('a line without an end is an error before it fills the memory', () => {
    const decoder = new LineDecoder();
    const piece = 'x'.repeat(MAX_FRAME_BYTES / 4);
    const feed = (): void => {
      for (let count = 0; count < 5; count++) assert.deepEqual([...decoder.read(piece)], []);
    };
    assertCode(thrownBy(feed), 'upstream_protocol');
  });

  it('keeps the digits of numbers, as the other framing does', () => {
    const line = '{"id":12345678901234567890,"x":[1e999]}';
    assert.equal(writeJson(lineFraming.parse(line)), line);
  });

  it('a stray line on stdout does not end the connection', () => {
    const socket = new FakeSocket();
    const heard: string[] = [];
    let closed = 0;
    new RpcConnection(
      socket,
      {
        reply: () => ({}),
        onMessage: (method) => heard.push(method),
        onClose: () => closed++,
      },
      lineFraming,
    );
    socket.deliver('Update available! Run npm i -g agent\n{"not closed\n');
    socket.deliver('{"jsonrpc":"2.0","id":5,"method":"x"}\n"text"\n[1]\n');
    assert.deepEqual([heard, closed], [['x'], 0]);
    assert.deepEqual(socket.frames, ['{"jsonrpc":"2.0","id":5,"result":{}}\n']);
  });
});
