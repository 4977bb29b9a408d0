import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  imageKind,
  imagePart,
  isRemoteImage,
  MAX_IMAGE_BYTES,
} from '../../../src/conversation/images';
import { assertCode, thrownBy } from '../../support/errors';
import { dataUri, png } from '../../support/pictures';

const PATH = 'messages[3].content[1].image_url.url';

const heads: Record<string, Buffer> = {
  'image/png': png(1),
  'image/jpeg': Buffer.from('ffd8ffe000104a46', 'hex'),
  'image/gif': Buffer.from('GIF89a\x01\x00', 'latin1'),
  'image/webp': Buffer.from('RIFF\x1a\x00\x00\x00WEBPVP8 ', 'latin1'),
  'image/bmp': Buffer.from('BM\x3a\x00\x00\x00', 'latin1'),
};

function refusal(url: string) {
  const error = thrownBy(() => imagePart(url, PATH));
  assert.deepEqual([error.status, error.param], [400, PATH]);
  assert.ok(error.message.includes(PATH), error.message);
  return error;
}

/** A PNG of so many bytes. */
function pngOf(size: number): string {
  return dataUri(Buffer.concat([png(1), Buffer.alloc(size)]).subarray(0, size));
}

describe('conversation/images', () => {
  for (const [kind, bytes] of Object.entries(heads)) {
    it(`passes ${kind} on as it is`, () => {
      const url = dataUri(bytes, kind);
      assert.deepEqual(imagePart(url, PATH), { type: 'image', url });
    });

    it(`does not take anything else for ${kind}`, () => {
      for (const [other, foreign] of Object.entries({ ...heads, nothing: Buffer.alloc(0) })) {
        if (other === kind) continue;
        assertCode(refusal(dataUri(foreign, kind)), 'invalid_request');
      }
    });
  }

  it('takes both versions of GIF and data without padding', () => {
    const old = Buffer.from('GIF87a\x01\x00', 'latin1');
    const url = dataUri(old, 'image/gif').replace(/=+$/, '');
    assert.equal(imagePart(url, PATH).url, url);
  });

  it('spells what stands before the bytes in one way', () => {
    const data = heads['image/jpeg']?.toString('base64') ?? '';
    for (const start of ['data:image/jpg;base64', 'DATA:IMAGE/JPEG;x=1;BASE64']) {
      assert.equal(imagePart(`${start},${data}`, PATH).url, `data:image/jpeg;base64,${data}`);
    }
  });

  it('keeps a remote address as it is, with its field', () => {
    for (const url of ['https://example.com/a.png', 'HTTP://example.com/a.png']) {
      const part = imagePart(url, PATH);
      assert.deepEqual(part, { type: 'image', url, path: PATH });
      assert.ok(isRemoteImage(part));
    }
    assert.ok(!isRemoteImage(imagePart(pngOf(100), PATH)));
  });

  for (const [kind, bytes] of Object.entries(heads)) {
    it(`knows ${kind} by its bytes`, () => {
      assert.equal(imageKind(bytes), kind);
    });
  }

  it('knows nothing else by its bytes', () => {
    for (const bytes of [Buffer.from('<html></html>'), Buffer.alloc(0)]) {
      assert.equal(imageKind(bytes), undefined);
    }
  });

  it('refuses every other address', () => {
    for (const url of [
      '',
      'file:///etc/passwd',
      'data:',
      '/tmp/a.png',
      `data:${'x'.repeat(300)},`,
    ]) {
      assertCode(refusal(url), 'invalid_request');
    }
  });

  it('refuses other kinds and other encodings, naming those it takes', () => {
    const svg = 'data:image/svg+xml;base64,PHN2Zz4=';
    for (const url of [svg, 'data:,x', 'data:image/png,abc', 'data:toString;base64,AAAA']) {
      const error = refusal(url);
      assertCode(error, 'unsupported_content');
      assert.match(error.message, /PNG/);
    }
  });

  it('refuses what is not base64', () => {
    const data = png(1).toString('base64').replace(/=+$/, '');
    for (const broken of [`${data}-`, `${data} AAA`, `AA=${data}`, data.slice(0, 17)]) {
      assert.match(refusal(`data:image/png;base64,${broken}`).message, /base64/);
    }
  });

  it('takes 20 MiB and no byte more', () => {
    const full = pngOf(MAX_IMAGE_BYTES);
    assert.equal(imagePart(full, PATH).url, full);
    const error = refusal(pngOf(MAX_IMAGE_BYTES + 1));
    assertCode(error, 'invalid_request');
    assert.match(error.message, /20 MiB/);
  });
});
