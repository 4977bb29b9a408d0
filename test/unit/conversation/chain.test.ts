import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Message, Role } from '../../../src/conversation/messages';
import { Chain, continuationPoints } from '../../../src/session/chain';
import { canonicalMessage, headsOf } from '../../support/canonical';
import { assistant, call, image, message, system, user } from '../../support/messages';

const talk = [system('s'), user('a'), assistant('b'), user('c')];

describe('the hash chain of a conversation', () => {
  it('has a head before the first message and one after each', () => {
    const heads = headsOf('scope', talk);
    assert.equal(new Set(heads).size, talk.length + 1);
    for (const head of heads) assert.match(head, /^[\w-]{43}$/);
  });

  it('knows the heads of its points and of its answer', () => {
    const said = [...talk, assistant('d'), user('e'), assistant('f'), user('g')];
    const chain = new Chain('scope', said);
    const answer = assistant('h');
    const heads = headsOf('scope', [...said, answer]);
    assert.deepEqual(chain.points, [7, 5, 3]);
    for (const point of chain.points) assert.equal(chain.headAt(point), heads[point]);
    assert.equal(chain.headAfter(answer), heads.at(-1));
    assert.equal(chain.headAfter(answer), heads.at(-1), 'asked again, it says the same');
    assert.equal(chain.messageCount, said.length);
    assert.throws(() => chain.headAt(4), RangeError);
  });

  it('counts the bytes of its texts, of the whole and up to each point', () => {
    const narrow = 'x'.repeat(200_000);
    const wide = '会'.repeat(500);
    const said = [user(narrow), assistant('b'), user(wide), assistant('d'), user('e')];
    const chain = new Chain('scope', said);
    for (const point of chain.points) {
      const prefix = new Chain('other scope', said.slice(0, point));
      assert.equal(chain.bytesAt(point), prefix.bytes);
    }
    assert.equal(chain.bytesAt(0), 0);
    const between = chain.bytesAt(4) - chain.bytesAt(2);
    assert.ok(between > 1000 && between < 1050, `${between}`);
    assert.ok(chain.bytesAt(2) > 200_000 && chain.bytesAt(2) < 200_050);
    assert.ok(chain.bytes > chain.bytesAt(4) && chain.bytes < chain.bytesAt(4) + 50);
  });

  it('shares heads exactly as far as two conversations are the same', () => {
    const other = [system('s'), user('a'), assistant('B'), user('c')];
    const [left, right] = [headsOf('scope', talk), headsOf('scope', other)];
    assert.deepEqual(
      left.map((head, index) => head === right[index]),
      [true, true, true, false, false],
    );
  });

  it('has nothing in common between scopes', () => {
    const left = new Set(headsOf('key-1', talk));
    assert.ok(headsOf('key-2', talk).every((head) => !left.has(head)));
  });

  it('follows the canonical form: an answer trimmed is the same answer', () => {
    const trimmed = [system('s'), user('a'), assistant(' b\r\n'), user('c')];
    assert.deepEqual(headsOf('scope', trimmed), headsOf('scope', talk));
  });

  it('covers the order of messages and their boundaries', () => {
    const variants = [
      [user('a'), user('b')],
      [user('b'), user('a')],
      [user('a\nb')],
      [user('a'), user('b'), user('')],
    ];
    const last = variants.map((messages) => headsOf('scope', messages).at(-1));
    assert.equal(new Set(last).size, variants.length);
  });

  it('has equal heads for equal canonical forms and for no others', () => {
    // Lengths around those at which a text is copied another way, in one and in two bytes.
    const text = fc.oneof(
      fc.constantFrom('', 'a', 'ab', 'é', '界', 'a\0', '\x05\x01\0\0\0a', '\ud800', '\udfff'),
      fc
        .tuple(fc.constantFrom('a', 'é', '界'), fc.constantFrom(63, 64, 65, 32_760, 65_531, 70_000))
        .map(([letter, length]) => letter.repeat(length)),
      fc.string({ unit: 'binary', maxLength: 70 }),
    );
    const one: fc.Arbitrary<Message> = fc.oneof(
      text.map((said) => user(said)),
      text.map((said) => system(said)),
      text.map((said) => assistant(said)),
      fc.tuple(text, text).map(([name, json]) => assistant(call(name, json))),
      text.map((url) => user(image(url))),
    );
    const conversation = fc.array(one, { maxLength: 4 });
    const form = (messages: readonly Message[]): string => messages.map(canonicalMessage).join();
    fc.assert(
      fc.property(conversation, conversation, (left, right) => {
        assert.equal(
          headsOf('', left).at(-1) === headsOf('', right).at(-1),
          form(left) === form(right),
        );
      }),
      { numRuns: 2_000 },
    );
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
