import assert from 'node:assert/strict';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { AnswerCut, type AnswerPiece } from '../../../src/conversation/answerCut';
import type { AnswerLimits } from '../../../src/conversation/messages';
import type { TokenCounter } from '../../../src/conversation/tokens';
import { cutAt } from '../../support/cuts';
import { estimates, tokenizer } from '../../support/tokens';

const counter = estimates();
const say = (delta: string): AnswerPiece => ({ type: 'text', delta });
const think = (delta: string): AnswerPiece => ({ type: 'reasoning', delta });
const call = (argumentsJson: string): AnswerPiece => ({
  type: 'toolCall',
  index: 0,
  id: 'call_1',
  name: 'run',
  argumentsJson,
});

/** What comes of an answer: its text, all pieces, and where it was cut. */
function through(
  { stop, maxTokens }: AnswerLimits,
  pieces: readonly AnswerPiece[],
  counts: TokenCounter = counter,
) {
  const cut = new AnswerCut(stop, counts.meter(maxTokens));
  const out = pieces.flatMap((piece) => cut.push(piece));
  out.push(...cut.end());
  return { out, text: textOf(out), cut: cut.cut };
}

function textOf(pieces: readonly AnswerPiece[]): string {
  return pieces.map((piece) => (piece.type === 'text' ? piece.delta : '')).join('');
}

/** The same by the definition: the sequence that is complete first, of those the longest. */
function expected(stop: readonly string[], text: string) {
  for (let end = 1; end <= text.length; end++) {
    const complete = stop.filter((sequence) => text.slice(0, end).endsWith(sequence));
    const [found] = complete.sort((left, right) => right.length - left.length);
    if (found !== undefined)
      return { text: text.slice(0, end - found.length), stopSequence: found };
  }
  return { text, stopSequence: undefined };
}

