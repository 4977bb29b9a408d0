import assert from 'node:assert/strict';
import { nearestIndex, niceCeiling, runsOf } from '../../../src/dashboard/chartScale';

describe('dashboard/chartScale', () => {
  it('finds a round top that no value exceeds', () => {
    for (const [value, top] of [
      [0, 1],
      [0.3, 0.5],
      [1, 1],
      [1.01, 2],
      [640, 1000],
      [1000, 1000],
      [2400, 2500],
      [15_200, 20_000],
    ] as const) {
      assert.equal(niceCeiling(value), top, String(value));
    }
  });

  it('joins values over short silences only', () => {
    const values = [1, null, 2, null, null, 3, null];
    const indexes = (maxGap: number): number[][] =>
      runsOf(values, maxGap).map((run) => run.map(({ index }) => index));
    assert.deepEqual(indexes(0), [[0], [2], [5]]);
    assert.deepEqual(indexes(1), [[0, 2], [5]]);
    assert.deepEqual(indexes(2), [[0, 2, 5]]);
    assert.deepEqual(runsOf([null, null], 5), []);
  });

  it('finds the sample under the pointer, also at and beyond the edges', () => {
    assert.deepEqual(
      [-0.2, 0, 0.49, 0.51, 1, 3].map((share) => nearestIndex(share, 3)),
      [0, 0, 1, 1, 2, 2],
    );
    assert.equal(nearestIndex(0.5, 1), 0);
  });
});
