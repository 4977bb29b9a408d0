import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/cl100k_base';
import { before, describe, it } from 'mocha';
import { type BytePairs, piecesOf } from '../../../src/conversation/bytePairs';
import { readEncoding } from '../../../src/conversation/vocabulary';
import { encoding } from '../../support/tokens';

/** By the library whose vocabulary it is; what looks like a special token is text there as well. */
const byLibrary = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });

describe('conversation/bytePairs', () => {
  let pairs: BytePairs;
  before(async () => {
    pairs = await encoding();
  });

  it('counts what is known', () => {
    const known: readonly (readonly [string, number])[] = [
      ['', 0],
      ['Hello', 1],
      ['Hello, world!', 4],
      ['tiktoken is great!', 6],
      ['antidisestablishmentarianism', 6],
      ['2 + 2 = 4', 7],
      ['お誕生日おめでとう', 9],
    ];
    assert.deepEqual(
      known.map(([text]) => [text, pairs.count(text)]),
      known,
    );
  });

  it('counts as the library does, on what clients send', () => {
    const folder = 'test/fixtures/clients';
    for (const file of readdirSync(folder)) {
      const text = readFileSync(`${folder}/${file}`, 'utf8').slice(0, 20_000);
      assert.equal(pairs.count(text), byLibrary(text), file);
    }
  });

  it('counts as the library does, on any text without long runs', () => {
    const unit = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        ' ',
        '\n',
        '\r\n',
        '  ',
        "'s",
        "I'LL",
        '你好',
        '😀',
        '123',
        'é',
        '\t',
        '\ud83d',
      ),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 15 }), (units) => {
        const text = units.join('');
        assert.equal(pairs.count(text), byLibrary(text));
        assert.equal(piecesOf(text).join(''), text);
      }),
      { numRuns: 500 },
    );
  });

  it('takes what looks like a special token for text', () => {
    for (const text of ['<|im_start|>', '<|endoftext|>', 'a<|im_end|>b']) {
      assert.ok(pairs.count(text) > 3);
    }
  });

  const hard: Readonly<Record<string, string>> = {
    'one letter': 'a'.repeat(200_000),
    spaces: ' '.repeat(200_000),
    'spaces before a letter': `${' '.repeat(200_000)}a`,
    'empty lines': ' \n'.repeat(100_000),
    signs: '=#'.repeat(100_000),
    digits: '1'.repeat(200_000),
    emoji: '😀'.repeat(50_000),
    'halves of characters': '\ud83d'.repeat(60_000),
    'Chinese without a stop': '的一是在不了有和人这中大为上个国我以要他'.repeat(3_000),
    'letters at random': randomLetters(200_000),
  };
  for (const [name, text] of Object.entries(hard)) {
    it(`takes time in proportion to the length, even of ${name}`, () => {
      const [quarter, all] = [text.slice(0, text.length / 4), text].map((part) => {
        const took = [1, 2, 3].map(() => {
          const startedAtMs = performance.now();
          const tokens = pairs.count(part);
          assert.ok(tokens > 0 && tokens <= Buffer.byteLength(part));
          return performance.now() - startedAtMs;
        });
        return Math.min(...took);
      });
      assert.ok(quarter !== undefined && all !== undefined);
      console.log(`      ${(text.length / 1_000 / all).toFixed(1)} million characters a second`);
      // Four times, were nobody else at work here; with quadratic time sixteen.
      assert.ok(all < 10 * quarter + 20, `${quarter} ms and ${all} ms`);
    });
  }

  it('says where tokens end, so that they make up their piece', () => {
    const ends = pairs.tokenEnds('antidisestablishmentarianism');
    assert.deepEqual([ends.length, ends.at(-1)], [6, 28]);
  });

  it('is not read from half a vocabulary', async () => {
    await assert.rejects(readEncoding(Buffer.from([1, 97])), /not whole/);
  });
});

function randomLetters(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 0x7fff_ffff;
    return String.fromCharCode(97 + (state % 26));
  }).join('');
}
