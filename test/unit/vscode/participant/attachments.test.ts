import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Attachment,
  composeMessage,
  startOf,
} from '../../../../src/vscode/participant/attachments';
import { t } from '../support';

const file = (text: string, name = 'a.ts'): Attachment => ({
  kind: 'text',
  title: `File src/${name}`,
  name,
  text,
  language: 'typescript',
});
const picture = (bytes: Uint8Array | Buffer, name = 'p.png'): Attachment => ({
  kind: 'picture',
  name,
  bytes,
});
const png = Buffer.from('iVBORw0KGgoAAQID', 'base64');
const limits = { each: 10, all: 16, pictures: 1 };

describe('attachments of a chat request', () => {
  it('leave a prompt that has none as it is', () => {
    assert.deepEqual(composeMessage('  hi\n', [], t), { user: '  hi\n', images: [], leftOut: [] });
  });

  it('come before the prompt, each in a fence that nothing in it ends', () => {
    const { user, leftOut } = composeMessage('why?', [file('a\n'), file('x\n````\ny', 'b.md')], t);
    assert.equal(
      user,
      'Attached:\n\nFile src/a.ts:\n```typescript\na\n```\n\n' +
        'File src/b.md:\n`````typescript\nx\n````\ny\n`````\n\nwhy?',
    );
    assert.deepEqual(leftOut, []);
  });

  it('are bounded, each and in all, and both sides are told', () => {
    const attachments = [file('123456789012'), file('abcdefgh', 'b.ts'), file('no', 'c.ts')];
    const { user, leftOut } = composeMessage('?', attachments, t, limits);
    assert.ok(
      user.includes('```typescript\n1234567890\n```\n(Only its beginning; the rest was left out.)'),
    );
    assert.ok(user.includes('```typescript\nabcdef\n```\n(Only its beginning'));
    assert.ok(!user.includes('c.ts'));
    assert.deepEqual(leftOut, [
      'Only the first 1 of 1 KiB of a.ts were sent.',
      'Only the first 1 of 1 KiB of b.ts were sent.',
      'c.ts was left out: there was no room for it.',
    ]);
  });

  it('may be empty files', () => {
    assert.match(composeMessage('?', [file('')], t).user, /File src\/a\.ts:\n```typescript\n```\n/);
  });

  it('are pictures by what their bytes are, and so many at most', () => {
    const pictures = [picture(png), picture(png, 'second.png')];
    const { user, images, leftOut } = composeMessage('look', pictures, t, limits);
    assert.equal(user, 'look');
    assert.deepEqual(
      images.map(({ url }) => url),
      [`data:image/png;base64,${png.toString('base64')}`],
    );
    assert.deepEqual(leftOut, ['second.png was left out: at most 1 pictures are sent.']);
    const odd = composeMessage('look', [picture(Buffer.from('II*'), 'x.tiff')], t);
    assert.deepEqual(odd.images, []);
    assert.match(odd.leftOut.join(), /^x\.tiff was left out\. .*PNG, JPEG/);
  });

  it('that cannot be read are named with the reason', () => {
    const why = 'the file is not text';
    const { user, leftOut } = composeMessage('?', [{ kind: 'unreadable', name: 'a.bin', why }], t);
    assert.deepEqual([user, leftOut], ['?', ['a.bin was left out: the file is not text.']]);
  });

  it('are never cut within a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, max) => {
        const start = startOf(text, max);
        assert.ok(text.startsWith(start));
        assert.ok(Buffer.byteLength(start) <= max);
        const next = /./su.exec(text.slice(start.length))?.[0] ?? '';
        assert.ok(start === text || Buffer.byteLength(start + next) > max);
      }),
    );
  });
});
