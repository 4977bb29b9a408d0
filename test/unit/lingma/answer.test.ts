import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { AnswerAssembly } from '../../../src/lingma/answer';
import type { AnswerEvent } from '../../../src/lingma/answerQueue';
import { channels, readMarkup } from '../../../src/lingma/markup';
import { cutAt, whole } from '../../support/cuts';

const THOUGHT = '````think::{THINK_TIME}\nhm\n````\n';
const CARD = '```toolCall::run::call_1::INIT\n\n```\n';

/** Streams the pieces, ends with the whole answer, and gives what was shown and what is held. */
function assemble(pieces: readonly string[], fullAnswer: string) {
  const assembly = new AnswerAssembly();
  const events: AnswerEvent[] = pieces.flatMap((piece) => assembly.answer(piece, false));
  events.push(...assembly.finish(fullAnswer));
  return { ...channels(events), held: assembly.text };
}

const raws = fc
  .array(fc.oneof(fc.constantFrom(THOUGHT, CARD, '`', '```', '````', '|', '\n'), fc.string()))
  .map(whole);

describe('lingma/answer', () => {
  it('shows, holds and gives to a plain client the same text, however it is cut', () => {
    fc.assert(
      // The answers are ASCII, so that none of them is a beginning of the one unlike them.
      fc.property(raws, fc.array(fc.nat()), fc.nat(), (raw, cuts, part) => {
        const { text, reasoning } = readMarkup(raw);
        const pieces = cutAt(raw, cuts);
        for (const fullAnswer of ['', raw, raw.slice(0, part % (raw.length + 1)), '¬ unlike']) {
          const result = assemble(pieces, fullAnswer);
          assert.equal(result.text, result.held);
          // An answer without a word may be completed with any words.
          if (text.trim() !== '') assert.deepEqual(result, { text, reasoning, held: text });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('completes any beginning of an answer with its end', () => {
    fc.assert(
      fc.property(raws, fc.array(fc.nat()), fc.nat(), (raw, cuts, part) => {
        const streamed = raw.slice(0, part % (raw.length + 1));
        const { text, reasoning } = readMarkup(raw);
        assert.deepEqual(assemble(cutAt(streamed, cuts), raw), { text, reasoning, held: text });
      }),
      { numRuns: 500 },
    );
  });

  it('ends as an answer of the last overwrite would, whatever was shown before', () => {
    fc.assert(
      fc.property(fc.array(raws), raws, fc.array(fc.nat()), (drafts, raw, cuts) => {
        const assembly = new AnswerAssembly();
        for (const draft of drafts) assembly.answer(draft, true);
        assembly.answer('', true);
        for (const piece of cutAt(raw, cuts)) assembly.answer(piece, false);
        assembly.finish('');
        assert.equal(assembly.text, readMarkup(raw).text);
      }),
    );
  });

  it('shows a text whole that is taken back and streamed again', () => {
    fc.assert(
      fc.property(raws, fc.nat(), fc.array(fc.nat()), (raw, part, cuts) => {
        const { text } = readMarkup(raw);
        const assembly = new AnswerAssembly();
        const events = assembly.answer(raw, false);
        const kept = raw.slice(0, part % (raw.length + 1));
        events.push(...assembly.answer(kept, true));
        for (const piece of cutAt(raw.slice(kept.length), cuts)) {
          events.push(...assembly.answer(piece, false));
        }
        events.push(...assembly.finish(''));
        assert.deepEqual([channels(events).text, assembly.text], [text, text]);
      }),
    );
  });

  const MEGABYTE = 1_000_000;
  const longAnswers: Record<string, [unit: string, length: number]> = {
    words: ['word ', MEGABYTE],
    backticks: ['`', MEGABYTE / 10],
    'beginnings of cards': ['```toolCall::', MEGABYTE / 10],
    'thinking fences': ['````think::1\n', MEGABYTE / 10],
    'unclosed cards': ['```toolCall::x\nfoo\n````\n', MEGABYTE / 10],
    'beginnings of edit blocks': ['```a|CODE_EDIT_BLOCK|', MEGABYTE / 10],
  };
  for (const [what, [unit, length]] of Object.entries(longAnswers)) {
    // A reader that is quadratic takes minutes for this, or all memory.
    it(`takes ${length} characters of ${what} one by one`, () => {
      const raw = unit.repeat(Math.ceil(length / unit.length));
      const assembly = new AnswerAssembly();
      let shown = 0;
      const count = (events: readonly AnswerEvent[]): void => {
        for (const { type, delta } of events) if (type === 'text') shown += delta.length;
      };
      for (const character of raw) count(assembly.answer(character, false));
      count(assembly.finish(raw));
      assert.equal(shown, assembly.text.length);
      assert.equal(assembly.text, readMarkup(raw).text);
    }).timeout(60_000);
  }

  it('takes a long answer that is streamed again after it was taken back', () => {
    const raw = 'word '.repeat(MEGABYTE / 20);
    const assembly = new AnswerAssembly();
    assembly.answer(raw, false);
    assembly.answer('', true);
    for (const character of raw) assert.ok(assembly.answer(character, false).length === 0);
    assert.deepEqual(assembly.answer('!', false), [{ type: 'text', delta: '!' }]);
  }).timeout(60_000);
});
