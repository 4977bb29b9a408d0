/** VS Code's SecretStorage of one editor, without VS Code. */
import { toDisposable } from '../../src/base/disposable';
import type { SecretStore } from '../../src/vscode/apiKey';

export class FakeSecrets implements SecretStore {
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
