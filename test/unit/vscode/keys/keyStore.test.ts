import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { freeName, isClientName, newKey } from '../../../../src/gateway/clientKeys';
import { silentLogger } from '../../../../src/observe/log';
import { storageKeys } from '../../../../src/vscode/ids';
import { KeyStore } from '../../../../src/vscode/keys/keyStore';
import { SharedKeys } from '../../../../src/vscode/keys/sharedKeys';
import { newRecord } from '../../../support/clientKeys';
import { rejectionOf } from '../../../support/errors';
import { FakeSecrets } from '../../../support/secrets';
import { useTempDirs } from '../../../support/tempDir';

describe('the clients’ keys of an editor', () => {
  const tempDir = useTempDirs();
  const shared = (folder = tempDir()): SharedKeys =>
    new SharedKeys(folder, 'the secret of the windows', process.getuid?.());
  const storeOf = (secrets: FakeSecrets, folder?: SharedKeys): KeyStore =>
    new KeyStore(secrets, () => Promise.resolve(folder), silentLogger, 20);

  it('are kept as digests', async () => {
    const secrets = new FakeSecrets();
    const created = newKey('ci', 1_000);
    await storeOf(secrets).keep(created);
    const { key, ...record } = created;
    assert.deepEqual(await storeOf(secrets).list(), [record]);
    assert.deepEqual(await storeOf(secrets).given(), [
      { name: 'ci', digest: record.digest, createdAtMs: 1_000 },
    ]);
    assert.ok(!JSON.stringify([...secrets.values]).includes(key));
  });

  it('are none where the store holds something else', async () => {
    const secrets = new FakeSecrets();
    const { digest } = newRecord('ci');
    const unusable = [
      { name: 'ci', digest: '../x' },
      { name: 'owner', digest },
      { name: ' ', digest },
    ];
    const half = '[1,{"name":"ci"},{"digest":"x"}]';
    for (const text of ['', '{', '7', '{"a":1}', half, JSON.stringify(unusable)]) {
      secrets.values.set(storageKeys.clientKeys, text);
      assert.deepEqual(await storeOf(secrets).list(), [], text);
    }
  });

  it('do not get lost when several are kept at once', async () => {
    const secrets = new FakeSecrets();
    const store = storeOf(secrets);
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map((name) => store.keep(newKey(name, 1))));
    assert.deepEqual(
      (await store.list()).map(({ name }) => name),
      names,
    );
  });

  it('are revoked in every editor, also in one that did not run', async () => {
    const folder = shared();
    const stores = [new FakeSecrets(), new FakeSecrets()].map((one) => storeOf(one, folder));
    const [here, elsewhere] = stores;
    assert.ok(here && elsewhere);
    const record = newRecord('ci', 1);
    for (const store of stores) await store.keep(record);
    await here.forget(record);
    assert.deepEqual(await here.list(), []);
    assert.deepEqual(await elsewhere.list(), []);
    const error = await rejectionOf(elsewhere.keep(record));
    assert.match(error.message, /has been revoked/);
    await elsewhere.mirror([record]);
    assert.deepEqual(await elsewhere.list(), []);
  });

  it('leave revocations to the user alone', async () => {
    const folder = tempDir();
    const before = process.umask(0);
    try {
      await shared(folder).revoke(newKey('ci', 1).digest);
      await shared(folder).rotate();
    } finally {
      process.umask(before);
    }
    const modes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
      const stats = statSync(path.join(folder, name));
      return [stats.isDirectory(), (stats.mode & 0o777).toString(8)];
    });
    assert.equal(modes.length, 3);
    // Windows has access lists instead, and no such bits.
    if (process.platform === 'win32') return;
    for (const [isFolder, mode] of modes) assert.equal(mode, isFolder ? '700' : '600');
  });

  it('take over what another window knows, and give no name twice', async () => {
    const store = storeOf(new FakeSecrets());
    await store.keep(newKey('ci', 1));
    const theirs = newRecord('ci', 2);
    await store.mirror([theirs]);
    await store.mirror([theirs]);
    assert.deepEqual(
      (await store.list()).map(({ name }) => name),
      ['ci', 'ci 2'],
    );
    await store.mirror([{ ...theirs, lastUsedAtMs: 5 }]);
    assert.equal((await store.list())[1]?.lastUsedAtMs, null, 'a little later is not worth it');
    await store.mirror([{ ...theirs, lastUsedAtMs: 50 }]);
    assert.equal((await store.list())[1]?.lastUsedAtMs, 50);
  });

  it('remember when they were used, and write that rarely', async () => {
    const secrets = new FakeSecrets();
    const store = storeOf(secrets);
    const record = newRecord('ci', 1);
    await store.keep(record);
    const { stores } = secrets;
    for (let atMs = 1; atMs <= 100; atMs++) store.used(record.digest, atMs);
    assert.equal(secrets.stores, stores);
    await sleep(100);
    assert.equal(secrets.stores, stores + 1);
    assert.equal((await store.list())[0]?.lastUsedAtMs, 100);
  });

  it('tell of changes in the store, and of no others', async () => {
    const secrets = new FakeSecrets();
    const store = storeOf(secrets);
    let told = 0;
    store.onDidChange(() => (told += 1));
    await secrets.store('another.secret', 'x');
    assert.equal(told, 0);
    await storeOf(secrets).keep(newKey('ci', 1));
    assert.equal(told, 1);
  });

  it('are no more than a gateway takes', async () => {
    const store = storeOf(new FakeSecrets());
    const many = Array.from({ length: 99 }, (_, index) => newRecord(`client ${index}`));
    await store.mirror(many);
    await store.keep(newRecord('the last'));
    assert.match((await rejectionOf(store.keep(newRecord('beyond')))).message, /100 client keys/);
    await store.mirror([newRecord('made elsewhere')]);
    assert.equal((await store.list()).length, 100);
  });

  it('have names of 64 characters at most', () => {
    for (const long of ['x'.repeat(64), `${'x'.repeat(57)}${'😀'.repeat(7)}`]) {
      const free = freeName(long, [{ name: long }]);
      assert.notEqual(free, long);
      assert.ok(isClientName(free), free);
    }
    assert.equal(freeName('a', [{ name: 'a' }, { name: 'a 2' }]), 'a 3');
  });
});
