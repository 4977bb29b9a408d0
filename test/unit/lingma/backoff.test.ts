import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { BackoffPolicy } from '../../../src/lingma/backoff';

const options = { firstMs: 100, maxMs: 1_000, attempts: 6, jitter: 0 };

function delays(policy: BackoffPolicy): number[] {
  const found: number[] = [];
  for (let step = policy.next(); step; step = step.policy.next()) found.push(step.delayMs);
  return found;
}

describe('lingma/backoff', () => {
  it('C-32 (32) doubles up to its limit, then gives up', () => {
    assert.deepEqual(delays(new BackoffPolicy(options)), [100, 200, 400, 800, 1_000, 1_000]);
  });

  it('gives up at once when no attempt is allowed', () => {
    assert.equal(new BackoffPolicy({ ...options, attempts: 0 }).next(), undefined);
  });

  it('takes at most its share of the delay away by chance', () => {
    const jittered = { ...options, attempts: 1, jitter: 0.25 };
    assert.deepEqual(delays(new BackoffPolicy(jittered, () => 0)), [100]);
    assert.deepEqual(delays(new BackoffPolicy(jittered, () => 0.5)), [87.5]);
    assert.deepEqual(delays(new BackoffPolicy(jittered, () => 1)), [75]);
  });

  it('draws anew for each attempt', () => {
    let draws = 0;
    delays(new BackoffPolicy({ ...options, jitter: 0.5 }, () => ++draws / 10));
    assert.equal(draws, options.attempts);
  });

  it('is a value: asking twice gives the same answer', () => {
    const policy = new BackoffPolicy(options);
    policy.next()?.policy.next();
    assert.equal(policy.next()?.delayMs, 100);
  });

  it('goes on at its limit where nothing is given up', () => {
    let policy = new BackoffPolicy({ ...options, attempts: 0 });
    const found: number[] = [];
    for (let count = 0; count < 6; count++) {
      const step = policy.step();
      found.push(step.delayMs);
      policy = step.policy;
    }
    assert.deepEqual(found, [100, 200, 400, 800, 1_000, 1_000]);
  });

  it('has no attempt left when it is spent', () => {
    assert.equal(new BackoffPolicy(options).spent().next(), undefined);
  });

  it('stays at its limit however many attempts there were', () => {
    const patient = new BackoffPolicy({ ...options, attempts: 2_000 });
    assert.equal(delays(patient).at(-1), 1_000);
  });
});
