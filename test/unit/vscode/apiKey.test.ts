import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ApiKey } from '../../../src/vscode/apiKey';
import { storageKeys } from '../../../src/vscode/ids';
import { SharedKeys } from '../../../src/vscode/keys/sharedKeys';
import { FakeSecrets } from '../../support/secrets';
import { useTempDirs } from '../../support/tempDir';

describe('the API key', () => {
  it('is 32 random bytes, made on first use and kept', async () => {
    const secrets = new FakeSecrets();
    const key = await new ApiKey(secrets).get();
    assert.match(key, /^[\w-]{43}$/);
    assert.equal(Buffer.from(key, 'base64url').length, 32);
    assert.equal(await new ApiKey(secrets).get(), key);
    assert.equal(secrets.stores, 1);
  });

  describe('of editors that share a folder', () => {
    const tempDir = useTempDirs();
    let folder: string;
    /** The editors of one user: one folder and secret, and a store for each. */
    const editors = (...stores: FakeSecrets[]): ApiKey[] => {
      folder = tempDir();
      const shared = new SharedKeys(folder, 'the secret of the windows', process.getuid?.());
      return stores.map((store) => new ApiKey(store, () => Promise.resolve(shared)));
    };

    it('is the one on which they agree, unless there is one that clients know', async () => {
      const own = new FakeSecrets();
      own.values.set(storageKeys.apiKey, 'mine');
      const keys = editors(new FakeSecrets(), new FakeSecrets(), own);
      const [here, elsewhere, known] = await Promise.all(keys.map((key) => key.get()));
      assert.match(here ?? '', /^[\w-]{43}$/);
      assert.equal(elsewhere, here);
      assert.equal(known, 'mine');
    });

    it('is another one for all of them once one has rotated it', async () => {
      const stores = [new FakeSecrets(), new FakeSecrets()] as const;
      stores[1].values.set(storageKeys.apiKey, 'mine');
      const [here, elsewhere] = editors(...stores);
      assert.ok(here && elsewhere);
      const before = await here.get();
      assert.equal(await elsewhere.get(), 'mine');
      const after = await here.rotate();
      assert.notEqual(after, before);
      assert.equal(await here.get(), after);
      assert.equal(await elsewhere.get(), after, 'an editor that was not told');
      assert.notEqual(await elsewhere.rotate(), after);
      assert.equal(await here.get(), await elsewhere.get());
      assert.equal(stores[0].values.get(storageKeys.apiKey), await here.get());
    });

    it('never goes back to one that was rotated away', async () => {
      const [here, elsewhere] = editors(new FakeSecrets(), new FakeSecrets());
      assert.ok(here && elsewhere);
      const rotated = [await here.get(), await here.rotate()];
      for (const mark of ['', 'half a ma', undefined]) {
        if (mark === undefined) rmSync(path.join(folder, 'rotation'));
        else writeFileSync(path.join(folder, 'rotation'), mark);
        const now = await here.get();
        assert.ok(!rotated.includes(now), `"${mark ?? 'none'}"`);
        assert.equal(await elsewhere.get(), now);
        rotated.push(now);
      }
    });

    it('comes to rest when the mark of a rotation is deleted', async () => {
      const secrets = new FakeSecrets();
      const [apiKey] = editors(secrets);
      assert.ok(apiKey);
      await apiKey.rotate();
      rmSync(path.join(folder, 'rotation'));
      const key = await apiKey.get();
      // Each write is told to all windows, which then read the key again.
      const { stores } = secrets;
      assert.equal(await apiKey.get(), key);
      assert.equal(secrets.stores, stores);
    });
  });

  it('is another one after a rotation where editors share nothing', async () => {
    const secrets = new FakeSecrets();
    const apiKey = new ApiKey(secrets);
    const before = await apiKey.get();
    const after = await apiKey.rotate();
    assert.notEqual(after, before);
    assert.equal(await new ApiKey(secrets).get(), after);
  });

  it('is not made before it is asked for', () => {
    const secrets = new FakeSecrets();
    new ApiKey(secrets);
    assert.equal(secrets.stores, 0);
  });

  it('is one key, however many ask at once', async () => {
    const secrets = new FakeSecrets();
    const apiKey = new ApiKey(secrets);
    const keys = await Promise.all([apiKey.get(), apiKey.get(), apiKey.get()]);
    assert.equal(new Set(keys).size, 1);
    assert.equal(secrets.stores, 1);
  });

  it('is the one of the store when two windows make one at once', async () => {
    const secrets = new FakeSecrets();
    const windows = [new ApiKey(secrets), new ApiKey(secrets)];
    await Promise.all(windows.map((window) => window.get()));
    const [first, second] = await Promise.all(windows.map((window) => window.get()));
    assert.equal(first, second);
    assert.equal(first, secrets.values.get(storageKeys.apiKey));
  });

  it('follows the store, and tells', async () => {
    const secrets = new FakeSecrets();
    const apiKey = new ApiKey(secrets);
    await apiKey.get();
    let told = 0;
    apiKey.onDidChange(() => (told += 1));
    await secrets.store('another.secret', 'x');
    assert.equal(told, 0);
    await secrets.store(storageKeys.apiKey, 'rotated');
    assert.equal(told, 1);
    assert.equal(await apiKey.get(), 'rotated');
  });

  it('can be had after the store has failed once', async () => {
    const secrets = new FakeSecrets();
    const apiKey = new ApiKey(secrets);
    secrets.failing = true;
    await assert.rejects(apiKey.get(), /locked/);
    secrets.failing = false;
    assert.match(await apiKey.get(), /^[\w-]{43}$/);
  });
});
