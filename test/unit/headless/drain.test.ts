import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { DrainDependencies } from '../../../src/headless/drain';
import { drained, QUIET_MS } from '../../../src/headless/drain';
import { ManualClock } from '../../support/manualClock';

type Looked = ReturnType<DrainDependencies['snapshot']>;

describe('draining', () => {
  /** How long it takes, where `busy` says what is seen so many milliseconds after its begin. */
  async function time(
    limitMs: number,
    busy: (ms: number) => { inFlight?: number; queued?: number; ended?: number },
  ): Promise<number> {
    const clock = new ManualClock();
    await drained(limitMs, {
      clock,
      sleep: (ms) => {
        clock.advance(ms);
        return Promise.resolve();
      },
      snapshot: () => {
        const { inFlight = 0, queued = 0, ended = 0 } = busy(clock.monotonicMs());
        return {
          concurrency: { inFlight, queued },
          turns: { completed: ended, failed: 0, cancelled: 0 },
        } as Looked;
      },
    });
    return clock.monotonicMs();
  }

  it('gives a balancer time to notice, although nothing runs', async () => {
    assert.equal(await time(60_000, () => ({})), QUIET_MS);
  });

  it('waits for turns that run or wait, and for a while after them', async () => {
    const until = (ms: number, what: object) => (now: number) => (now < ms ? what : {});
    assert.equal(await time(60_000, until(20_000, { inFlight: 1 })), 19_900 + QUIET_MS);
    assert.equal(await time(60_000, until(20_000, { queued: 1 })), 19_900 + QUIET_MS);
  });

  it('sees turns that come and go between two looks', async () => {
    const waited = await time(60_000, (now) => ({ ended: Math.min(Math.floor(now / 1_000), 9) }));
    assert.equal(waited, 9_000 + QUIET_MS);
  });

  it('waits no longer than it may', async () => {
    assert.equal(await time(30_000, () => ({ inFlight: 1 })), 30_000);
    assert.equal(await time(1_000, () => ({})), 1_000);
  });
});
