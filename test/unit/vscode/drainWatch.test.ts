import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'mocha';
import type { HostState } from '../../../src/dashboard/protocol';
import { DrainWatch } from '../../../src/vscode/drainWatch';
import { instance, snapshot } from './support';

describe('vscode/drainWatch', () => {
  function setUp(patienceMs: number) {
    const events: string[] = [];
    const watch = new DrainWatch({
      patienceMs,
      show: (id) => {
        events.push(`show ${id}`);
        return () => events.push(`hide ${id}`);
      },
    });
    const state = (...draining: string[]): HostState => ({
      kind: 'ready',
      role: 'leader',
      snapshot: snapshot({
        instances: ['a', 'b'].map((id) => instance({ id, draining: draining.includes(id) })),
      }),
    });
    return { events, watch, state };
  }

  it('shows each instance once, and until it is done', async () => {
    const { events, watch, state } = setUp(0);
    watch.look(state('a'));
    await sleep(5);
    watch.look(state('a', 'b'));
    watch.look(state('a', 'b'));
    await sleep(5);
    watch.look(state('b'));
    watch.look({ kind: 'stopped' });
    watch.look(state());
    assert.deepEqual(events, ['show a', 'show b', 'hide a', 'hide b']);
  });

  it('says nothing of what is soon done', async () => {
    const { events, watch, state } = setUp(20);
    watch.look(state('a'));
    watch.look(state());
    await sleep(40);
    assert.deepEqual(events, []);
  });

  it('takes back what it shows when it is disposed', async () => {
    const { events, watch, state } = setUp(0);
    watch.look(state('a'));
    await sleep(5);
    watch.look(state('a', 'b'));
    watch.dispose();
    await sleep(5);
    assert.deepEqual(events, ['show a', 'hide a']);
  });
});
