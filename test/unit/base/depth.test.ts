import assert from 'node:assert/strict';
import { isDeeperThan } from '../../../src/base/depth';

describe('isDeeperThan', () => {
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

  it('counts levels of arrays and objects', () => {
    assert.equal(isDeeperThan(0, 'text'), false);
    assert.equal(isDeeperThan(0, null), false);
    assert.equal(isDeeperThan(0, []), true);
    assert.equal(isDeeperThan(3, nested(3)), false);
    assert.equal(isDeeperThan(2, nested(3)), true);
    assert.equal(isDeeperThan(2, { a: 1, b: { c: { d: 1 } } }), true);
    assert.equal(isDeeperThan(3, { a: 1, b: { c: { d: 1 } } }), false);
  });

  it('looks into the last child as into the first', () => {
    assert.equal(isDeeperThan(3, [1, [2], nested(2), { a: nested(3) }]), true);
  });

  it('goes no deeper than it has to', () => {
    assert.equal(isDeeperThan(256, nested(1_000_000)), true);
  });
});
