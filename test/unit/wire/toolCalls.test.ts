import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { argumentDeltas } from '../../../src/wire/toolCalls';

describe('wire/toolCalls', () => {
  it('cuts arguments into deltas that make them up again, none within a character', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 50 });
    fc.assert(
      fc.property(text, fc.nat(400), (unit, times) => {
        const json = JSON.stringify({ text: unit.repeat(times) });
        const deltas = argumentDeltas(json);
        assert.equal(deltas.join(''), json);
        for (const delta of deltas) {
          assert.ok(delta.length > 0 && delta.length <= 1025);
          assert.equal(Buffer.from(delta).toString(), delta);
        }
      }),
    );
  });

  it('leaves small arguments in one piece', () => {
    assert.deepEqual(argumentDeltas('{"a":1}'), ['{"a":1}']);
  });
});
