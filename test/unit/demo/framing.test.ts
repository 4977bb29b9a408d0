import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type FrameEvent, FrameReader, FrameWriter, encodeFrame } from '../../../src/demo/framing';

function texts(events: readonly FrameEvent[]): string[] {
  return events.map((event) => (event.kind === 'frame' ? event.json : event.kind));
}

const shape = { headerCase: 'canonical', binary: false, coalesce: false, split: 0 } as const;

describe('demo framing', () => {
  it('counts bytes, not characters', () => {
    assert.equal(encodeFrame('"é🙂"', 'canonical'), 'Content-Length: 8\r\n\r\n"é🙂"');
    assert.match(encodeFrame('1', 'upper'), /^CONTENT-LENGTH: 1\r\n/);
  });

  it('finds the same frames wherever the bytes are cut', () => {
    const bytes = Buffer.from(encodeFrame('"é🙂"', 'lower') + encodeFrame('[1]', 'canonical'));
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new FrameReader();
      const events = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
      assert.deepEqual(texts(events), ['"é🙂"', '[1]']);
    }
  });

  it('keeps what came before bare JSON or a fault', () => {
    const reader = new FrameReader();
    const good = encodeFrame('1', 'canonical');
    assert.deepEqual(texts(reader.push(Buffer.from(`${good}{"a":1}`))), ['1', 'unframed']);
    const bad = Buffer.from(`${good}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`);
    assert.deepEqual(texts(reader.push(bad)), ['1', 'fault']);
    assert.deepEqual(reader.push(Buffer.from(good)), []);
  });

  it('gives up on an endless header', () => {
    assert.deepEqual(texts(new FrameReader().push(Buffer.alloc(9000, 'a'))), ['fault']);
  });

  it('joins the frames of one tick', async () => {
    const sent: (string | Buffer)[] = [];
    const writer = new FrameWriter((data) => sent.push(data), { ...shape, coalesce: true });
    writer.write('1');
    writer.write('2');
    assert.deepEqual(sent, []);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(sent, ['Content-Length: 1\r\n\r\n1Content-Length: 1\r\n\r\n2']);
  });

  it('cuts into binary messages', () => {
    const sent: (string | Buffer)[] = [];
    new FrameWriter((data) => sent.push(data), { ...shape, split: 10 }).write('"é"');
    assert.deepEqual(sent.map(String), ['Content-Le', 'ngth: 4\r\n\r', '\n"é"']);
    assert.ok(sent.every((data) => Buffer.isBuffer(data)));
  });
});
