import { randomBytes } from 'node:crypto';
import type { Disposable } from '../base/disposable';
import { Emitter } from '../base/emitter';
import { storageKeys } from './ids';

/** The part of `vscode.SecretStorage` the key needs. */
export interface SecretStore {
  get(key: string): PromiseLike<string | undefined>;
  store(key: string, value: string): PromiseLike<void>;
  onDidChange(listener: (event: { readonly key: string }) => void): Disposable;
}

/** The key on which the user's editors agree; undefined when they cannot. */
export type SharedKey = () => Promise<string | undefined>;

const noKey: SharedKey = () => Promise.resolve(undefined);

/**
 * The key clients present: 32 bytes, base64url, kept in SecretStorage and made on first use. All
 * windows share one key, those of other editors included.
 */
export class ApiKey implements Disposable {
  readonly #secrets: SecretStore;
  readonly #shared: SharedKey;
  readonly #changed = new Emitter<void>();
  readonly #subscription: Disposable;
  #reading: Promise<string> | undefined;

  constructor(secrets: SecretStore, shared: SharedKey = noKey) {
    this.#secrets = secrets;
    this.#shared = shared;
    this.#subscription = secrets.onDidChange(({ key }) => {
      if (key !== storageKeys.apiKey) return;
      this.#reading = undefined;
      this.#changed.fire();
    });
  }

  /** Fires after the stored key changed, in this window or another. */
  readonly onDidChange = this.#changed.event;

  /** The key. Rejects when the secret store does; the next call tries again. */
  async get(): Promise<string> {
    const reading = (this.#reading ??= this.#readOrCreate());
    try {
      return await reading;
    } catch (error) {
      if (this.#reading === reading) this.#reading = undefined;
      throw error;
    }
  }

  async #readOrCreate(): Promise<string> {
    const stored = await this.#secrets.get(storageKeys.apiKey);
    if (stored) return stored;
    const key = (await this.#shared()) ?? randomBytes(32).toString('base64url');
    await this.#secrets.store(storageKeys.apiKey, key);
    // Another window may have stored its own in the meantime: what the store says now is the key.
    const agreed = await this.#secrets.get(storageKeys.apiKey);
    if (!agreed) throw new Error('The secret store did not keep the API key.');
    return agreed;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
