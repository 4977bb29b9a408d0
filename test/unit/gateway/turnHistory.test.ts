import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { type PastTurn, TurnHistory } from '../../../src/gateway/turnHistory';
import { ManualClock } from '../../support/manualClock';

const MINUTE = 60_000;

describe('gateway/turnHistory', () => {
  let clock: ManualClock;
  let history: TurnHistory;
  const turn = (change: Partial<PastTurn> = {}): PastTurn => ({
    hit: true,
    failed: false,
    ttftMs: 100,
    durationMs: 1_000,
    ...change,
  });

  beforeEach(() => {
    clock = new ManualClock();
    clock.advance(1_000 * MINUTE + 17);
    history = new TurnHistory(clock);
  });

  it('is an hour of full minutes from the start, with nothing in them', () => {
    const samples = history.read();
    assert.equal(samples.length, 60);
    assert.deepEqual(samples[0], {
      atMs: 941 * MINUTE,
      hits: 0,
      misses: 0,
      failed: 0,
      ttftMs: null,
      durationMs: null,
    });
    assert.equal(samples.at(-1)?.atMs, 1_000 * MINUTE);
  });

  it('counts turns in the minute in which they end, with the medians of those that were answered', () => {
    for (const ttftMs of [300, 100, 200]) history.add(turn({ ttftMs, durationMs: 10 * ttftMs }));
    history.add(turn({ hit: false, failed: true, ttftMs: undefined, durationMs: undefined }));
    history.add(turn({ hit: undefined, failed: true, ttftMs: undefined, durationMs: undefined }));
    clock.advance(2 * MINUTE);
    history.add(turn({ hit: false, ttftMs: 7 }));
    const [first, between, last] = history.read().slice(-3);
    assert.deepEqual(first, {
      atMs: 1_000 * MINUTE,
      hits: 3,
      misses: 1,
      failed: 2,
      ttftMs: 200,
      durationMs: 2_000,
    });
    assert.equal(between?.hits, 0);
    assert.deepEqual([last?.hits, last?.misses, last?.ttftMs], [0, 1, 7]);
  });

  it('forgets what is more than an hour ago, also after a long time without turns', () => {
    history.add(turn());
    clock.advance(59 * MINUTE);
    assert.equal(history.read()[0]?.hits, 1);
    clock.advance(MINUTE);
    assert.ok(history.read().every(({ hits }) => hits === 0));
    history.add(turn({ hit: false }));
    assert.deepEqual(
      history.read().flatMap(({ hits, misses }) => (hits + misses > 0 ? [[hits, misses]] : [])),
      [[0, 1]],
    );
  });

  it('keeps medians close with far more turns than it remembers', () => {
    for (let ms = 0; ms < 100_000; ms++) history.add(turn({ ttftMs: ms }));
    const { ttftMs, hits } = history.read().at(-1) ?? {};
    assert.equal(hits, 100_000);
    assert.ok(Math.abs((ttftMs ?? 0) - 50_000) < 3_000, String(ttftMs));
  });

  it('goes on when the clock is put back', () => {
    history.add(turn());
    clock.advance(-10 * MINUTE);
    history.add(turn({ hit: false }));
    assert.deepEqual(
      history
        .read()
        .slice(-1)
        .map(({ hits, misses }) => [hits, misses]),
      [[0, 1]],
    );
  });
});
