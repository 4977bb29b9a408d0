/** A slice of `npm run fuzz` for every change, and what it has found so far. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { check, fuzz } from './fuzzer';
import { steepFamilies } from './growth';
import type { Target } from './target';
import { allTargets } from './targets';

const INPUTS_EACH = 150;
const SEED = 20_251;
/** Families of which one is timed; `npm run fuzz` times them all. */
const ONE_IN = 23;

/** Inputs that a target once failed for. */
const FOUND: readonly (readonly [target: string, input: string])[] = [
  // A header that does not begin like one was refused when it came in pieces only.
  ['frames', ':\r\ncontent-length:2\r\n\r\n'],
  // One of just the longest allowed length was refused when it came in pieces only.
  ['frames', `X: ${'x'.repeat(8 * 1024 - 24)}\r\nContent-Length: 2\r\n\r\n{}`],
  // Other white space than a header has was taken for some, in text only.
  ['frames', Buffer.from('a:\r\ncontent-length:\u20282\r\n\r\n{}').toString('latin1')],
  // The second of two keys without anything between them was shown.
  ['redaction', 'AKIA0123456789ABCDEFghp_0123456789abcdefghijABCDEFGHIJ'],
  // Whether the last digit was kept depended on the number beside it.
  ['exact numbers', '{"a":{"":1000000000000001},"a":9999999.999999999}'],
  ['exact numbers', '[1e999]'],
  // What was no number but by its exponent became null.
  ['arguments', '{"":1e991,"a":""}'],
];

describe('fuzz', () => {
  let targets: readonly Target[];
  before(async () => {
    targets = await allTargets();
  });

  it('what was found once', () => {
    for (const [name, input] of FOUND) {
      const target = targets.find((candidate) => candidate.name === name);
      assert.ok(target, name);
      check(target, input, SEED, 0);
    }
  });

  it('some inputs for every target', () => {
    for (const target of targets) fuzz(target, INPUTS_EACH, SEED);
  }).timeout(300_000);

  it('finds what is wrong, and says the shortest input for it', () => {
    const broken: Target = {
      name: 'broken',
      kind: 'text',
      seeds: ['Some text.'],
      words: ['<x>'],
      read: (pieces) => pieces.some((piece) => piece.includes('<x>')),
    };
    assert.throws(() => fuzz(broken, 5_000, SEED), /broken fails for "<x>"\n.*cut/);
  });

  it('time that grew with the square of white space in the head of a call', () => {
    const head = `<function="x"${' '.repeat(64 * 1024)}\u2028x>`;
    const before = performance.now();
    const target = targets.find(({ name }) => name === 'tool calls');
    target?.read([head]);
    // It was three quarters of a minute.
    assert.ok(performance.now() - before < 5_000);
  });

  it('sees time that grows with the square of an input', () => {
    const slow: Target = {
      name: 'slow',
      kind: 'text',
      isWhole: true,
      seeds: [],
      words: ['ab'],
      read: (pieces) => /(?:ab)*c/.test(pieces.join('').slice(0, 32 * 1024)),
    };
    assert.match(steepFamilies(slow).join('\n'), /slow: "ab", whole/);
  }).timeout(120_000);

  it('sees it too where only whole inputs are taken', () => {
    const slow: Target = {
      name: 'slow',
      kind: 'json',
      isWhole: true,
      seeds: ['[]'],
      words: ['['],
      repeats: [{ head: '[', unit: `"${'ab'.repeat(40)}",`, tail: '""]' }],
      read: (pieces) => {
        try {
          const words = JSON.parse(pieces.join('')) as string[];
          return words.map((_, index) => words.slice(0, index).join('').length);
        } catch {
          return [];
        }
      },
    };
    assert.match(steepFamilies(slow).join('\n'), /slow: .* behind "\["/);
  }).timeout(180_000);

  it('takes time in proportion to the input, whatever is repeated in it', () => {
    assert.deepEqual(
      targets.flatMap((target) => steepFamilies(target, ONE_IN)),
      [],
    );
  }).timeout(300_000);
});
