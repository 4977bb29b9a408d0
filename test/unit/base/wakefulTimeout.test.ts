import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { WakefulTimeout } from '../../../src/base/wakefulTimeout';
import { FakeTimeouts } from '../../support/fakeTimeouts';

describe('base/wakefulTimeout', () => {
  const now = performance.now.bind(performance);
  let nowMs = 0;
  let fired = 0;

  beforeEach(() => {
    nowMs = fired = 0;
    performance.now = () => nowMs;
  });

  afterEach(() => {
    performance.now = now;
  });

  /** Time passes for the timers, and with it that of the clock, or even more. */
  function pass(clock: FakeTimeouts, ms: number, sleptMs = 0): void {
    nowMs += ms + sleptMs;
    clock.advance(ms);
  }

  function start(): WakefulTimeout {
    return new WakefulTimeout(1_000, () => fired++);
  }

  it('ends once, after its time', async () => {
    await FakeTimeouts.during(async (clock) => {
      start();
      pass(clock, 999);
      assert.equal(fired, 0);
      pass(clock, 1);
      pass(clock, 5_000);
      assert.equal(fired, 1);
      await Promise.resolve();
    });
  });

  it('begins anew with each sign, and not at all once it is cleared', async () => {
    await FakeTimeouts.during(async (clock) => {
      const timeout = start();
      pass(clock, 900);
      timeout.refresh();
      pass(clock, 900);
      assert.equal(fired, 0);
      timeout.clear();
      pass(clock, 5_000);
      assert.deepEqual([fired, clock.running], [0, 0]);
      await Promise.resolve();
    });
  });

  it('waits once more after an hour in which nothing ran, and then ends as ever', async () => {
    await FakeTimeouts.during(async (clock) => {
      start();
      pass(clock, 1_000, 3_600_000);
      assert.deepEqual([fired, clock.running], [0, 1]);
      pass(clock, 999);
      assert.equal(fired, 0);
      pass(clock, 1);
      assert.deepEqual([fired, clock.running], [1, 0]);
      await Promise.resolve();
    });
  });

  it('can be cleared and refreshed after a sleep', async () => {
    await FakeTimeouts.during(async (clock) => {
      const timeout = start();
      pass(clock, 1_000, 3_600_000);
      pass(clock, 900);
      timeout.refresh();
      pass(clock, 900);
      assert.equal(fired, 0);
      timeout.clear();
      assert.equal(clock.running, 0);
      await Promise.resolve();
    });
  });

  it('is not put off by a busy moment', async () => {
    await FakeTimeouts.during(async (clock) => {
      start();
      pass(clock, 1_000, 300);
      assert.equal(fired, 1);
      await Promise.resolve();
    });
  });
});
