import assert from 'node:assert/strict';
import {
  clientBaseUrl,
  instanceActions,
  panelCommands,
  parsePanelMessage,
} from '../../../src/dashboard/protocol';
import { snapshot } from './support';

describe('messages from the panel', () => {
  it('takes what the protocol has', () => {
    assert.deepEqual(parsePanelMessage({ type: 'ready' }), { type: 'ready' });
    for (const command of panelCommands) {
      assert.deepEqual(parsePanelMessage({ type: 'command', command }), {
        type: 'command',
        command,
      });
    }
  });

  it('takes an action on one instance', () => {
    for (const action of instanceActions) {
      const message = { type: 'instance', action, id: 'lingma-1' };
      assert.deepEqual(parsePanelMessage({ ...message, more: 1 }), message);
    }
  });

  it('drops all else', () => {
    for (const value of [
      { type: 'instance' },
      { type: 'instance', action: 'restart' },
      { type: 'instance', action: 'restart', id: 1 },
      { type: 'instance', action: 'kill', id: 'lingma-1' },
      undefined,
      null,
      'ready',
      [],
      {},
      { type: 'snapshot' },
      { type: 'command' },
      { type: 'command', command: 'workbench.action.quit' },
      { type: 'command', command: 'toString' },
      { type: 'command', command: ['start'] },
    ]) {
      assert.equal(parsePanelMessage(value), undefined);
    }
  });

  it('passes on nothing that came along', () => {
    const message = { type: 'command', command: 'start', argument: '/bin/sh' };
    assert.deepEqual(parsePanelMessage(message), { type: 'command', command: 'start' });
  });
});

describe('the base URL for clients', () => {
  it('ends in /v1 and exists only while the gateway listens', () => {
    assert.equal(
      clientBaseUrl({ kind: 'ready', role: 'leader', snapshot: snapshot() }),
      'http://127.0.0.1:8317/v1',
    );
    assert.equal(clientBaseUrl({ kind: 'stopped' }), undefined);
    const early = snapshot({ baseUrl: null });
    assert.equal(clientBaseUrl({ kind: 'starting', snapshot: early }), undefined);
  });
});
