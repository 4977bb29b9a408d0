import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Clock, createClock } from '../../../src/base/clock';
import { systemClock } from '../../../src/base/systemClock';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

describe('base/clock', () => {
  /** A machine whose monotonic clock stands still while it sleeps, or does not. */
  function machine({ countsSleep = false, wholeSeconds = false } = {}) {
    let awakeMs = 7_300;
    let sleptMs = 0;
    let setByMs = 0;
    let asked = 0;
    const clock: Clock = createClock({
      monotonicMs: () => awakeMs + (countsSleep ? sleptMs : 0),
      epochMs: () => 1e12 + awakeMs + sleptMs + setByMs,
      uptimeMs: () => {
        asked++;
        const ms = 5e6 + awakeMs + sleptMs;
        return wholeSeconds ? Math.floor(ms / 1_000) * 1_000 : ms;
      },
    });
    return {
      clock,
      wake: (ms: number) => (awakeMs += ms),
      sleep: (ms: number) => (sleptMs += ms),
      set: (byMs: number) => (setByMs += byMs),
      asked: () => asked,
    };
  }

  it('counts each sleep once, on every system', () => {
    for (const countsSleep of [true, false]) {
      for (const wholeSeconds of [true, false]) {
        const { clock, wake, sleep } = machine({ countsSleep, wholeSeconds });
        const startMs = clock.continuousMs();
        wake(100);
        sleep(HOUR_MS);
        wake(100);
        const wokenMs = clock.continuousMs() - startMs;
        assert.ok(Math.abs(wokenMs - HOUR_MS - 200) <= 1_000, String(wokenMs));
        assert.equal(clock.continuousMs() - startMs, wokenMs);
        sleep(2 * HOUR_MS);
        const againMs = clock.continuousMs() - startMs;
        assert.ok(Math.abs(againMs - 3 * HOUR_MS - 200) <= 1_000, String(againMs));
      }
    }
  });

  it('does not move when somebody sets the clock, and still sees a sleep after that', () => {
    const { clock, wake, sleep, set } = machine();
    const startMs = clock.continuousMs();
    for (const byMs of [YEAR_MS, -2 * YEAR_MS, YEAR_MS, 5_000]) {
      set(byMs);
      wake(10);
      assert.equal(clock.continuousMs(), clock.monotonicMs());
    }
    sleep(HOUR_MS);
    set(-HOUR_MS / 2);
    assert.equal(clock.continuousMs() - startMs, HOUR_MS + 40);
  });

  it('never goes back', () => {
    const { clock, wake, sleep, set } = machine({ wholeSeconds: true });
    let lastMs = clock.continuousMs();
    for (let step = 0; step < 200; step++) {
      wake((step * 137) % 900);
      if (step % 3 === 0) sleep((step * 7919) % 20_000);
      if (step % 5 === 0) set(((step * 104_729) % 2_000_000) - 1_000_000);
      const nowMs = clock.continuousMs();
      assert.ok(nowMs >= lastMs, `step ${step}`);
      lastMs = nowMs;
    }
  });

  it('asks for the uptime when there is reason to, and at no other time', () => {
    const { clock, wake, asked } = machine();
    const before = asked();
    for (let step = 0; step < 1_000; step++) {
      wake(60_000);
      clock.continuousMs();
    }
    assert.equal(asked(), before);
  });

  it('is as the monotonic one on a machine that is awake', () => {
    const apartMs = systemClock.continuousMs() - systemClock.monotonicMs();
    assert.ok(Math.abs(apartMs) < 50, String(apartMs));
  });
});
