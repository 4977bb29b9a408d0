/**
 * The clients of a gateway while it runs: who may call, what each has used, and what happens when
 * one is let in or shut out. Neither restarts anything. A key that is revoked opens nothing from
 * that moment on, and what it had goes with it: its running requests end, its sessions and stored
 * responses are forgotten.
 */
import type { Clock } from '../base/clock';
import { GatewayError, invalidRequest } from '../base/errors';
import type { RequestContext } from '../http/context';
import {
  assertNewName,
  type ClientIdentity,
  digestOfKey,
  isName,
  KeyRing,
  MAX_NAME_LENGTH,
  type NamedKey,
  newClientKey,
  OWNER,
} from '../http/keyRing';
import { type ClientUsage, type CountedTurn, KeyStatistics } from './keyStatistics';

export { assertRoom, isKeyDigest, MAX_CLIENT_KEYS } from '../http/keyRing';

/** A client's key as it is kept: whoever reads this learns no key. */
export interface KeyRecord {
  readonly name: string;
  /** SHA-256 of the key, in hex. */
  readonly digest: string;
  /** Milliseconds since 1970; null where the key was given at the start of the gateway. */
  readonly createdAtMs: number | null;
  /** Likewise; null when it has not been used, as far as is known. */
  readonly lastUsedAtMs: number | null;
}

/** A key that a gateway begins with. */
export type GivenKey = NamedKey & { readonly createdAtMs?: number | null };

/** A client's key, and what it has been used for since the gateway began. */
export interface ClientKeyInfo extends KeyRecord {
  readonly usage: ClientUsage;
}

/** A new key; it is known here and now, and to nobody later. */
export interface CreatedKey extends KeyRecord {
  readonly key: string;
}

/** A key that nobody has yet. */
export function newKey(name: string, createdAtMs: number): CreatedKey {
  const key = newClientKey();
  return { name, digest: digestOfKey(key), createdAtMs, lastUsedAtMs: null, key };
}

/** Whether a client may be named so: as the key ring takes it, and not as the owner. */
export function isClientName(name: string): boolean {
  return isName(name) && name !== OWNER;
}

/** Throws `invalid_request` for what is no name of a client, and for one that another of them has. */
export function assertClientName(name: string, others: readonly { readonly name: string }[]): void {
  assertNewName(name, [{ name: OWNER }, ...others]);
}

/** The name, or one like it that none of them has: two windows may have made keys for one name. */
export function freeName(name: string, taken: readonly { readonly name: string }[]): string {
  const names = new Set(taken.map((client) => client.name));
  // By characters: half of one would be no name. Room is left for a number of five digits.
  const stem = Array.from(name)
    .slice(0, MAX_NAME_LENGTH - 6)
    .join('')
    .trimEnd();
  let free = name;
  for (let number = 2; names.has(free); number++) free = `${stem} ${number}`;
  return free;
}

/** Where keys live longer than the gateway. */
export interface KeyKeeper {
  /** Rejects for a key that was revoked in another window. */
  keep(record: KeyRecord): Promise<void>;
  forget(record: KeyRecord): Promise<void>;
  /** A key has opened something; said often, so it is for the keeper to write it down rarely. */
  used(digest: string, atMs: number): void;
}

export interface ClientKeysOptions {
  readonly ownerKey: string;
  readonly clientKeys: readonly GivenKey[];
  /** Another key of the owner. */
  readonly ownerAlias?: string | undefined;
  /** Absent where keys end with the gateway. */
  readonly keeper?: KeyKeeper | undefined;
  readonly clock: Clock;
  /** Forgets what the gateway holds for that client. */
  readonly onRevoked: (client: ClientIdentity) => void;
}

export class ClientKeys {
  readonly ring: KeyRing;
  readonly #options: ClientKeysOptions;
  readonly #statistics: KeyStatistics;
  readonly #createdAtMs = new Map<string, number | null>();
  readonly #running = new Set<{ readonly scope: string; readonly context: RequestContext }>();
  /** Scopes that were revoked: a list of keys that was read before must not let them in again … */
  readonly #revoked = new Set<string>();
  /** … nor shut out those that came since, which no list has named yet. */
  readonly #unlisted = new Set<string>();

  /** Throws as the constructor of `KeyRing` does. */
  constructor(options: ClientKeysOptions) {
    this.#options = options;
    this.ring = new KeyRing(options.ownerKey, [], options.ownerAlias);
    this.#statistics = new KeyStatistics(options.clock);
    this.#statistics.add(OWNER);
    for (const named of options.clientKeys) this.#letIn(named);
  }

  /** Does the work of a request that a client's key has opened; a revocation aborts it. */
  async during(
    client: ClientIdentity,
    context: RequestContext,
    work: () => Promise<void> | void,
  ): Promise<void> {
    this.used(client);
    const running = { scope: client.scope, context };
    this.#running.add(running);
    try {
      await work();
    } finally {
      this.#running.delete(running);
    }
  }

