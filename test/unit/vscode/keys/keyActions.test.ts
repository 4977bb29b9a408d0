import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { HostState } from '../../../../src/dashboard/protocol';
import type { ClientKeyInfo, KeyRecord } from '../../../../src/gateway/clientKeys';
import { silentLogger } from '../../../../src/observe/log';
import { listKeys, makeKey, revokeKey, rotateKey } from '../../../../src/vscode/keys/keyActions';
import { KeyStore } from '../../../../src/vscode/keys/keyStore';
import { newRecord } from '../../../support/clientKeys';
import { assertCode, rejectionOf } from '../../../support/errors';
import { FakeSecrets } from '../../../support/secrets';
import { snapshot } from '../support';

describe('what the commands on keys do', () => {
  function editor(served?: KeyRecord[]) {
    const secrets = new FakeSecrets();
    const store = new KeyStore(secrets, () => Promise.resolve(undefined), silentLogger);
    const revoked: string[] = [];
    const serving = served && {
      clientKeys: () => Promise.resolve(served as ClientKeyInfo[]),
      createKey: (name: string) => Promise.resolve({ ...newRecord(name), key: 'the key' }),
      revokeKey: (name: string) => {
        revoked.push(name);
        return Promise.resolve();
      },
    };
    return { secrets, store, revoked, keys: { controller: { serving }, store } };
  }
  const names = async (store: KeyStore) => (await store.list()).map(({ name }) => name);

  it('makes keys while no gateway runs, under names that the next one takes', async () => {
    const { store, keys } = editor();
    const { key } = await makeKey(keys, 'ci');
    assert.match(key, /^sk-lingma-/);
    for (const name of ['ci', 'owner', '', ' x', 'x'.repeat(65)]) {
      assertCode(await rejectionOf(makeKey(keys, name)), 'invalid_request');
    }
    assert.deepEqual(await names(store), ['ci']);
  });

  it('gives a key that the gateway has made, also when it cannot be noted here', async () => {
    const { secrets, store, keys } = editor([]);
    assert.equal((await makeKey(keys, 'ci')).key, 'the key');
    assert.deepEqual(await names(store), ['ci']);
    assert.ok(!JSON.stringify([...secrets.values]).includes('the key'));
    secrets.failing = true;
    assert.equal((await makeKey(keys, 'laptop')).key, 'the key');
  });

  it('revokes the key that was chosen, whatever its name has become since', async () => {
    const [chosen, later] = [newRecord('ci'), newRecord('ci')];
    const { store, revoked, keys } = editor([{ ...chosen, name: 'ci 2' }, later]);
    await store.keep(chosen);
    await revokeKey(keys, chosen);
    assert.deepEqual(revoked, ['ci 2']);
    assert.deepEqual(await names(store), []);
  });

  it('revokes nothing of another one who has got the name of a key that is gone', async () => {
    const { revoked, keys } = editor([newRecord('ci')]);
    await revokeKey(keys, newRecord('ci'));
    assert.deepEqual(revoked, []);
  });

  it('lists what the gateway lets in, with the times that only the editor knows', async () => {
    const record = newRecord('ci');
    const { store, keys } = editor([record, { ...newRecord('new'), lastUsedAtMs: 7 }]);
    await store.keep({ ...record, lastUsedAtMs: 5 });
    const listed = await listKeys(keys);
    assert.deepEqual(
      listed.map(({ name, lastUsedAtMs }) => [name, lastUsedAtMs]),
      [
        ['ci', 5],
        ['new', 7],
      ],
    );
  });

  /** @param kept Whether the gateway goes on with the key it has. */
  function rotation(state: HostState, kept = false) {
    const runs = state.kind === 'ready';
    let stored = 'old';
    let opens = runs ? 'theirs' : undefined;
    let restarts = 0;
    const controller = {
      state,
      connection: () =>
        Promise.resolve(opens === undefined ? undefined : { baseUrl: '', apiKey: opens }),
      restart: () => {
        restarts += 1;
        if (!kept) opens = stored;
        return Promise.resolve(state);
      },
    };
    const apiKey = {
      get: () => Promise.resolve(stored),
      rotate: () => Promise.resolve((stored = 'new')),
    };
    return { rotation: { controller, apiKey }, restarts: () => restarts };
  }
  const ready: HostState = { kind: 'ready', role: 'follower', snapshot: snapshot() };

  it('rotates the key that the gateway has, and restarts what runs', async () => {
    const running = rotation(ready);
    assert.deepEqual(await rotateKey(running.rotation), { old: 'theirs', key: 'new' });
    assert.equal(running.restarts(), 1);
    const stopped = rotation({ kind: 'stopped' });
    assert.deepEqual(await rotateKey(stopped.rotation), { old: 'old', key: 'new' });
    assert.equal(stopped.restarts(), 0);
  });

  it('does not say that a key is void which still opens the gateway of another window', async () => {
    const error = await rejectionOf(rotateKey(rotation(ready, true).rotation));
    assert.match(error.message, /still opens/);
  });
});
