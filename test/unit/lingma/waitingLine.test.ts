import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { stopping } from '../../../src/base/errors';
import { WaitingLine } from '../../../src/lingma/waitingLine';
import { assertCode, rejectionOf } from '../../support/errors';
import { FakeTimeouts } from '../../support/fakeTimeouts';
import { ManualClock } from '../../support/manualClock';

describe('lingma/waitingLine', () => {
  const patient = () => new AbortController().signal;

  function setUp(options: { max?: number; timeoutMs?: number } = {}) {
    const clock = new ManualClock();
    const line = new WaitingLine<string, string>({
      max: 10,
      timeoutMs: 60_000,
      clock,
      onTimeout: stopping,
      ...options,
    });
    return { line, clock };
  }

  it('tells how many wait and how long the first has', async () => {
    const { line, clock } = setUp();
    assert.deepEqual([line.read().queued, line.read().oldestWaitMs], [0, 0]);
    const first = line.join('a', patient());
    clock.advance(400);
    const second = line.join('b', patient());
    clock.advance(200);
    assert.deepEqual([line.read().queued, line.read().oldestWaitMs], [2, 600]);
    line.serve((want) => (want === 'a' ? 'place' : undefined));
    assert.deepEqual([line.read().queued, line.read().oldestWaitMs], [1, 200]);
    line.serve(() => 'place');
    assert.deepEqual(await Promise.all([first, second]), ['place', 'place']);
  });

  it('counts every wait once, whatever its end', async () => {
    const { line, clock } = setUp({ max: 3 });
    const leaver = new AbortController();
    const waits = [
      line.join('served', patient()),
      line.join('leaves', leaver.signal),
      line.join('stays', patient()),
    ].map((wait) => wait.catch(() => 'ended'));
    assertCode(await rejectionOf(line.join('late', patient())), 'queue_full');
    clock.advance(300);
    line.serve((want) => (want === 'served' ? 'place' : undefined));
    clock.advance(1_000);
    leaver.abort();
    line.close(stopping());
    assert.deepEqual(await Promise.all(waits), ['place', 'ended', 'ended']);
    const { waits: counted, refused } = line.read();
    assert.deepEqual([counted.count, Math.round(counted.sum * 10)], [3, 29]);
    assert.deepEqual(
      counted.buckets.filter(([upTo]) => upTo >= 0.25 && upTo <= 2.5),
      [
        [0.25, 0],
        [0.5, 1],
        [1, 1],
        [2.5, 3],
      ],
    );
    assert.deepEqual(refused, { full: 1, timeout: 0 });
  });

  it('counts who waited in vain', async () => {
    const { line } = setUp({ timeoutMs: 5 });
    assertCode(await rejectionOf(line.join('a', patient())), 'stopping');
    assert.deepEqual(line.read().refused, { full: 0, timeout: 1 });
    assert.equal(line.read().waits.count, 1);
  });

  it('does not count the time in which nothing ran', async () => {
    const now = performance.now.bind(performance);
    let sleptMs = 0;
    performance.now = () => now() + sleptMs;
    try {
      await FakeTimeouts.during(async (timers) => {
        const { line } = setUp({ timeoutMs: 60_000 });
        const wait = line.join('a', patient());
        sleptMs += 3_600_000;
        timers.advance(60_000);
        assert.equal(
          line.read().queued,
          1,
          'the machine was asleep, and so was whoever had the place',
        );
        line.serve(() => 'place');
        assert.equal(await wait, 'place');
        assert.equal(timers.running, 0);
      });
    } finally {
      performance.now = now;
    }
  });
});
