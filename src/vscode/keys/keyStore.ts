/**
 * The clients' keys of this editor, in its SecretStorage: names, times and digests, never a key.
 * Revocations stand in the folder that all editors share as well, so that a key is revoked in each.
 */
import type { Disposable } from '../../base/disposable';
import { Emitter } from '../../base/emitter';
import { invalidRequest } from '../../base/errors';
import { isRecord } from '../../base/json';
import {
  assertRoom,
  freeName,
  type GivenKey,
  isClientName,
  isKeyDigest,
  type KeyKeeper,
  type KeyRecord,
  MAX_CLIENT_KEYS,
} from '../../gateway/clientKeys';
import type { Logger } from '../../observe/log';
import type { SecretStore } from '../apiKey';
import { storageKeys } from '../ids';
import type { SharedKeys } from './sharedKeys';

/** Least time between two writes that only bring times of use. */
const USE_EVERY_MS = 60_000;

export type Revocations = Pick<SharedKeys, 'revoked' | 'revoke'>;

export class KeyStore implements KeyKeeper, Disposable {
  readonly #secrets: SecretStore;
  readonly #shared: () => Promise<Revocations | undefined>;
  readonly #logger: Logger;
  readonly #useEveryMs: number;
  readonly #changed = new Emitter<void>();
  readonly #subscription: Disposable;
  /** One change after the other: each begins with what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();
  #used = new Map<string, number>();
  #writeUse: ReturnType<typeof setTimeout> | undefined;

  /** @param shared Undefined where the editors share nothing, so that each revokes for itself. */
  constructor(
    secrets: SecretStore,
    shared: () => Promise<Revocations | undefined>,
    logger: Logger,
    useEveryMs = USE_EVERY_MS,
  ) {
    this.#secrets = secrets;
    this.#shared = shared;
    this.#logger = logger;
    this.#useEveryMs = useEveryMs;
    this.#subscription = secrets.onDidChange(({ key }) => {
      if (key === storageKeys.clientKeys) this.#changed.fire();
    });
  }

  /** Fires after the stored keys changed, in this window or another of the same editor. */
  readonly onDidChange = this.#changed.event;

  /** The keys that are valid. Rejects when the secret store does. */
  async list(): Promise<KeyRecord[]> {
    const revoked = await this.revoked();
    const stored = parseRecords(await this.#secrets.get(storageKeys.clientKeys));
    return stored.filter(({ digest }) => !revoked.has(digest));
  }

  /** The same as options of a gateway; when a key was used is no part of them. */
  async given(): Promise<GivenKey[]> {
    const records = await this.list();
    return records.map(({ name, digest, createdAtMs }) => ({ name, digest, createdAtMs }));
  }

  /** Digests that no editor of the user's lets in any more. */
  async revoked(): Promise<ReadonlySet<string>> {
    return (await (await this.#shared())?.revoked()) ?? new Set();
  }

  /** Rejects with `invalid_request` for a key that was revoked, and when there are too many. */
  async keep(record: KeyRecord): Promise<void> {
    if ((await this.revoked()).has(record.digest)) throw revokedBefore(record.name);
    assertRoom((await this.list()).filter(({ digest }) => digest !== record.digest));
    await this.mirror([record]);
  }

  async forget({ digest }: Pick<KeyRecord, 'digest'>): Promise<void> {
    await (await this.#shared())?.revoke(digest);
    this.#used.delete(digest);
    await this.#edit((records) => records.filter((record) => record.digest !== digest));
  }

  /**
   * Takes over what another window knows: keys that are new here, and later times of use. No more
   * keys than a gateway takes, or the next one that this window runs would not start.
   */
  async mirror(theirs: readonly KeyRecord[]): Promise<void> {
    const revoked = await this.revoked();
    await this.#edit((records) => {
      const known = records.filter(({ digest }) => !revoked.has(digest));
      for (const { name, digest, createdAtMs, lastUsedAtMs } of theirs) {
        if (revoked.has(digest)) continue;
        const index = known.findIndex((record) => record.digest === digest);
        const own = known[index];
        if (!own) {
          if (known.length >= MAX_CLIENT_KEYS) continue;
          const free = freeName(name, known);
          known.push({ name: free, digest, createdAtMs, lastUsedAtMs });
        } else if ((lastUsedAtMs ?? 0) - (own.lastUsedAtMs ?? 0) >= this.#useEveryMs) {
          known[index] = { ...own, lastUsedAtMs };
        }
      }
      return known;
    });
  }

  used(digest: string, atMs: number): void {
    this.#used.set(digest, atMs);
    this.#writeUse ??= setTimeout(() => void this.#writeUses(), this.#useEveryMs);
  }

  dispose(): void {
    if (this.#writeUse) void this.#writeUses();
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async #writeUses(): Promise<void> {
    clearTimeout(this.#writeUse);
    this.#writeUse = undefined;
    const used = this.#used;
    this.#used = new Map();
    try {
      await this.#edit((records) =>
        records.map((record) => {
          const lastUsedAtMs = used.get(record.digest) ?? record.lastUsedAtMs;
          return lastUsedAtMs === record.lastUsedAtMs ? record : { ...record, lastUsedAtMs };
        }),
      );
    } catch (error) {
      this.#logger.log('debug', `the times of use were not kept: ${String(error)}`);
    }
  }

  #edit(change: (records: readonly KeyRecord[]) => readonly KeyRecord[]): Promise<void> {
    const edited = this.#last.then(async () => {
      const text = await this.#secrets.get(storageKeys.clientKeys);
      const after = JSON.stringify(change(parseRecords(text)));
      if (after !== (text ?? '[]')) await this.#secrets.store(storageKeys.clientKeys, after);
    });
    this.#last = edited.catch(() => undefined);
    return edited;
  }
}

/** What cannot be read is no key. */
function parseRecords(text: string | undefined): KeyRecord[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.flatMap((item: unknown) => recordOf(item) ?? []) : [];
  } catch {
    return [];
  }
}

function recordOf(value: unknown): KeyRecord | undefined {
  if (!isRecord(value)) return undefined;
  const { name, digest, createdAtMs, lastUsedAtMs } = value;
  if (typeof name !== 'string' || typeof digest !== 'string') return undefined;
  // A gateway does not start with what it could not let in.
  if (!isClientName(name) || !isKeyDigest(digest)) return undefined;
  const time = (at: unknown): number | null => (typeof at === 'number' ? at : null);
  return { name, digest, createdAtMs: time(createdAtMs), lastUsedAtMs: time(lastUsedAtMs) };
}

function revokedBefore(name: string): Error {
  return invalidRequest('digest', `The key of "${name}" has been revoked. Make a new one.`);
}
