import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Emitter } from '../../../../src/base/emitter';
import type { HostState } from '../../../../src/dashboard/protocol';
import type { ClientKeyInfo, KeyRecord } from '../../../../src/gateway/clientKeys';
import { silentLogger } from '../../../../src/observe/log';
import { KeyMirror } from '../../../../src/vscode/keys/keyMirror';
import { KeyStore } from '../../../../src/vscode/keys/keyStore';
import { newRecord } from '../../../support/clientKeys';
import { eventually } from '../../../support/headless';
import { FakeSecrets } from '../../../support/secrets';
import { snapshot } from '../support';

/** A gateway of another window, which lets these clients in. */
class Leader {
  keys: KeyRecord[];

  constructor(...keys: KeyRecord[]) {
    this.keys = keys;
  }

  // What they have used is not looked at here.
  clientKeys = () => Promise.resolve(this.keys as ClientKeyInfo[]);

  admitKey = (record: KeyRecord) => {
    this.keys.push(record);
    return Promise.resolve();
  };

  revokeKey = (name: string) => {
    this.keys = this.keys.filter((key) => key.name !== name);
    return Promise.resolve();
  };
}

describe('a window that follows', () => {
  const changed = new Emitter<HostState>();
  const digests = (keys: readonly KeyRecord[]): string[] => keys.map(({ digest }) => digest).sort();

  function follow(leader: Leader, revoked: readonly string[] = []) {
    const secrets = new FakeSecrets();
    const revocations = {
      revoked: () => Promise.resolve(new Set(revoked)),
      revoke: () => Promise.resolve(),
    };
    const store = new KeyStore(secrets, () => Promise.resolve(revocations), silentLogger);
    const state = { kind: 'ready', role: 'follower', snapshot: snapshot() } as const;
    const controller = { state, serving: leader, onDidChange: changed.event };
    const mirror = new KeyMirror({ controller, store, logger: silentLogger, lookEveryMs: 20 });
    return {
      store,
      mirror,
      begin: () => {
        changed.fire(state);
      },
    };
  }

  it('and the one that leads know each other’s keys', async () => {
    const leader = new Leader(newRecord('ci'), newRecord('laptop'));
    const { store, mirror, begin } = follow(leader);
    await store.keep(newRecord('ci'));
    begin();
    await eventually('the leader knows three', () => leader.keys.length === 3);
    assert.deepEqual(digests(await store.list()), digests(leader.keys));
    assert.equal(leader.keys[2]?.name, 'ci 2');
    leader.keys.push(newRecord('phone'));
    await eventually('a later key', async () => (await store.list()).length === 4);
    mirror.dispose();
  });

  it('has those shut out that were revoked where the leader did not hear of it', async () => {
    const [gone, stays] = [newRecord('gone'), newRecord('stays')];
    const leader = new Leader(gone, stays);
    const { store, mirror, begin } = follow(leader, [gone.digest]);
    begin();
    await eventually('one is left', () => leader.keys.length === 1);
    await eventually('the other', async () => (await store.list()).length === 1);
    assert.deepEqual(leader.keys, [stays]);
    mirror.dispose();
  });
});
