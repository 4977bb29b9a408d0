import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Role } from '../../../src/conversation/messages';
import {
  chainExtend,
  chainHeads,
  chainStart,
  continuationPoints,
} from '../../../src/session/chain';
import { assistant, message, system, user } from '../../support/messages';

const talk = [system('s'), user('a'), assistant('b'), user('c')];

describe('the hash chain of a conversation', () => {
  it('has a head before the first message and one after each', () => {
    const heads = chainHeads('scope', talk);
    assert.equal(heads.length, talk.length + 1);
    assert.equal(heads[0], chainStart('scope'));
    assert.equal(new Set(heads).size, heads.length);
    for (const head of heads) assert.match(head, /^[\w-]{43}$/);
  });

  it('grows by one message at a time', () => {
    const heads = chainHeads('scope', talk);
    for (const [index, one] of talk.entries()) {
      assert.equal(chainExtend(heads[index] ?? '', one), heads[index + 1]);
    }
  });

  it('shares heads exactly as far as two conversations are the same', () => {
    const other = [system('s'), user('a'), assistant('B'), user('c')];
    const [left, right] = [chainHeads('scope', talk), chainHeads('scope', other)];
    assert.deepEqual(
      left.map((head, index) => head === right[index]),
      [true, true, true, false, false],
    );
  });

  it('has nothing in common between scopes', () => {
    const left = new Set(chainHeads('key-1', talk));
    assert.ok(chainHeads('key-2', talk).every((head) => !left.has(head)));
  });

  it('follows the canonical form: an answer trimmed is the same answer', () => {
    const trimmed = [system('s'), user('a'), assistant(' b\r\n'), user('c')];
    assert.deepEqual(chainHeads('scope', trimmed), chainHeads('scope', talk));
  });

  it('covers the order of messages and their boundaries', () => {
    const variants = [
      [user('a'), user('b')],
      [user('b'), user('a')],
      [user('a\nb')],
      [user('a'), user('b'), user('')],
    ];
    const last = variants.map((messages) => chainHeads('scope', messages).at(-1));
    assert.equal(new Set(last).size, variants.length);
  });

  describe('continuationPoints', () => {
    it('are the prefixes that end with an answer, longest first', () => {
      const messages = [system('s'), user('a'), assistant('b'), user('c'), assistant('d')];
      assert.deepEqual(continuationPoints([...messages, user('e')]), [5, 3]);
    });

    it('leave something to send', () => {
      assert.deepEqual(continuationPoints([user('a'), assistant('b')]), []);
      assert.deepEqual(continuationPoints([]), []);
      assert.deepEqual(continuationPoints([user('a')]), []);
    });

    it('end with an assistant message and leave a rest, for any conversation', () => {
      const roles = fc.array(fc.constantFrom<Role>('system', 'user', 'assistant', 'tool'));
      fc.assert(
        fc.property(roles, (order) => {
          const points = continuationPoints(order.map((role) => message(role, 'x')));
          const expected = order.flatMap((role, index) =>
            role === 'assistant' && index + 1 < order.length ? [index + 1] : [],
          );
          assert.deepEqual(points, expected.reverse());
        }),
      );
    });
  });
});
