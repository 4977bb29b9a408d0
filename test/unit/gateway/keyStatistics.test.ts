import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type CountedTurn, KeyStatistics } from '../../../src/gateway/keyStatistics';
import { ManualClock } from '../../support/manualClock';

const turn = (change: Partial<CountedTurn>): CountedTurn => ({
  client: 'ci',
  startedAtMs: Infinity,
  state: 'completed',
  reason: 'new',
  inputTokens: 10,
  cachedTokens: 4,
  outputTokens: 2,
  ...change,
});

describe('what each client has used', () => {
  it('is counted for itself', () => {
    const statistics = new KeyStatistics(new ManualClock());
    statistics.add('owner');
    statistics.add('ci');
    statistics.count(turn({}));
    statistics.count(turn({ reason: 'continued' }));
    statistics.count(turn({ state: 'failed', reason: null, inputTokens: null }));
    statistics.count(turn({ state: 'cancelled', reason: 'lost' }));
    statistics.count(turn({ client: 'owner' }));
    statistics.count(turn({ client: 'nobody' }));
    assert.deepEqual(
      statistics.list().map(({ name }) => name),
      ['owner', 'ci'],
    );
    assert.deepEqual(statistics.of('ci'), {
      name: 'ci',
      completed: 2,
      failed: 1,
      cancelled: 1,
      hits: 1,
      misses: 2,
      inputTokens: 20,
      cachedTokens: 8,
      outputTokens: 4,
      lastUsedAtMs: null,
    });
    assert.equal(statistics.of('nobody'), undefined);
  });

  it('ends with the key, whatever the next one of that name is', () => {
    const clock = new ManualClock();
    const statistics = new KeyStatistics(clock);
    statistics.add('ci');
    const startedAtMs = clock.epochMs();
    clock.advance(10);
    statistics.remove('ci');
    statistics.count(turn({}));
    assert.equal(statistics.of('ci'), undefined);
    statistics.add('ci');
    statistics.count(turn({ startedAtMs }));
    assert.equal(statistics.of('ci')?.completed, 0, 'a turn of the key before');
    assert.equal(statistics.used('ci'), clock.epochMs());
    assert.equal(statistics.of('ci')?.lastUsedAtMs, clock.epochMs());
  });
});
