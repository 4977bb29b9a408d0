import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  holdsLongNumbers,
  isSameJson,
  parseJson,
  rewriteJson,
  spellingOf,
  writeJson,
} from '../../../src/base/exactJson';

/**
 * By its definition: 15 digits are kept wherever a double is not zero, and otherwise the double's
 * shortest spelling has to be of the same number.
 */
function keptByDouble(spelling: string): boolean {
  const value = Number(spelling);
  if (!Number.isFinite(value)) return false;
  const [digits] = significant(spelling);
  if (value !== 0 && digits.length <= 15) return true;
  return significant(spelling).join('e') === significant(String(value)).join('e');
}

function significant(spelling: string): [digits: string, exponent: number] {
  const [, whole = '', fraction = '', power = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE](.+))?$/.exec(spelling) ?? [];
  const all = (whole + fraction).replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  if (digits === '') return ['', 0];
  return [digits, Number(power) - fraction.length + all.length - digits.length];
}

describe('base/exactJson', () => {
  it('writes long numbers with the digits they came with, wherever they stand', () => {
    for (const json of [
      '[9007199254740993,-12345678901234567890,[18446744073709551615]]',
      '{"a":{"id":9223372036854775807,"n":1},"b":[{"id":9223372036854775808}]}',
      '{"\\"9007199254740993\\\\":-9007199254740993}',
      '{"__proto__":{"id":9007199254740993},"constructor":9007199254740993}',
      '{"__proto__":9007199254740993}',
    ])
      assert.equal(writeJson(parseJson(json)), json);
  });

  it('gives ordinary numbers, and writes those as JSON.stringify does', () => {
    const json = '{"a":9007199254740993,"b":[1.0,1e5,-0,100000000000000000000,0.1]}';
    const value = parseJson(json) as { a: number; b: number[] };
    assert.deepEqual(value, JSON.parse(json));
    assert.equal(
      writeJson(value),
      '{"a":9007199254740993,"b":[1,100000,0,100000000000000000000,0.1]}',
    );
  });

  it('writes a part of a value, a part of another value, and nothing of what has been replaced', () => {
    const json = '{"in":{"id":9007199254740993},"out":1}';
    const value = parseJson(json) as { in: { id: number | string } };
    assert.equal(writeJson(value.in), '{"id":9007199254740993}');
    assert.equal(writeJson([{ x: value.in }]), '[{"x":{"id":9007199254740993}}]');
    value.in.id = 'other';
    assert.equal(writeJson(value.in), '{"id":"other"}');
  });

  it('leaves digits inside strings alone', () => {
    const pieces = fc.constantFrom('"', '\\', '9007199254740993', ' ', ':', '{', '1e400', 'é', ',');
    const text = fc.array(pieces, { maxLength: 8 }).map((list) => list.join(''));
    fc.assert(
      fc.property(fc.dictionary(text, text), text, (members, last) => {
        const body = { members, id: 0, last };
        const json = JSON.stringify(body).replace('"id":0', '"id":9007199254740993');
        assert.deepEqual(parseJson(json), JSON.parse(json));
        assert.equal(writeJson(parseJson(json)), json);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is what JSON.parse and JSON.stringify are for every other value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, space) => {
        const json = JSON.stringify(value, null, space);
        assert.deepEqual(parseJson(json), JSON.parse(json));
        assert.equal(writeJson(parseJson(json)), JSON.stringify(JSON.parse(json)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('compares values as their JSON would be compared', () => {
    const numbers = fc.constantFrom(
      '1',
      '-0',
      '0',
      '9007199254740993',
      '9007199254740992',
      '1e999',
    );
    const few = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        numbers,
        fc.constantFrom('null', 'true', '""', '"0"', '[]', '{}'),
        fc.array(tie('value'), { maxLength: 2 }).map((items) => `[${items.join(',')}]`),
        fc
          .tuple(fc.constantFrom('0', 'a', '__proto__'), tie('value'))
          .map(([key, value]) => `{"${key}":${value},"b":1}`),
        tie('value').map((value) => `{"b":1,"a":${value}}`),
      ),
    })).value;
    let alike = 0;
    fc.assert(
      fc.property(few, few, (left, right) => {
        // A number that nothing holds has no spelling.
        const [one, other] = [parseJson(`[${left}]`), parseJson(`[${right}]`)];
        const same = writeJson(one) === writeJson(other);
        assert.equal(isSameJson(one, other), same, `${left} ${right}`);
        assert.ok(isSameJson(one, parseJson(`[${left}]`)), left);
        alike += Number(same);
      }),
      { numRuns: 3_000 },
    );
    assert.ok(alike > 20, 'both cases are met');
  });

  it('makes nothing valid that is not', () => {
    for (const json of [
      '{9007199254740993:1}',
      '09007199254740993',
      '[9007199254740993 9007199254740993]',
      '9007199254740993.',
      '+9007199254740993',
      '{"a":9007199254740993',
    ]) {
      assert.throws(() => parseJson(json), SyntaxError, json);
      assert.throws(() => rewriteJson(json, (value) => value), SyntaxError, json);
    }
  });

  it('touches no prototype', () => {
    const value = parseJson('{"__proto__":{"polluted":9007199254740993}}') as object;
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(value), ['__proto__']);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  it('takes what is nested deeper than the stack, and repeated names as the parser does', () => {
    const depth = 100_000;
    assert.doesNotThrow(() =>
      parseJson(`${'['.repeat(depth)}9007199254740993${']'.repeat(depth)}`),
    );
    assert.equal(writeJson(parseJson('{"a":9007199254740993,"a":1}')), '{"a":1}');
    assert.equal(writeJson(parseJson('{"a":1,"a":9007199254740993}')), '{"a":9007199254740993}');
  });

  it('marks a number if and only if a double stands for another one', () => {
    const digits = fc.stringMatching(/^[1-9]\d{0,24}$/);
    const zeros = fc.constantFrom('', '0', '000', '00000000000000000');
    const number = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.oneof(fc.constant('0'), digits),
        fc.oneof(
          fc.constant(''),
          fc.tuple(zeros, digits, zeros).map((all) => `.${all.join('')}`),
        ),
        fc.oneof(
          fc.constant(''),
          fc.tuple(fc.constantFrom('e', 'E+', 'e-', 'e00'), fc.nat(330)).map((all) => all.join('')),
        ),
      )
      .map((all) => all.join(''));
    fc.assert(
      fc.property(
        fc.oneof(number, fc.double({ noDefaultInfinity: true, noNaN: true }).map(String)),
        (spelling) => {
          const rewritten = rewriteJson(`[${spelling}]`, (value) => value);
          const kept = keptByDouble(spelling);
          assert.equal(rewritten, kept ? JSON.stringify([Number(spelling)]) : `[${spelling}]`);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it('keeps what is out of range of a double, and long fractions, whatever stands beside them', () => {
    for (const json of [
      '[1e999,-1E+400,1e-400]',
      '{"a":1e999,"b":{"c":[0.5,-1e1000]}}',
      '{"a":9999999.999999999}',
      '[9999999.999999999,1000000000000001]',
      '[123456789.123456789e5]',
    ])
      assert.equal(writeJson(parseJson(json)), json);
    assert.equal(writeJson(parseJson('{"a":1e999,"b":1e99}')), '{"a":1e999,"b":1e+99}');
    assert.deepEqual(parseJson('{"a": 1e999}'), { a: Infinity });
  });

  it('sees such a number wherever it stands in a text', () => {
    const numbers = fc.constantFrom(
      ...['9007199254740993', '1e999', '1e-400', '9999999.999999999', '123456789012.3456'],
      ...['12', '1.5', '-0.25', '1e5', '123456789012345', '1e99'],
    );
    const texts = fc.constantFrom(
      '',
      'a',
      '1.',
      '12345678',
      '3e56',
      '................',
      ' 1e999',
      'e',
    );
    const same = (value: unknown) => value;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(texts, numbers), { maxLength: 6 }),
        fc.constantFrom('', ' ', '\n'),
        (pairs, blank) => {
          const members = pairs.map(
            ([text, number]) => `[${JSON.stringify(text)},${blank}${number}]`,
          );
          const json = `{"x":[${members.join(`,${blank}`)}${blank}]}`;
          assert.equal(writeJson(parseJson(json)), rewriteJson(json, same));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('takes as many of them as it is told to', () => {
    const json =
      '{"a":9007199254740993,"b":[9007199254740993,1e15,9007199254740992],"c":"9007199254740993"}';
    assert.doesNotThrow(() => parseJson(json, 2));
    assert.throws(() => parseJson(json, 1), RangeError);
  });

  it('knows how a number was spelled, for as long as it is there', () => {
    const value = parseJson('{"a":[1,9007199254740993],"b":1}') as { a: unknown[] };
    assert.equal(spellingOf(value.a, 1), '9007199254740993');
    assert.equal(spellingOf(value.a, 0), undefined);
    assert.equal(spellingOf(value, 'a'), undefined);
    assert.equal(holdsLongNumbers([{ in: value }]), true);
    assert.equal(holdsLongNumbers([1, 'a', null, { b: [] }]), false);
    value.a[1] = 'other';
    assert.equal(spellingOf(value.a, 1), undefined);
  });

  it('reads numbers with few digits as fast as any, however they are written', () => {
    const list = (spelling: string): string =>
      `[1234567890123456,${Array(200_000).fill(spelling).join(',')}]`;
    const [short, exponent] = [list('109'), list('1e9')];
    const fastestMs = { short: Infinity, exponent: Infinity };
    const timeMs = (json: string): number => {
      const startedMs = performance.now();
      parseJson(json);
      return performance.now() - startedMs;
    };
    for (let round = 0; round < 8; round++) {
      fastestMs.short = Math.min(fastestMs.short, timeMs(short));
      fastestMs.exponent = Math.min(fastestMs.exponent, timeMs(exponent));
    }
    // A fifth more; with a closer look at each it was twenty times as much.
    assert.ok(fastestMs.exponent < 6 * fastestMs.short, JSON.stringify(fastestMs));
  });

  it('changes a value without touching what a double cannot keep', () => {
    const json = '{"id": 12345678901234567890, "x": [1.0, 1e400, 1e-400, 0.30000000000000004]}';
    assert.equal(
      rewriteJson(json, (value) => [value]),
      '[{"id":12345678901234567890,"x":[1,1e400,1e-400,0.30000000000000004]}]',
    );
  });
});
