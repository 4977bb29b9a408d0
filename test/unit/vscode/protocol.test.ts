import assert from 'node:assert/strict';
import {
  clientBaseUrl,
  instanceActions,
  panelCommands,
  parseHostMessage,
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

describe('messages to the panel', () => {
  const activity = { sessions: [], requests: [], history: [], clients: [], capturing: false };

  it('are taken as they are', () => {
    for (const message of [
      { type: 'state', state: { kind: 'stopped' } },
      { type: 'state', state: { kind: 'starting', snapshot: null } },
      { type: 'state', state: { kind: 'ready', role: 'follower', snapshot: snapshot() } },
      { type: 'activity', activity },
      { type: 'details', id: 'req_1', details: null },
    ]) {
      assert.equal(parseHostMessage(message), message);
    }
  });

  it('are dropped when they are not of this version', () => {
    for (const value of [
      undefined,
      'state',
      { type: 'state' },
      { type: 'state', state: { kind: 'resting' } },
      { type: 'state', state: { kind: 'ready' } },
      { type: 'activity', activity: { ...activity, requests: undefined } },
      { type: 'activity', activity: { ...activity, capturing: 'no' } },
      { type: 'details', details: null },
      { type: 'details', id: 'req_1', details: 'text' },
    ]) {
      assert.equal(parseHostMessage(value), undefined, JSON.stringify(value));
    }
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
