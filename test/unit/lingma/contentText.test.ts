import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { contentText } from '../../../src/lingma/contentText';

describe('lingma/contentText', () => {
  it('takes nothing from what is no text', () => {
    for (const value of [undefined, null, 5, true, {}, [], { type: 'image', text: 'x' }, [null]]) {
      assert.equal(contentText(value), '');
    }
  });

  it('does not follow content nested without end', () => {
    let nested: unknown = 'deep';
    for (let depth = 0; depth < 100_000; depth++) nested = [nested];
    assert.equal(contentText(nested), '');
    assert.equal(contentText([{ content: [{ text: 'near' }] }]), 'near');
  });
});
