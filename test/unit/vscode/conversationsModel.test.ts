import assert from 'node:assert/strict';
import type { HostState } from '../../../src/dashboard/protocol';
import { conversationNodes, sessionTooltip } from '../../../src/vscode/conversationsModel';
import { busyActivity, emptyActivity, ready } from '../../dashboard/fixtures';
import { instance, snapshot, t } from './support';

describe('the tree of conversations', () => {
  it('groups the conversations by the instance that holds them', () => {
    const nodes = conversationNodes(ready(), busyActivity, t, 'en');
    assert.deepEqual(
      nodes.map(({ id, description, context, children }) => [
        id,
        description,
        context,
        children.map((child) => child.id),
      ]),
      [
        [
          'lingma-1',
          '3 conversations · 1 in flight',
          'instance.busy',
          ['k3v9x1qa', 'a8w2h6ns', 'z9t4b7uo'],
        ],
        ['lingma-2', '2 conversations · 1 in flight', 'instance.busy', ['p07mzt4e', 'f1c5r0yd']],
        ['lingma-3', 'reconnecting · 0 conversations', 'instance', []],
      ],
    );
  });

  it('offers to evict only what no turn runs on', () => {
    const [first] = conversationNodes(ready(), busyActivity, t, 'en');
    assert.deepEqual(
      first?.children.map(({ label, description, context }) => [label, description, context]),
      [
        ['claude-cli', '34 turns · org_auto · in use', 'session.leased'],
        ['continue', '3 turns · org_thinking', 'session'],
        ['opencode', '8 turns · org_auto', 'session'],
      ],
    );
  });

  it('leaves the place to its welcome when there is nothing to tell', () => {
    const unused: HostState = { kind: 'ready', role: 'leader', snapshot: snapshot() };
    for (const [state, activity] of [
      [{ kind: 'stopped' }, undefined],
      [{ kind: 'starting', snapshot: snapshot() }, busyActivity],
      [unused, undefined],
      [unused, emptyActivity],
    ] as const) {
      assert.deepEqual(conversationNodes(state, activity, t, 'en'), []);
    }
  });

  it('shows an instance with a problem, conversations or not', () => {
    const broken = instance({ state: 'failed', pid: null, problem: 'It ended with code 1.' });
    const state: HostState = {
      kind: 'ready',
      role: 'leader',
      snapshot: snapshot({ instances: [instance({ id: 'lingma-2', signedIn: false }), broken] }),
    };
    assert.deepEqual(
      conversationNodes(state, emptyActivity, t, 'en').map((node) => [
        node.description,
        node.icon,
        node.tooltip,
      ]),
      [
        ['signed out · 0 conversations', 'warning', 'Process 4711'],
        ['failed · 0 conversations', 'error', 'It ended with code 1.'],
      ],
    );
  });

  it('tells the rest in a hover', () => {
    const session = busyActivity.sessions[2];
    assert.ok(session);
    assert.deepEqual(sessionTooltip(session, t, 'en').split('\n'), [
      'Conversation a8w2h6ns',
      'Key: continue',
      'Model: org_thinking',
      'Messages: 6',
      'Age: 7 minutes',
      'Expires in: 25 minutes 7 seconds',
    ]);
  });
});
