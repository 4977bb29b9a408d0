import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MAX_BODY_BYTES, readJson } from '../../../src/http/body';
import { HttpBench, type Reply, requestHead, until } from '../../support/httpBench';

describe('http/body', () => {
  let bench: HttpBench;

  beforeEach(async () => {
    bench = new HttpBench(async (context) => {
      context.sendJson(200, { read: await readJson(context.request) });
    });
    await bench.start();
  });

  afterEach(() => bench.server.close());

  const read = ({ status, text }: Reply): unknown => {
    assert.equal(status, 200, text);
    return (JSON.parse(text) as { read: unknown }).read;
  };
  const errorOf = ({ text }: Reply) =>
    (JSON.parse(text) as { error: { code: string; message: string } }).error;

  async function refusal(send: Parameters<HttpBench['send']>[0], status: number, code: string) {
    const reply = await bench.send(send);
    assert.equal(reply.status, status, reply.text);
    const error = errorOf(reply);
    assert.equal(error.code, code);
    assert.deepEqual(bench.complaints, []);
    return error.message;
  }

  it('reads JSON of any kind', async () => {
    for (const value of [{ a: 'né 你好 🙂' }, [], 'text', 0, null]) {
      assert.deepEqual(read(await bench.send({ body: [JSON.stringify(value)] })), value);
    }
  });

  it('reads a body in pieces that cut a code point', async () => {
    const bytes = Buffer.from('{"a":"你好🙂"}');
    const body = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assert.deepEqual(read(await bench.send({ body })), { a: '你好🙂' });
  });

  it('takes a byte order mark', async () => {
    assert.deepEqual(read(await bench.send({ body: ['\uFEFF{"a":1}'] })), { a: 1 });
  });

  const types = ['application/json', 'Application/JSON', 'application/json ; charset=utf-8'];
  for (const type of types) {
    it(`takes ${type}`, async () => {
      const headers = { 'content-type': type };
      assert.deepEqual(read(await bench.send({ headers, body: ['{}'] })), {});
    });
  }

  const otherTypes = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json-seq',
    'text/plain; application/json',
    '',
  ];
  for (const type of otherTypes) {
    it(`C-57 refuses ${JSON.stringify(type)}, which a web page may send unasked`, async () => {
      const headers = { 'content-type': type };
      await refusal({ headers, body: ['{}'] }, 415, 'unsupported_media_type');
    });
  }

  it('C-57 refuses a body without a type', async () => {
    const socket = await bench.raw(`${requestHead({ 'content-length': '2' })}{}`);
    const [head] = await new Promise<Buffer[]>((resolve) =>
      socket.once('data', (...chunks: Buffer[]) => {
        resolve(chunks);
      }),
    );
    socket.destroy();
    assert.match(String(head), /^HTTP\/1\.1 415 /);
  });

  for (const encoding of ['gzip', 'br', 'deflate', 'gzip, identity', 'x']) {
    it(`refuses content-encoding ${encoding}`, async () => {
      const headers = { 'content-encoding': encoding };
      await refusal({ headers, body: ['{}'] }, 415, 'unsupported_media_type');
    });
  }

  it('takes content-encoding identity', async () => {
    const headers = { 'content-encoding': 'identity' };
    assert.deepEqual(read(await bench.send({ headers, body: ['{}'] })), {});
  });

  for (const text of ['', '{', '{"a":1}x', "{'a':1}", 'undefined', '{"a":1,}', 'NaN']) {
    it(`refuses ${JSON.stringify(text)} as invalid JSON`, async () => {
      await refusal({ body: [text] }, 400, 'invalid_json');
    });
  }

  it('refuses bytes that are not UTF-8 instead of mending them', async () => {
    const body = [Uint8Array.of(0x22, 0xc3, 0x28, 0x22)];
    assert.match(await refusal({ body }, 400, 'invalid_json'), /UTF-8/);
    const cut = [Buffer.from('"🙂"').subarray(0, 3)];
    assert.match(await refusal({ body: cut }, 400, 'invalid_json'), /UTF-8/);
  });

  it('takes thousands of numbers that a double cannot keep, and not any number of them', async () => {
    const ids = (count: number): string => `[${Array(count).fill('12345678901234567').join(',')}]`;
    assert.equal((read(await bench.send({ body: [ids(10_000)] })) as number[]).length, 10_000);
    assert.match(await refusal({ body: [ids(10_001)] }, 400, 'invalid_json'), /10000 numbers/);
    // Neither ordinary numbers nor digits in texts count.
    const [float, text] = [0.1234567890123456, '12345678901234567'];
    const many = [...Array<unknown>(20_000).fill(float), ...Array<unknown>(20_000).fill(text)];
    assert.deepEqual(read(await bench.send({ body: [JSON.stringify(many)] })), many);
  });

  describe('the limit (C-52)', () => {
    const mebibyte = Buffer.alloc(1024 * 1024, 'x');
    const full = Array.from({ length: MAX_BODY_BYTES / mebibyte.length - 1 }, () => mebibyte);
    const rest = mebibyte.subarray(2);

    it('lets a body of exactly that size through, announced or not', async () => {
      const pieces = ['"', ...full, rest, '"'];
      const whole = Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
      assert.equal(whole.length, MAX_BODY_BYTES);
      for (const body of [pieces, [whole]]) {
        assert.equal(String(read(await bench.send({ body }))).length, MAX_BODY_BYTES - 2);
      }
    });

    it('refuses one byte more as soon as it is announced', async () => {
      const socket = await bench.raw(
        requestHead({
          'content-type': 'application/json',
          'content-length': String(MAX_BODY_BYTES + 1),
        }),
      );
      const answer = await new Promise<string>((resolve) => {
        socket.once('data', (chunk) => {
          resolve(chunk.toString());
        });
      });
      socket.destroy();
      assert.match(answer, /^HTTP\/1\.1 413 /);
      assert.match(answer, /body_too_large/);
    });

    it('tells a client that announces nothing as well', async () => {
      const body = ['"', ...full, rest, mebibyte, '"'];
      await refusal({ body }, 413, 'body_too_large');
    });

    it('tells a client that still has much to send', async () => {
      const body = [...full, ...full.slice(0, 12)];
      await refusal({ body }, 413, 'body_too_large');
    });
  });

  it('a client that leaves in the middle of its body is nobody to complain about', async () => {
    const head = requestHead({ 'content-type': 'application/json', 'content-length': '100' });
    const socket = await bench.raw(`${head}{"a":`);
    socket.destroy();
    await until(() => bench.requests.length === 1, 'the request has ended');
    assert.equal(bench.requests[0]?.status, 499);
    assert.deepEqual(bench.complaints, []);
  });
});
