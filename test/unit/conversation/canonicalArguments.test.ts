import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { canonicalArguments } from '../../../src/conversation/canonicalArguments';

/** The form by its definition: the parsed value, keys sorted, serialised. */
function byDefinition(json: string): string {
  return JSON.stringify(sorted(JSON.parse(json)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]));
}

/** Pieces that make near misses of the short way likely: escapes, indexes, duplicates, spaces. */
const key = fc.constantFrom(
  'a',
  'b',
  'ab',
  'a b',
  'a!',
  '0',
  '1',
  '10',
  '01',
  '',
  'é',
  '"',
  '\\',
  '__proto__',
);
const scalar = fc.oneof(
  fc.constantFrom<unknown>(true, false, null, 0, -1, 7, 999_999_999_999_999, 0.5, 1e21),
  fc.constantFrom('', 'x', '\n', '\\', '"', '/', '\u2028', '\u007f', '\x1f', '\b\f\r\t', '界'),
  fc.string({ maxLength: 5 }),
);

describe('conversation/canonicalArguments', () => {
  it('is the sorted value serialised, for any object however spelled', () => {
    const spelling = fc.constantFrom(0, 1, '\t');
    const members = fc.array(fc.tuple(key, fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }))), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(members, spelling, (list, space) => {
        const json = JSON.stringify(Object.fromEntries(list), null, space);
        assert.equal(canonicalArguments(json), byDefinition(json));
      }),
      { numRuns: 5_000 },
    );
  });

  it('is the same for any text of an object, one with two members of a name included', () => {
    const member = fc
      .tuple(key, scalar)
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
    fc.assert(
      fc.property(fc.array(member, { maxLength: 4 }), (list) => {
        const json = `{${list.join(',')}}`;
        assert.equal(canonicalArguments(json), byDefinition(json));
      }),
      { numRuns: 5_000 },
    );
  });

  it('leaves a text that is no JSON as it is', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '"a"',
      ':',
      ',',
      '1',
      '-',
      '00',
      'true',
      'x',
      '"',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1, maxLength: 8 }), (list) => {
        const json = list.join('');
        let expected = json;
        try {
          expected = byDefinition(json);
        } catch {
          // No JSON: it stands for itself.
        }
        assert.equal(canonicalArguments(json), expected);
      }),
      { numRuns: 5_000 },
    );
    for (const json of [
      '',
      '{"a":1',
      '{"a":1}}',
      '{"a":-0}',
      '{"a":01}',
      '{"a":-}',
      '{"a":"\ud800"}',
    ])
      assert.doesNotThrow(() => canonicalArguments(json));
  });

  it('writes what is spelled in several ways in one', () => {
    const spellings = ['{"a":"x/","b":1}', '{ "b":1, "a":"x\\/" }', '{"b":1.0,"a":"\\u0078/"}'];
    assert.equal(new Set(spellings.map(canonicalArguments)).size, 1);
    assert.equal(canonicalArguments('{"a":-0}'), '{"a":0}');
  });

  it('takes no text at all for no arguments, as the prompt does', () => {
    assert.equal(canonicalArguments(''), canonicalArguments('{ }'));
  });

  it('is the sorted value serialised for many members as well, in any order', () => {
    const name = fc.string({
      minLength: 1,
      maxLength: 3,
      unit: fc.constantFrom('a', 'b', 'é', '\uffff'),
    });
    fc.assert(
      fc.property(fc.array(name, { minLength: 25, maxLength: 80 }), (names) => {
        const json = `{${names.map((one, at) => `"${one}":${at}`).join(',')}}`;
        assert.equal(canonicalArguments(json), byDefinition(json));
        const distinct = JSON.stringify(Object.fromEntries(names.map((one, at) => [one, at])));
        assert.equal(canonicalArguments(distinct), byDefinition(distinct));
      }),
      { numRuns: 500 },
    );
  });

  it('sorts many members without comparing each with each', () => {
    const falling = (count: number): string =>
      `{${Array.from({ length: count }, (_, at) => `"k${999_999 - at}":1`).join(',')}}`;
    const json = falling(60_000);
    const startedMs = performance.now();
    const canonical = canonicalArguments(json);
    // A twentieth of a second; each with each would be most of a minute.
    assert.ok(performance.now() - startedMs < 10_000);
    assert.equal(canonical, byDefinition(json));
  }).timeout(120_000);

  it('keeps numbers apart that a double cannot', () => {
    assert.notEqual(canonicalArguments('{"x":1e-400}'), canonicalArguments('{"x":0}'));
    assert.equal(canonicalArguments('{"x":0.00}'), canonicalArguments('{"x":0}'));
    assert.notEqual(
      canonicalArguments('{"id":9007199254740993}'),
      canonicalArguments('{"id":9007199254740992}'),
    );
    assert.notEqual(
      canonicalArguments('{"id":9223372036854775808}'),
      canonicalArguments('{"id":9223372036854776000}'),
    );
  });

  it('writes an object with such numbers in one way as well', () => {
    const spellings = [
      '{"at":1.50,"id":12345678901234567890,"of":["é"]}',
      '{ "of": ["\\u00e9"], "id": 12345678901234567890, "at": 15e-1 }',
    ];
    assert.equal(new Set(spellings.map(canonicalArguments)).size, 1);
    assert.equal(
      canonicalArguments('{"b": 0.30000000000000004, "a": 1e400}'),
      '{"a":1e400,"b":0.30000000000000004}',
    );
  });
});
