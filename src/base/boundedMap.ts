/**
 * A map that forgets old entries: for what explains or speeds up, never for what must be known. It
 * keeps two generations, because finding the oldest entry of a Map gets slow once many were deleted.
 */
export class BoundedMap<K, V> {
  #perGeneration: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** @param max Entries kept at most; at least half as many are, the newest ones. */
  constructor(max: number) {
    this.#perGeneration = Math.ceil(max / 2);
  }

  /** Keeps at most `max` entries from now on; when there are more, the oldest go. */
  setMax(max: number): void {
    this.#perGeneration = Math.ceil(max / 2);
    if (this.#young.size < this.#perGeneration) {
      this.#old = this.#newest(this.#old);
    } else {
      this.#old = this.#newest(this.#young);
      this.#young = new Map();
    }
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

  #newest(generation: Map<K, V>): Map<K, V> {
    if (generation.size <= this.#perGeneration) return generation;
    return new Map([...generation].slice(generation.size - this.#perGeneration));
  }
}
