import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { BoundedMap } from '../../../src/base/boundedMap';

describe('base/boundedMap', () => {
  it('never holds more than it may, never forgets the newer half, never gives an old value', () => {
    const keys = fc.array(fc.nat(12), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), keys, (max, order) => {
        const map = new BoundedMap<number, number>(max);
        const latest = new Map<number, number>();
        for (const [value, key] of order.entries()) {
          map.set(key, value);
          latest.delete(key);
          latest.set(key, value);
          const kept = [...latest.keys()].filter((one) => map.get(one) !== undefined);
          assert.ok(kept.length <= max, `${kept.length} of ${max}`);
          for (const one of kept) assert.equal(map.get(one), latest.get(one));
          const newest = [...latest.keys()].slice(-Math.floor(max / 2) || latest.size);
          if (max > 1) for (const one of newest) assert.ok(kept.includes(one), `${one} is kept`);
        }
      }),
    );
  });

  it('given another size keeps to it from then on, and loses the oldest only', () => {
    const size = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(size, size, fc.nat(30), (before, after, entries) => {
        const map = new BoundedMap<number, number>(before);
        for (let key = 0; key < entries; key++) map.set(key, key);
        const held = Array.from({ length: entries }, (_, key) => key).filter(
          (key) => map.get(key) !== undefined,
        );
        map.setMax(after);
        const kept = held.filter((key) => map.get(key) !== undefined);
        assert.ok(kept.length <= after, `${kept.length} of ${after}`);
        assert.deepEqual(kept, kept.length === 0 ? [] : held.slice(-kept.length));
        if (after >= before) assert.deepEqual(kept, held);
        for (let key = 100; key < 130; key++) map.set(key, key);
        assert.ok(map.size <= after, `${map.size} of ${after}`);
        if (after > 0) assert.equal(map.get(129), 129);
      }),
    );
  });

  it('of no size keeps nothing', () => {
    const map = new BoundedMap<string, string>(0);
    map.set('a', 'b');
    assert.equal(map.get('a'), undefined);
    assert.equal(map.size, 0);
  });
});
