import assert from 'node:assert/strict';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MAX_BODY_BYTES, readJson } from '../../../src/http/body';
import { assertCode } from '../../support/errors';
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

  for (const encoding of ['zstd', 'gzip, gzip', 'gzip, identity', 'x', 'constructor']) {
    it(`refuses content-encoding ${encoding}`, async () => {
      const headers = { 'content-encoding': encoding };
      const message = await refusal({ headers, body: ['{}'] }, 415, 'unsupported_media_type');
      assert.match(message, /gzip, deflate or br/);
    });
  }

  const encoders = {
    gzip: gzipSync,
    'X-GZIP': gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
  };
  for (const [encoding, encode] of Object.entries(encoders)) {
    const headers = { 'content-encoding': encoding };
    const value = { text: 'né 你好 🙂 '.repeat(1_000) };
    const bytes = encode(JSON.stringify(value));

    it(`reads a body that is ${encoding}, in one piece or byte by byte`, async () => {
      assert.deepEqual(read(await bench.send({ headers, body: [bytes] })), value);
      const body = Array.from(bytes, (byte) => Uint8Array.of(byte));
      assert.deepEqual(read(await bench.send({ headers, body })), value);
    });

    it(`refuses what is not ${encoding}, or only its beginning`, async () => {
      await refusal({ headers, body: ['{}'] }, 400, 'invalid_request');
      await refusal({ headers, body: [bytes.subarray(0, -8)] }, 400, 'invalid_request');
      await refusal({ headers, body: [''] }, 400, 'invalid_request');
    });
  }

  it('reads the same bodies again on the connection of one that was refused in the middle', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const good = gzipSync('{"a":1}');
    const bad = Buffer.concat([Buffer.from('nonsense'), Buffer.alloc(5_000)]);
    const head = (length: number) => requestHead({ ...headers, 'content-length': String(length) });
    const socket = await bench.raw('');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.write(Buffer.concat([Buffer.from(head(bad.length)), bad]));
    await until(() => text.includes('"invalid_request"'), 'refused');
    socket.write(Buffer.concat([Buffer.from(head(good.length)), good]));
    await until(() => text.includes('{"read":{"a":1}}'), 'read');
    socket.destroy();
  });

  it('a client that leaves in the middle of a compressed body ends its reading', async () => {
    const ends: unknown[] = [];
    const other = new HttpBench(async ({ request }) => {
      await readJson(request).catch((error: unknown) => ends.push(error));
    });
    await other.start();
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const socket = await other.raw(requestHead({ ...headers, 'content-length': '100' }));
    socket.write(gzipSync('{"a":1}').subarray(0, 12));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await until(() => ends.length === 1, 'the reading has ended');
    assertCode(ends[0], 'cancelled');
    assert.deepEqual(other.complaints, []);
    await other.server.close();
  });

  describe('Expect: 100-continue', () => {
    const expecting = (more: Record<string, string> = {}) =>
      requestHead({
        'content-type': 'application/json',
        'content-length': '7',
        expect: '100-continue',
        ...more,
      });

    it('asks for the body and answers it', async () => {
      const socket = await bench.raw(expecting());
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      await until(() => text !== '', 'asked');
      assert.equal(text, 'HTTP/1.1 100 Continue\r\n\r\n');
      socket.write('{"a":1}');
      await until(() => text.includes('{"read":{"a":1}}'), 'answered');
      socket.destroy();
    });

    const refused: [string, Record<string, string>, number][] = [
      ['the key is wrong', { 'x-api-key': 'wrong' }, 401],
      ['the Host is', { host: 'evil.example' }, 421],
      ['the type is', { 'content-type': 'text/plain' }, 415],
      ['the coding is', { 'content-encoding': 'x' }, 415],
      ['the body is too large', { 'content-length': String(MAX_BODY_BYTES + 1) }, 413],
    ];
    for (const [why, headers, status] of refused) {
      it(`is refused without asking for the body where ${why}`, async () => {
        const socket = await bench.raw(expecting(headers));
        let text = '';
        socket.on('data', (chunk) => (text += chunk.toString()));
        await new Promise((resolve) => socket.once('close', resolve));
        assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
        assert.match(text, /^connection: close/im);
      });
    }

    it('is not waited for where nothing will come', async () => {
      const took = async (): Promise<number> => {
        const began = performance.now();
        const socket = await bench.raw(expecting({ 'x-api-key': 'wrong' }));
        socket.resume();
        await new Promise((resolve) => socket.once('close', resolve));
        return performance.now() - began;
      };
      // One of several: the machine may be busy with something else.
      assert.ok(Math.min(await took(), await took(), await took()) < 900);
    });

    it('is refused when it is anything else, and means nothing in HTTP/1.0', async () => {
      const answer = async (head: string): Promise<string> => {
        const socket = await bench.raw(head);
        let text = '';
        socket.on('data', (chunk) => (text += chunk.toString()));
        await until(() => /\r\n\r\n./.test(text), 'answered');
        socket.destroy();
        return text;
      };
      for (const expect of ['a-miracle', '100-continue, a-miracle']) {
        const text = await answer(`${expecting({ expect })}{"a":1}`);
        assert.match(text, /^HTTP\/1\.1 417 [^]*"expectation_failed"/);
      }
      const old = expecting({ connection: 'close' }).replace('HTTP/1.1', 'HTTP/1.0');
      assert.match(await answer(`${old}{"a":1}`), /^HTTP\/1\.1 200 /);
    });
  });

  it('refuses what would change the request from behind its body, and ignores other trailers', async () => {
    const send = async (trailer: string): Promise<string> => {
      const chunked = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
      const socket = await bench.raw(`${requestHead(chunked)}2\r\n{}\r\n0\r\n${trailer}\r\n\r\n`);
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      await until(() => /\r\n\r\n./.test(text), 'answered');
      socket.destroy();
      return text;
    };
    for (const trailer of ['Content-Length: 5', 'Host: evil.example', 'Authorization: Bearer x']) {
      assert.match(await send(trailer), /^HTTP\/1\.1 400 [^]*"invalid_request"/);
    }
    assert.match(await send('X-Checksum: 1'), /^HTTP\/1\.1 200 /);
  });

  it('keeps members named __proto__ and constructor as data, and every prototype as it is', async () => {
    const json = '{"__proto__":{"polluted":1},"a":[{"constructor":{"prototype":{"polluted":1}}}]}';
    const reply = await bench.send({ body: [json] });
    assert.equal(reply.text, `{"read":${json}}`);
    const long = '{"__proto__":{"id":12345678901234567890},"constructor":12345678901234567890}';
    assert.equal((await bench.send({ body: [long] })).text, `{"read":${long}}`);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    assert.equal(({} as Record<string, unknown>)['id'], undefined);
  });

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

  it('parses nothing that would be far larger than its bytes', async () => {
    const many = (count: number): string => `[${'[],'.repeat(count - 1)}[]]`;
    const large = `["0123456789"${',"0123456789"'.repeat(239_999)}]`;
    assert.equal((read(await bench.send({ body: [large] })) as unknown[]).length, 240_000);
    const values = await refusal({ body: [many(800_000)] }, 400, 'invalid_json');
    assert.match(values, /500000 values/);
    const deep = await refusal({ body: ['['.repeat(2_200_000)] }, 400, 'invalid_json');
    assert.match(deep, /256 levels/);
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

    it('counts what a compressed body becomes, and stops where that is too much', async () => {
      // 4 GiB in 4 MB: parts of gzip, one behind the other, are one.
      const part = gzipSync(mebibyte);
      const bomb = Buffer.concat(Array<Buffer>(4_096).fill(part));
      const headers = { 'content-encoding': 'gzip' };
      const began = process.cpuUsage();
      await refusal({ headers, body: [bomb] }, 413, 'body_too_large');
      const { user } = process.cpuUsage(began);
      assert.ok(user < 3_000_000, `it went on for ${user / 1000} ms`);
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
