import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Memory, requestKey, type Store } from '../../../src/dashboard/memory';
import { emptyModel, reduce } from '../../../src/dashboard/model';
import type { HostMessage } from '../../../src/dashboard/protocol';
import { busyActivity, capturedDetails, ready } from '../../dashboard/fixtures';

const state: HostMessage = { type: 'state', state: ready() };
const activity: HostMessage = { type: 'activity', activity: busyActivity };
const { id } = capturedDetails.request;

describe('dashboard/model', () => {
  it('keeps what each message brings', () => {
    const details: HostMessage = { type: 'details', id, details: capturedDetails };
    const model = [state, activity, details].reduce(
      (before, message) => reduce(before, message, 17),
      emptyModel,
    );
    assert.equal(model.state?.kind, 'ready');
    assert.equal(model.stateAtMs, 17);
    assert.deepEqual(model.activity, { value: busyActivity, atMs: 17 });
    assert.equal(model.details.get(id), capturedDetails);
  });

  it('forgets the activity of a gateway that is gone', () => {
    const before = reduce(reduce(emptyModel, state, 0), activity, 0);
    const after = reduce(before, { type: 'state', state: { kind: 'stopped' } }, 1);
    assert.equal(after.activity, undefined);
  });

  it('forgets the texts of requests that are no longer listed', () => {
    const before = reduce(emptyModel, { type: 'details', id, details: capturedDetails }, 0);
    assert.equal(reduce(before, activity, 0).details.size, 1);
    const none = { ...busyActivity, requests: [] };
    assert.equal(reduce(before, { type: 'activity', activity: none }, 0).details.size, 0);
  });
});

describe('dashboard/memory', () => {
  class FakeStore implements Store {
    saved: unknown;
    saves = 0;

    getState(): unknown {
      return this.saved;
    }

    setState(value: unknown): void {
      this.saved = JSON.parse(JSON.stringify(value));
      this.saves += 1;
    }
  }

  const saveMs = 600;

  it('finds again what it kept, and saves bursts once', async () => {
    const store = new FakeStore();
    const memory = new Memory(store);
    memory.toggle('section:reasons');
    memory.toggle('section:requests');
    memory.toggle('section:requests');
    memory.keepScroll(420);
    memory.keepModel(ready(), { value: busyActivity, atMs: 5 });
    await sleep(saveMs);
    assert.equal(store.saves, 1);

    const again = new Memory(store);
    assert.ok(again.isToggled('section:reasons'));
    assert.ok(!again.isToggled('section:requests'));
    assert.equal(again.scroll, 420);
    assert.equal(again.state?.kind, 'ready');
    assert.equal(again.activity?.atMs, 5);
  });

  it('starts afresh from what another version left behind', () => {
    const store = new FakeStore();
    for (const saved of [undefined, 'x', { state: { kind: 'odd' } }, { schema: 1, toggled: 3 }]) {
      store.saved = saved;
      const memory = new Memory(store);
      assert.equal(memory.state, undefined);
      assert.equal(memory.isToggled('section:reasons'), false);
    }
  });

  it('forgets that a request was open once the request is no longer listed', () => {
    const memory = new Memory(new FakeStore());
    memory.toggle(requestKey(id));
    memory.toggle('section:reasons');
    memory.keepModel(ready(), { value: busyActivity, atMs: 5 });
    assert.ok(memory.isToggled(requestKey(id)));
    memory.keepModel(ready(), { value: { ...busyActivity, requests: [] }, atMs: 6 });
    assert.ok(!memory.isToggled(requestKey(id)));
    assert.ok(memory.isToggled('section:reasons'));
  });
});
