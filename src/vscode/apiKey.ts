import { randomBytes } from 'node:crypto';
import type { Disposable } from '../base/disposable';
import { Emitter } from '../base/emitter';
import { storageKeys } from './ids';
import type { SharedKeys } from './keys/sharedKeys';

/** The part of `vscode.SecretStorage` the key needs. */
export interface SecretStore {
  get(key: string): PromiseLike<string | undefined>;
  store(key: string, value: string): PromiseLike<void>;
  onDidChange(listener: (event: { readonly key: string }) => void): Disposable;
}

/** What the user's editors agree on; undefined when they cannot. */
export type KeyAgreement = () => Promise<Pick<SharedKeys, 'ownKey' | 'rotate'> | undefined>;

const noAgreement: KeyAgreement = () => Promise.resolve(undefined);

/**
 * The key clients present: 32 bytes, base64url, kept in SecretStorage and made on first use. All
 * windows share one key, those of other editors included. One that was there before the editors had
 * anything to agree on stays, until it is rotated: then each of them goes over to the new one.
 */
export class ApiKey implements Disposable {
  readonly #secrets: SecretStore;
  readonly #shared: KeyAgreement;
  readonly #changed = new Emitter<void>();
  readonly #subscription: Disposable;
  #reading: Promise<string> | undefined;

  constructor(secrets: SecretStore, shared: KeyAgreement = noAgreement) {
    this.#secrets = secrets;
    this.#shared = shared;
    this.#subscription = secrets.onDidChange(({ key }) => {
      if (key === storageKeys.apiKey) this.#changed.fire();
    });
  }

  /** Fires after the stored key changed, in this window or another. */
  readonly onDidChange = this.#changed.event;

  /** The key. Rejects when the secret store does; the next call tries again. */
  async get(): Promise<string> {
    // Another editor may have rotated it since, so it is looked up each time.
    const reading = (this.#reading ??= this.#readOrCreate());
    try {
      return await reading;
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  /**
   * Replaces the key by a new one, on which all editors agree, and gives it. A gateway that runs has
   * the old one until it restarts.
   */
  async rotate(): Promise<string> {
    const agreed = await (await this.#shared())?.rotate();
    const key = agreed?.key ?? newKey();
    await this.#keep(key, agreed?.rotation ?? '');
    return key;
  }

  async #readOrCreate(): Promise<string> {
    const stored = await this.#secrets.get(storageKeys.apiKey);
    const rotation = (await this.#secrets.get(storageKeys.apiKeyRotation)) ?? '';
    const shared = await this.#shared();
    let agreed = await shared?.ownKey();
    // The mark of an earlier rotation has been deleted: the key before it must not come back.
    if (agreed?.rotation === '' && rotation !== '') agreed = await shared?.rotate();
    if (stored && (!agreed || agreed.rotation === rotation)) return stored;
    await this.#keep(agreed?.key ?? newKey(), agreed?.rotation ?? '');
    // Another window may have stored its own in the meantime: what the store says now is the key.
    const now = await this.#secrets.get(storageKeys.apiKey);
    if (!now) throw new Error('The secret store did not keep the API key.');
    return now;
  }

  /** The key first: whoever sees the old mark beside it comes to the same key again. */
  async #keep(key: string, rotation: string): Promise<void> {
    await this.#secrets.store(storageKeys.apiKey, key);
    if (rotation !== '') await this.#secrets.store(storageKeys.apiKeyRotation, rotation);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}

function newKey(): string {
  return randomBytes(32).toString('base64url');
}
