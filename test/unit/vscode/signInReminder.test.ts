import assert from 'node:assert/strict';
import type { HostState } from '../../../src/dashboard/protocol';
import { SignInReminder } from '../../../src/vscode/signInReminder';
import { ManualClock } from '../../support/manualClock';
import { snapshot } from './support';

describe('the reminder to sign in', () => {
  const minute = 60_000;

  function setUp() {
    const clock = new ManualClock();
    const reminder = new SignInReminder(() => clock.monotonicMs());
    const state = (signedOut: number): HostState => ({
      kind: 'ready',
      role: 'leader',
      snapshot: snapshot({ turns: { ...snapshot().turns, signedOut } }),
    });
    return { clock, reminder, due: (signedOut: number) => reminder.isDue(state(signedOut)) };
  }

  it('is due when a request was refused, not when other things change', () => {
    const { due, reminder } = setUp();
    assert.equal(reminder.isDue({ kind: 'stopped' }), false);
    assert.deepEqual([due(0), due(1), due(1)], [false, true, false]);
  });

  it('is one for a storm of refusals, and another one much later', () => {
    const { due, clock } = setUp();
    assert.equal(due(1), true);
    for (let refused = 2; refused < 100; refused++) assert.equal(due(refused), false);
    clock.advance(9 * minute);
    assert.equal(due(100), false);
    clock.advance(minute);
    assert.deepEqual([due(100), due(101)], [false, true]);
  });

  it('is due again at once for what is refused after a sign-in', () => {
    const { due, reminder } = setUp();
    assert.equal(due(1), true);
    reminder.reset();
    assert.deepEqual([due(1), due(2)], [false, true]);
  });

  it('counts a new gateway from its beginning', () => {
    const { due, clock } = setUp();
    assert.equal(due(5), true);
    clock.advance(20 * minute);
    assert.deepEqual([due(0), due(1)], [false, true]);
  });
});
