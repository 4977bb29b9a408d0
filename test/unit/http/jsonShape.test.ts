import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { excessOf } from '../../../src/http/jsonShape';

/** Levels and members, counted the other way: in the value that the text stands for. */
function shapeOf(value: unknown): { depth: number; values: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, values: 0 };
  const members = Object.values(value).map(shapeOf);
  return {
    depth: 1 + Math.max(0, ...members.map(({ depth }) => depth)),
    values:
      1 + Math.max(0, members.length - 1) + members.reduce((sum, { values }) => sum + values, 0),
  };
}

describe('http/jsonShape', () => {
  const no = Infinity;

  it('is that of the value, whatever stands in strings', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 1), (value, indent) => {
        const bytes = Buffer.from(JSON.stringify(value, null, indent));
        const { depth, values } = shapeOf(JSON.parse(bytes.toString()));
        assert.equal(excessOf(bytes, { depth, values }), undefined);
        if (depth === 0) return;
        assert.equal(excessOf(bytes, { depth: depth - 1, values: no }), 'depth');
        assert.equal(excessOf(bytes, { depth: no, values: values - 1 }), 'values');
      }),
    );
  });

  it('finds the end of a string of any length, also behind escapes', () => {
    const ends = ['', '"[', String.fromCharCode(92), `${String.fromCharCode(92)}"[`, '[['];
    for (let length = 0; length < 100; length++) {
      for (const end of ends) {
        const text = JSON.stringify([`${'a'.repeat(length)}${end}`, end]);
        assert.equal(excessOf(Buffer.from(text), { depth: 1, values: 2 }), undefined, text);
        assert.equal(excessOf(Buffer.from(`${text},[[`), { depth: 1, values: no }), 'depth', text);
      }
    }
  });

  it('does not take what is quoted for more than text', () => {
    for (const text of [String.raw`"[[\\\"[,,{"`, String.raw`{"[\\":"[["}`, '"[[[', '"[[\\']) {
      assert.equal(excessOf(Buffer.from(text), { depth: 1, values: 1 }), undefined, text);
    }
    assert.equal(excessOf(Buffer.from(String.raw`["\\",[`), { depth: 1, values: no }), 'depth');
  });
});