describe('conversation/answerCut', () => {
  describe('stop sequences', () => {
    it('end the text before them, and nothing comes after', () => {
      const { out, cut } = through({ stop: ['END'] }, [
        say('one END two'),
        say('three'),
        call('{}'),
      ]);
      assert.deepEqual(out, [say('one ')]);
      assert.deepEqual(cut, { reason: 'stopSequence', stopSequence: 'END' });
    });

    it('are found at any split, without a character of them shown, however much they overlap', () => {
      const letters = fc.constantFrom('a', 'b', '\n', '😀');
      const words = (maxLength: number) => fc.array(letters, { minLength: 1, maxLength });
      fc.assert(
        fc.property(
          fc.array(
            words(5).map((word) => word.join('')),
            { minLength: 1, maxLength: 3 },
          ),
          words(40).map((word) => word.join('')),
          fc.array(fc.nat(60), { maxLength: 12 }),
          (stop, text, cuts) => {
            const want = expected(stop, text);
            const got = through({ stop }, cutAt(text, cuts).map(say));
            assert.equal(got.text, want.text);
            assert.equal(got.cut?.stopSequence, want.stopSequence);
          },
        ),
        { numRuns: 2_000 },
      );
    });

    it('cost the same however many there are, and however alike', () => {
      const stop = Array.from(
        { length: 64 },
        (_, index) => `${'a'.repeat(990 + (index % 9))}b${index}`,
      );
      const text = 'a'.repeat(1_000_000);
      const time = (sequences: readonly string[]): number => {
        const cut = new AnswerCut(sequences, counter.meter());
        const startedAtMs = performance.now();
        const shown = cut.push(say(text));
        const tookMs = performance.now() - startedAtMs;
        assert.equal(textOf(shown).length, text.length - 998);
        return tookMs;
      };
      const best = (sequences: readonly string[]) =>
        Math.min(time(sequences), time(sequences), time(sequences));
      // The longest one, which alone is held back for.
      const [one, all] = [best(stop.slice(8, 9)), best(stop)];
      assert.ok(all < 10 * one + 20, `${one} ms and ${all} ms`);
    });

    it('hold back no more than what may begin one', () => {
      const cut = new AnswerCut(['\n\nUser:'], counter.meter());
      assert.deepEqual(cut.push(say('Hello.\n\nUs')), [say('Hello.')]);
      assert.deepEqual(cut.push(say('ually')), [say('\n\nUsually')]);
    });

    it('leave no character in two halves', () => {
      const cut = new AnswerCut([], counter.meter());
      assert.deepEqual(cut.push(say('a\ud83d')), [say('a')]);
      assert.deepEqual(cut.push(say('\ude00b')), [say('😀b')]);
    });

    it('are looked for in the text alone, and not across a call', () => {
      const { out, cut } = through({ stop: ['END'] }, [
        think('END'),
        say('E'),
        call('{"a":"END"}'),
        say('ND'),
      ]);
      assert.deepEqual(out, [think('END'), say('E'), call('{"a":"END"}'), say('ND')]);
      assert.equal(cut, undefined);
    });
  });

  describe('a token limit', () => {
    it('cuts where the tokens are used up, never inside a character', () => {
      const { text, cut } = through({ stop: [], maxTokens: 2 }, [say('abcdef'), say('é€')]);
      assert.deepEqual([text, cut?.reason], ['abcdefé', 'length']);
      const { text: chinese } = through({ stop: [], maxTokens: 2 }, [say('你好吗')]);
      assert.equal(chinese, '你好');
      const { text: none } = through({ stop: [], maxTokens: 1 }, [say('abc😀')]);
      assert.equal(none, 'abc');
    });

    it('is not reached by an answer that just fits', () => {
      const { text, cut } = through({ stop: [], maxTokens: 2 }, [say('abcdefgh')]);
      assert.deepEqual([text, cut], ['abcdefgh', undefined]);
    });

    it('is the same at any split', () => {
      fc.assert(
        fc.property(
          fc.string({ unit: 'grapheme', maxLength: 40 }),
          fc.array(fc.nat(60), { maxLength: 8 }),
          fc.integer({ min: 1, max: 20 }),
          (text, cuts, maxTokens) => {
            const limits = { stop: [], maxTokens };
            const whole = through(limits, [say(text)]);
            const split = through(limits, cutAt(text, cuts).map(say));
            assert.deepEqual([split.text, split.cut], [whole.text, whole.cut]);
            assert.ok(Buffer.byteLength(whole.text) <= maxTokens * 4);
          },
        ),
      );
    });

    it('counts thoughts, and gives a call out whole or not at all', () => {
      const thought = through({ stop: [], maxTokens: 1 }, [think('abcdef'), say('x')]);
      assert.deepEqual(thought.out, [think('abcd')]);
      const called = through({ stop: [], maxTokens: 3 }, [say('abcd'), call('{"a":1}')]);
      assert.deepEqual([called.out, called.cut?.reason], [[say('abcd')], 'length']);
    });

    it('comes before what was held back for a stop sequence', () => {
      const { text, cut } = through({ stop: ['cdefX'], maxTokens: 1 }, [say('abcdef')]);
      assert.deepEqual([text, cut?.reason], ['abcd', 'length']);
    });

    describe('counted by a tokenizer', () => {
      let exact: TokenCounter;
      before(async () => {
        exact = await tokenizer();
      });

      it('is kept to the token, at any split', () => {
        const words = fc.constantFrom(
          'Hello',
          ' world',
          ',',
          ' ',
          '\n',
          '你好',
          '😀',
          "'ll",
          '12345',
        );
        fc.assert(
          fc.property(
            fc.array(words, { maxLength: 25 }).map((all) => all.join('')),
            fc.array(fc.nat(100), { maxLength: 10 }),
            fc.integer({ min: 1, max: 30 }),
            (text, cuts, maxTokens) => {
              const limits = { stop: [], maxTokens };
              const whole = through(limits, [say(text)], exact);
              const split = through(limits, cutAt(text, cuts).map(say), exact);
              assert.deepEqual([split.text, split.cut], [whole.text, whole.cut]);
              assert.equal(whole.cut === undefined, exact.text(text) <= maxTokens);
              assert.ok(text.startsWith(whole.text) && !/[\ud800-\udbff]$/.test(whole.text));
            },
          ),
          { numRuns: 1_000 },
        );
      });

      it('gives what it holds when thoughts turn into text, and before a call', () => {
        const { out } = through(
          { stop: [], maxTokens: 6 },
          [think('One'), say('Two'), call('{}')],
          exact,
        );
        assert.deepEqual(out, [think('One'), say('Two'), call('{}')]);
      });

      it('shows everything at once while it is far', () => {
        const cut = new AnswerCut([], exact.meter(1_000));
        assert.deepEqual(cut.push(say('Hel')), [say('Hel')]);
        assert.deepEqual(cut.push(say('lo')), [say('lo')]);
      });
    });
  });
});
