import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseJson, rewriteJson, writeJson } from '../../../src/base/exactJson';

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

  it('changes a value without touching what a double cannot keep', () => {
    const json = '{"id": 12345678901234567890, "x": [1.0, 1e400, 1e-400, 0.30000000000000004]}';
    assert.equal(
      rewriteJson(json, (value) => [value]),
      '[{"id":12345678901234567890,"x":[1,1e400,1e-400,0.30000000000000004]}]',
    );
  });
});
