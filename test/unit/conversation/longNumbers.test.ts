import assert from 'node:assert/strict';
import { Validator } from '@cfworker/json-schema';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseJson } from '../../../src/base/exactJson';
import { comparableNumbers } from '../../../src/conversation/longNumbers';

/** Whether a value fits, as a check by doubles sees it once there are stand-ins. */
function fits(schemaJson: string, valueJson: string): boolean {
  const [schema, value] = [parseJson(schemaJson), parseJson(valueJson)];
  const numbers = comparableNumbers(schema);
  const pair = numbers.withValue(value) ?? { schema: numbers.schema, value };
  return new Validator(pair.schema as object).validate(pair.value).valid;
}

describe('conversation/longNumbers', () => {
  const near = fc
    .tuple(
      fc.constantFrom(2n ** 53n, 2n ** 63n, 2n ** 64n, 10n ** 25n),
      fc.bigInt(-6n, 6n),
      fc.constantFrom(1n, -1n),
    )
    .map(([base, off, sign]) => sign * (base + off));

  it('makes numbers compare as they are spelled', () => {
    fc.assert(
      fc.property(near, near, fc.array(near, { maxLength: 5 }), (one, other, rest) => {
        const value = `{"id":${one},"rest":[${rest.join(',')}]}`;
        const schema = (rule: string): string => `{"properties":{"id":{"type":"integer",${rule}}}}`;
        assert.equal(fits(schema(`"const":${other}`), value), one === other);
        assert.equal(fits(schema(`"enum":["a",${other},7]`), value), one === other);
        assert.equal(fits(schema(`"minimum":${other}`), value), one >= other);
        assert.equal(fits(schema(`"maximum":${other}`), value), one <= other);
        assert.equal(fits(schema(`"exclusiveMinimum":${other}`), value), one > other);
        const list = [one, other, ...rest];
        assert.equal(
          fits('{"uniqueItems":true}', `[${list.join(',')}]`),
          new Set(list).size === list.length,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('says what was meant', () => {
    const schema = parseJson('{"const":-9007199254740993}');
    const value = parseJson('[9007199254740992,100000000000000000000000001]');
    const pair = comparableNumbers(schema).withValue(value);
    assert.ok(pair);
    assert.equal(
      pair.restore(`${JSON.stringify(pair.schema)} ${JSON.stringify(pair.value)} 12345`),
      '{"const":-9007199254740993} [9007199254740992,100000000000000000000000001] 12345',
    );
  });

  it('leaves everything else as it is', () => {
    const compare = comparableNumbers({ const: 9007199254740992, pattern: 'x' });
    assert.equal(compare.withValue({ a: [1, 0.5, 1e300] }), undefined);
    const long = comparableNumbers(parseJson('{"const":9007199254740993}'));
    assert.equal(long.withValue({ a: [1, 0.5, -9007199254740991] }), undefined);
    const schema = { type: 'object', maximum: 5 };
    const value = parseJson('{"id":9007199254740993,"x":{"n":1,"y":0.12345678901234567890}}');
    const pair = comparableNumbers(schema).withValue(value);
    assert.equal(pair?.schema, schema);
    assert.equal((pair.value as { x: object }).x, (value as { x: object }).x);
    const vast = parseJson(`[${'9'.repeat(400)},1e400,9007199254740993]`) as number[];
    assert.deepEqual(
      (comparableNumbers(true).withValue(vast)?.value as number[]).slice(0, 2),
      vast.slice(0, 2),
    );
  });
});
