import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { estimateTextTokens, estimateTokens } from '../../../src/conversation/tokens';
import { assistant, call, image, message, result, user } from '../../support/messages';

describe('conversation/tokens', () => {
  it('takes four bytes for a token, begun ones included', () => {
    const texts = ['', 'a', 'abcd', 'abcde', '你好', '🙂'];
    assert.deepEqual(texts.map(estimateTextTokens), [0, 1, 1, 2, 2, 1]);
  });

  it('counts every message and everything in it', () => {
    assert.equal(estimateTokens([]), 0);
    assert.equal(estimateTokens([user()]), 4);
    assert.equal(estimateTokens([user('abcd', 'abcd')]), 6);
    assert.equal(estimateTokens([assistant(call('name', '{"a":12}'))]), 7);
    assert.equal(estimateTokens([message('tool', result('abcd', 'abcd'))]), 6);
  });

  it('counts a picture by its pixels, which are unknown, and not by its bytes', () => {
    const small = estimateTokens([user(image('data:1'))]);
    assert.ok(small > 500 && small < 2_000);
    assert.equal(estimateTokens([user(image(`data:${'1'.repeat(100_000)}`))]), small);
    const shown = { type: 'image', url: 'data:1' } as const;
    assert.equal(estimateTokens([message('tool', result(shown, shown))]), 2 * small - 4);
  });

  it('of a conversation is the sum over its messages', () => {
    const messages = [user('hello there'), assistant('hi'), user('你好')];
    const each = messages.map((one) => estimateTokens([one]));
    assert.equal(
      estimateTokens(messages),
      each.reduce((sum, count) => sum + count, 0),
    );
  });
});
