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
    assert.equal(estimateTokens([user(image('data:long'))]), 4);
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