  /** Notes that a client's key has opened something. */
  used({ name, scope }: ClientIdentity): void {
    const atMs = this.#statistics.used(name);
    if (name !== OWNER) this.#options.keeper?.used(scope, atMs);
  }

  /** Counts a turn that is over. */
  count(turn: CountedTurn): void {
    this.#statistics.count(turn);
  }

  /** What everybody has used, the owner first. */
  usage(): ClientUsage[] {
    return this.#statistics.list();
  }

  /** What one client has used. */
  usageOf({ name }: ClientIdentity): ClientUsage | undefined {
    return this.#statistics.of(name);
  }

  /** The clients besides the owner. */
  list(): ClientKeyInfo[] {
    return this.ring.clients().flatMap((client) => {
      const usage = this.#statistics.of(client.name);
      return usage ? [{ ...this.#recordOf(client), usage }] : [];
    });
  }

  /** Makes a key for a client. Throws `invalid_request` for a name that cannot be used. */
  async create(name: string): Promise<CreatedKey> {
    const { key, ...record } = newKey(name, this.#options.clock.epochMs());
    await this.admit(record);
    return { ...record, key };
  }

  /**
   * Lets a client in whose key was made elsewhere; does nothing when it is in. Throws
   * `invalid_request` for a key that was revoked, and as `create` does.
   */
  async admit(record: KeyRecord): Promise<void> {
    if (this.ring.clients().some(({ scope }) => scope === record.digest)) return;
    if (this.#revoked.has(record.digest)) throw revokedBefore(record.name);
    const client = this.#letIn(record);
    this.#unlisted.add(record.digest);
    try {
      await this.#options.keeper?.keep(record);
    } catch (error) {
      this.#shutOut(client);
      throw error;
    }
    if (!this.#revoked.has(record.digest)) return;
    // Revoked while it was being written down: the keeper may have been told in either order.
    await this.#options.keeper?.forget(record);
    throw revokedBefore(record.name);
  }

  /** Throws `not_found` when there is no client of that name. */
  async revoke(name: string): Promise<void> {
    if (name === OWNER) throw ownerStays();
    const client = this.ring.clients().find((candidate) => candidate.name === name);
    if (!client) throw clientNotFound();
    const record = this.#recordOf(client);
    this.#revoked.add(client.scope);
    this.#shutOut(client);
    await this.#options.keeper?.forget(record);
  }

  /**
   * Lets these clients in and no others, but for those that came after the list was made. One of
   * another name than the list's keeps the name it came by.
   */
  replace(keys: readonly GivenKey[]): void {
    const wanted = new Map(
      keys.map((named) => ['key' in named ? digestOfKey(named.key) : named.digest, named]),
    );
    for (const client of this.ring.clients()) {
      if (wanted.delete(client.scope)) this.#unlisted.delete(client.scope);
      else if (!this.#unlisted.has(client.scope)) this.#shutOut(client);
    }
    for (const [digest, named] of wanted) {
      if (this.#revoked.has(digest)) continue;
      // One that is on no list yet may have taken the name meanwhile.
      this.#letIn({ ...named, name: freeName(named.name, this.ring.clients()) });
    }
  }

  #letIn(given: GivenKey): ClientIdentity {
    const client = this.ring.add(given);
    this.#statistics.add(client.name);
    this.#createdAtMs.set(client.scope, given.createdAtMs ?? null);
    return client;
  }

  #shutOut(client: ClientIdentity): void {
    // One that is out already may have left its name to another.
    if (!this.ring.clients().includes(client)) return;
    this.ring.remove(client.name);
    this.#unlisted.delete(client.scope);
    this.#statistics.remove(client.name);
    this.#createdAtMs.delete(client.scope);
    for (const { scope, context } of this.#running) {
      if (scope === client.scope) context.abort(keyRevoked());
    }
    this.#options.onRevoked(client);
  }

  #recordOf({ name, scope }: ClientIdentity): KeyRecord {
    return {
      name,
      digest: scope,
      createdAtMs: this.#createdAtMs.get(scope) ?? null,
      lastUsedAtMs: this.#statistics.of(name)?.lastUsedAtMs ?? null,
    };
  }
}

/** What a request ends with whose key is revoked while it runs. */
function keyRevoked(): GatewayError {
  return new GatewayError({
    code: 'invalid_api_key',
    status: 401,
    message: 'The API key of this request has been revoked. Ask the owner of the gateway for one.',
  });
}

function revokedBefore(name: string): GatewayError {
  return invalidRequest('digest', `The key of "${name}" has been revoked. Make a new one.`);
}

function ownerStays(): GatewayError {
  return invalidRequest(
    'name',
    `"${OWNER}" is the gateway's own key, which cannot be revoked. In VS Code the command ` +
      '"Lingma Gateway: Rotate API Key" replaces it; the launcher takes another --api-key.',
  );
}

function clientNotFound(): GatewayError {
  return new GatewayError({
    code: 'not_found',
    status: 404,
    message: 'There is no client of that name. GET /internal/keys lists those there are.',
  });
}
