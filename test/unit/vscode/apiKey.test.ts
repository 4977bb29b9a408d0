import assert from 'node:assert/strict';
import { toDisposable } from '../../../src/base/disposable';
import { ApiKey, type SecretStore } from '../../../src/vscode/apiKey';
import { storageKeys } from '../../../src/vscode/ids';

class FakeSecrets implements SecretStore {
  readonly values = new Map<string, string>();
  readonly #listeners = new Set<(event: { key: string }) => void>();
  stores = 0;
  failing = false;

  async get(key: string): Promise<string | undefined> {
    await Promise.resolve();
    if (this.failing) throw new Error('locked');
    return this.values.get(key);
  }

  async store(key: string, value: string): Promise<void> {
    await Promise.resolve();
    this.stores += 1;
    this.values.set(key, value);
    for (const listener of this.#listeners) listener({ key });
  }

  onDidChange(listener: (event: { key: string }) => void) {
    this.#listeners.add(listener);
    return toDisposable(() => this.#listeners.delete(listener));
  }
}

describe('the API key', () => {
  it('is 32 random bytes, made on first use and kept', async () => {
    const secrets = new FakeSecrets();
    const key = await new ApiKey(secrets).get();
    assert.match(key, /^[\w-]{43}$/);
    assert.equal(Buffer.from(key, 'base64url').length, 32);
    assert.equal(await new ApiKey(secrets).get(), key);
    assert.equal(secrets.stores, 1);
  });

  it('is the one on which the editors agree, where there is one', async () => {
    const shared = () => Promise.resolve('the shared key');
    const [here, elsewhere] = [new FakeSecrets(), new FakeSecrets()];
    assert.equal(await new ApiKey(here, shared).get(), 'the shared key');
    assert.equal(await new ApiKey(elsewhere, shared).get(), 'the shared key');
    const own = new FakeSecrets();
    own.values.set(storageKeys.apiKey, 'mine');
    assert.equal(await new ApiKey(own, shared).get(), 'mine', 'one that clients know stays');
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
