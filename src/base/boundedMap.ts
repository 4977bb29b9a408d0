/**
 * A map that forgets old entries: for what explains or speeds up, never for what must be known. It
 * keeps two generations, because finding the oldest entry of a Map gets slow once many were deleted.
 */
export class BoundedMap<K, V> {
  readonly #perGeneration: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** @param max Entries kept at most; at least half as many are, the newest ones. */
  constructor(max: number) {
    this.#perGeneration = Math.ceil(max / 2);
  }

  /** Entries kept, counting one twice that was set anew. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Stores a value as the newest; when there are too many, the older half goes. */
  set(key: K, value: V): void {
    if (this.#perGeneration === 0) return;
    this.#young.set(key, value);
    if (this.#young.size < this.#perGeneration) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
