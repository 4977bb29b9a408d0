import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { type Message, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { encodeFrame, FrameDecoder, MAX_FRAME_BYTES } from '../../../src/lingma/framing';
import { settled } from '../../support/async';
import { assertCode, thrownBy } from '../../support/errors';

const BODIES = ['{"text":"né 你好 🙂"}', '[]', '{"a":{"b":[1,2]}}'];

function decodeAll(pieces: readonly (string | Uint8Array)[]): string[] {
  const decoder = new FrameDecoder();
  return pieces.flatMap((piece) => [...decoder.read(piece)]);
}

/** `whole` cut at each of `cuts`, which are taken modulo its length. */
function cutAt(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => whole.subarray(from, places[index]));
}

describe('lingma/framing', () => {
  describe('encodeFrame', () => {
    it('C-6 announces bytes, not characters', () => {
      assert.equal(encodeFrame('"é🙂"'), 'Content-Length: 8\r\n\r\n"é🙂"');
    });

    it('frames an empty text', () => {
      assert.equal(encodeFrame(''), 'Content-Length: 0\r\n\r\n');
    });
  });

  describe('FrameDecoder', () => {
    it('C-5 finds the same frames wherever the bytes are cut', () => {
      const bytes = Buffer.from(BODIES.map(encodeFrame).join(''));
      for (let cut = 0; cut <= bytes.length; cut++) {
        const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
        assert.deepEqual(decodeAll(pieces), BODIES, `cut at byte ${cut}`);
      }
    });

    it('C-5 finds the same frames wherever the text is cut', () => {
      // Whole code points, since a text message always holds whole ones.
      const characters = Array.from(BODIES.map(encodeFrame).join(''));
      for (let cut = 0; cut <= characters.length; cut++) {
        const pieces = [characters.slice(0, cut).join(''), characters.slice(cut).join('')];
        assert.deepEqual(decodeAll(pieces), BODIES, `cut at character ${cut}`);
      }
    });

    it('C-5 takes the stream byte by byte', () => {
      const bytes = Buffer.from(BODIES.map(encodeFrame).join(''));
      assert.deepEqual(decodeAll(Array.from(bytes, (byte) => Uint8Array.of(byte))), BODIES);
    });

    it('C-5 takes three frames in one message, text or binary', () => {
      const message = BODIES.map(encodeFrame).join('');
      assert.deepEqual([...new FrameDecoder().read(message)], BODIES);
      assert.deepEqual([...new FrameDecoder().read(Buffer.from(message))], BODIES);
    });

    it('takes text and binary messages in turn, also within one frame', () => {
      const frame = encodeFrame('"text then bytes"');
      assert.deepEqual(decodeAll([frame.slice(0, 25), Buffer.from(frame.slice(25))]), [
        '"text then bytes"',
      ]);
      assert.deepEqual(decodeAll([Buffer.from(frame), frame, Buffer.from(frame)]).length, 3);
    });

    it('C-5 takes any case of the name, any spacing and extra headers', () => {
      const headers = [
        'content-length: 2',
        'CONTENT-LENGTH:2',
        'Content-Length:   2  ',
        'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2',
        'Content-Length: 2\r\nContent-Type: application/json',
      ];
      for (const header of headers) {
        const message = `${header}\r\n\r\n{}`;
        assert.deepEqual([...new FrameDecoder().read(message)], ['{}'], `text: ${header}`);
        assert.deepEqual([...new FrameDecoder().read(Buffer.from(message))], ['{}'], header);
      }
    });

    it('C-6 keeps a code point whose bytes arrive apart', () => {
      const bytes = Buffer.from(encodeFrame('"🙂"'));
      const inside = bytes.length - 3;
      assert.deepEqual(decodeAll([bytes.subarray(0, inside), bytes.subarray(inside)]), ['"🙂"']);
    });

    it('takes an empty body', () => {
      assert.deepEqual([...new FrameDecoder().read('Content-Length: 0\r\n\r\n')], ['']);
      assert.deepEqual(decodeAll([Buffer.from(`Content-Length: 0\r\n\r\n${encodeFrame('1')}`)]), [
        '',
        '1',
      ]);
    });

    it('takes an empty message as nothing', () => {
      assert.deepEqual(decodeAll(['', Buffer.alloc(0), encodeFrame('1'), '']), ['1']);
    });

    it('does not mistake CRLF CRLF inside a body for the end of a header', () => {
      const body = '{\r\n\r\n"a":"Content-Length: 5\\r\\n\\r\\n"}';
      assert.deepEqual(decodeAll([encodeFrame(body) + encodeFrame('2')]), [body, '2']);
      const bytes = Buffer.from(encodeFrame(body));
      assert.deepEqual(decodeAll(cutAt(bytes, [24, 26])), [body]);
    });

    const malformed: Record<string, string> = {
      'no length': 'Content-Type: application/json\r\n\r\n{}',
      'a negative length': 'Content-Length: -1\r\n\r\n{}',
      'a signed length': 'Content-Length: +2\r\n\r\n{}',
      'a fractional length': 'Content-Length: 2.0\r\n\r\n{}',
      'a hexadecimal length': 'Content-Length: 0x2\r\n\r\n{}',
      'a length in words': 'Content-Length: two\r\n\r\n{}',
      'an empty length': 'Content-Length:\r\n\r\n{}',
      'a length with a tail': 'Content-Length: 2 bytes\r\n\r\n{}',
      'a length of one byte too many': `Content-Length: ${MAX_FRAME_BYTES + 1}\r\n\r\n`,
      'a length beyond all numbers': `Content-Length: ${'9'.repeat(400)}\r\n\r\n`,
      'a line without a colon': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}',
      'bare JSON': '{"jsonrpc":"2.0","method":"chat/answer"}',
      'a bare JSON list': '[{"jsonrpc":"2.0"}]',
      'a stray line break before the header': `\r\n${encodeFrame('{}')}`,
    };
    for (const [what, stream] of Object.entries(malformed)) {
      it(`C-7 refuses ${what}`, () => {
        assertCode(
          thrownBy(() => [...new FrameDecoder().read(stream)]),
          'upstream_protocol',
        );
        assertCode(
          thrownBy(() => [...new FrameDecoder().read(Buffer.from(stream))]),
          'upstream_protocol',
        );
        const parts = Array.from(Buffer.from(stream), (byte) => Uint8Array.of(byte));
        assertCode(
          thrownBy(() => decodeAll(parts)),
          'upstream_protocol',
        );
      });
    }

    it('C-7 refuses bare JSON that follows a frame', () => {
      const decoder = new FrameDecoder();
      assert.deepEqual([...decoder.read(encodeFrame('1'))], ['1']);
      assertCode(
        thrownBy(() => [...decoder.read('{"a":1}')]),
        'upstream_protocol',
      );
    });

    it('C-7 accepts the longest length without waiting for memory of that size', () => {
      const decoder = new FrameDecoder();
      assert.deepEqual([...decoder.read(`Content-Length: ${MAX_FRAME_BYTES}\r\n\r\n{}`)], []);
    });

    it('C-7 refuses an endless header instead of buffering it', () => {
      const decoder = new FrameDecoder();
      let pushed = 0;
      const error = thrownBy(() => {
        for (; pushed < 1024; pushed++) Array.from(decoder.read('X-Filler: '.padEnd(1024, 'x')));
      });
      assertCode(error, 'upstream_protocol');
      assert.ok(pushed <= 16, `${pushed} KiB were buffered`);
    });

    it('C-7 refuses an oversized header whether or not it arrives at once', () => {
      const stream = Buffer.from(`X-Filler: ${'x'.repeat(64 * 1024)}\r\n${encodeFrame('{}')}`);
      const pieces = cutAt(
        stream,
        Array.from({ length: 64 }, (_, index) => index * 1024),
      );
      assertCode(
        thrownBy(() => decodeAll(pieces)),
        'upstream_protocol',
      );
      assertCode(
        thrownBy(() => decodeAll([stream])),
        'upstream_protocol',
      );
    });

    it('C-5 decodes any list of texts cut anywhere as it was encoded', () => {
      fc.assert(
        fc.property(
          fc.array(fc.json({ stringUnit: 'binary' }), { maxLength: 6 }),
          fc.array(fc.nat(), { maxLength: 12 }),
          (texts, cuts) => {
            const bytes = Buffer.from(texts.map(encodeFrame).join(''));
            assert.deepEqual(decodeAll(cutAt(bytes, cuts)), texts);
          },
        ),
      );
    });

    it('C-5 decodes any texts, one message each', () => {
      fc.assert(
        fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
          assert.deepEqual(decodeAll(texts.map(encodeFrame)), texts);
        }),
      );
    });

    it('copies a long body a bounded number of times', () => {
      const body = 'x'.repeat(8 * 1024 * 1024);
      const bytes = Buffer.from(encodeFrame(body));
      const decoder = new FrameDecoder();
      const found: string[] = [];
      const copied = countCopied(() => {
        for (let at = 0; at < bytes.length; at += 1024) {
          found.push(...decoder.read(bytes.subarray(at, at + 1024)));
        }
      });
      assert.deepEqual([found.length, found[0]?.length], [1, body.length]);
      assert.ok(copied >= body.length, 'the count sees nothing');
      assert.ok(copied <= 4 * bytes.length, `${copied} bytes were copied`);
    });
  });

  describe('side by side with vscode-jsonrpc', () => {
    const messages = [
      { jsonrpc: '2.0', id: 1, method: 'chat/answer', params: { text: 'né 你好 🙂' } },
      { jsonrpc: '2.0', id: 's-1', result: { deep: [[], {}, null, 'a\r\n\r\nb'] } },
      { jsonrpc: '2.0', method: 'notify' },
    ];

    it('reads what its writer writes', async () => {
      const wire = new PassThrough();
      const writer = new StreamMessageWriter(wire);
      for (const message of messages) await writer.write(message);
      const bytes = wire.read() as Buffer;
      const pieces = cutAt(bytes, [3, 40, 41, 100]);
      assert.deepEqual(
        decodeAll(pieces).map((json) => JSON.parse(json) as unknown),
        messages,
      );
      writer.dispose();
    });

    it('writes what its reader reads', async () => {
      const wire = new PassThrough();
      const reader = new StreamMessageReader(wire);
      const heard: Message[] = [];
      const listening = reader.listen((message) => heard.push(message));
      const bytes = Buffer.from(
        messages.map((message) => encodeFrame(JSON.stringify(message))).join(''),
      );
      for (const piece of cutAt(bytes, [1, 50, 51, 52, 120])) wire.write(piece);
      for (let turn = 0; turn < 100 && heard.length < messages.length; turn++) await settled();
      listening.dispose();
      reader.dispose();
      assert.deepEqual(heard, messages);
    });
  });
});

/** Bytes that `action` copies from buffer to buffer; the way to see a quadratic reader. */
function countCopied(action: () => void): number {
  let copied = 0;
  const undo = [
    intercept(Buffer.prototype as object, 'copy', (result) => (copied += result as number)),
    intercept(Uint8Array.prototype, 'set', (_, [source]) => {
      copied += (source as Uint8Array).length;
    }),
  ];
  try {
    action();
  } finally {
    for (const restore of undo) restore();
  }
  return copied;
}

/** Lets `after` see each call of a method; returns what puts the method back. */
function intercept(
  prototype: object,
  name: string,
  after: (result: unknown, args: readonly unknown[]) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, name);
  const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: unknown, ...args: unknown[]): unknown {
      const result = original.apply(this, args);
      after(result, args);
      return result;
    },
  });
  return () => {
    if (own) Object.defineProperty(prototype, name, own);
    else Reflect.deleteProperty(prototype, name);
  };
}
