import assert from 'node:assert/strict';
import type { InstanceSnapshot } from '../../../src/gateway/snapshot';
import { instancePicks } from '../../../src/vscode/instancePicks';
import { instance, snapshot, t } from './support';

describe('the choice of an instance to restart', () => {
  const picks = (...changes: Partial<InstanceSnapshot>[]) =>
    instancePicks(snapshot({ instances: changes.map((change) => instance(change)) }), t).map(
      ({ id, action, label, description }) => [label === id ? id : label, action, description],
    );

  it('is one row for each, and says what a failed one gets', () => {
    assert.deepEqual(picks({}, { id: 'lingma-2', state: 'failed' }), [
      ['lingma-1', 'restart', 'restart now'],
      ['lingma-2', 'restart', 'try again'],
    ]);
  });

  it('offers to wait for requests that run, unless that is under way', () => {
    assert.deepEqual(picks({ inFlight: 2 }, { id: 'lingma-2', inFlight: 1, draining: true }), [
      ['lingma-1', 'drain', 'restart after its requests'],
      ['lingma-1', 'restart', 'restart now'],
      ['lingma-2', 'restart', 'restart now'],
    ]);
  });
});
