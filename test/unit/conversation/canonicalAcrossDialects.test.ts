import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ContentPart } from '../../../src/conversation/messages';
import { canonicalMessage } from '../../support/canonical';

const text = (value: string): ContentPart => ({ type: 'text', text: value });
const image: ContentPart = { type: 'image', url: 'data:image/png;base64,AAAA' };
const result = (...parts: ContentPart[]): string =>
  canonicalMessage({
    role: 'tool',
    path: '',
    parts: [{ type: 'toolResult', name: 'run', callIndex: 0, parts }],
  });

describe('canonical form: tool results', () => {
  it('two parts of text are the text they are rendered as', () => {
    assert.equal(result(text('a'), text('b')), result(text('a\nb')));
  });

  it('no text is an empty text', () => {
    assert.equal(result(), result(text('')));
    assert.equal(result(text(''), image), result(image));
  });

  it('what a model reads differently stays apart', () => {
    const all = [
      result(text('a'), text('b')),
      result(text('ab')),
      result(text('a'), text(''), text('b')),
      result(text('a'), image, text('b')),
      result(image, text('a\nb')),
      result(image, image),
      result(image),
      result(),
    ];
    assert.equal(new Set(all).size, all.length);
  });

  it('a failure is another result, and no failure is said by leaving it out', () => {
    const said = (isError?: boolean) =>
      canonicalMessage({
        role: 'tool',
        parts: [{ type: 'toolResult', name: 'f', callIndex: 0, isError, parts: [text('a')] }],
        path: 'messages[0]',
      });
    assert.notEqual(said(true), said());
    assert.equal(said(false), said());
  });
});
