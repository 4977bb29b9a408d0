import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'mocha';
import { TokenCounter } from '../../../src/conversation/tokens';
import { assistant, call, image, message, result, user } from '../../support/messages';
import { encoding, estimates, tokenizer } from '../../support/tokens';

/** Somebody's prose, code and facts, some tens of kilobytes. */
const long =
  readFileSync('docs/architecture.md', 'utf8') + readFileSync('docs/development.md', 'utf8');

describe('conversation/tokens', () => {
  describe('without a tokenizer', () => {
    const counter = estimates();

    it('takes four bytes for a token, begun ones included', () => {
      const texts = ['', 'a', 'abcd', 'abcde', '你好', '🙂'];
      assert.deepEqual(
        texts.map((text) => counter.text(text)),
        [0, 1, 1, 2, 2, 1],
      );
    });

    it('counts every message and everything in it', () => {
      assert.equal(counter.messages([]), 0);
      assert.equal(counter.messages([user()]), 4);
      assert.equal(counter.messages([user('abcd', 'abcd')]), 6);
      assert.equal(counter.messages([assistant(call('name', '{"a":12}'))]), 7);
      assert.equal(counter.messages([message('tool', result('abcd', 'abcd'))]), 6);
    });

    it('counts a picture by its pixels, which are unknown, and not by its bytes', () => {
      const small = counter.messages([user(image('data:1'))]);
      assert.ok(small > 500 && small < 2_000);
      assert.equal(counter.messages([user(image(`data:${'1'.repeat(100_000)}`))]), small);
      const shown = { type: 'image', url: 'data:1' } as const;
      assert.equal(counter.messages([message('tool', result(shown, shown))]), 2 * small - 4);
    });

    it('stays with the estimate when the tokenizer cannot be loaded', async () => {
      await counter.ready();
      assert.deepEqual([counter.loaded, counter.text('abcde')], [false, 2]);
    });
  });

  describe('with a tokenizer', () => {
    let counter: TokenCounter;
    before(async () => {
      counter = await tokenizer();
    });

    it('loads it once, on first use', async () => {
      let loads = 0;
      const lazy = new TokenCounter(() => {
        loads++;
        return encoding();
      });
      assert.deepEqual([loads, lazy.text('Hello world')], [0, 3]);
      await Promise.all([lazy.ready(), lazy.ready()]);
      assert.deepEqual([loads, lazy.text('Hello world')], [1, 2]);
    });

    it('of a conversation is the sum over its messages', () => {
      const messages = [user('hello there'), assistant('hi', call('run', '{"a":1}')), user('你好')];
      const each = messages.map((one) => counter.messages([one]));
      assert.equal(
        counter.messages(messages),
        each.reduce((sum, count) => sum + count, 0),
      );
    });

    it('comes within some per cent where it counts samples', async () => {
      const exact = (await encoding()).count(long);
      for (const times of [1, 10]) {
        const counted = counter.text(long.repeat(times));
        const error = counted / (exact * times) - 1;
        console.log(
          `      ${(100 * error).toFixed(1)} % off over ${times} × ${long.length} characters`,
        );
        assert.ok(Math.abs(error) < 0.08, `${counted} for ${exact * times}`);
      }
    });

    it('samples many short texts as it does a long one', () => {
      const words = long.split(/(?<=\n)/);
      const apart = counter.messages([user(...words)]) - counter.messages([user()]);
      const error = apart / counter.text(long) - 1;
      assert.ok(Math.abs(error) < 0.05, `${error}`);
    });

    it('takes no longer for a hundred times as much', () => {
      const time = (text: string): number => {
        const startedAtMs = performance.now();
        counter.text(text);
        return performance.now() - startedAtMs;
      };
      const best = (text: string) => Math.min(...Array.from({ length: 5 }, () => time(text)));
      const [one, hundred] = [best(long), best(long.repeat(100))];
      assert.ok(hundred < 5 * one + 5, `${one} ms and ${hundred} ms`);
    });
  });
});
