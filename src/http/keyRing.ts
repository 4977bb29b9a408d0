/**
 * The keys that open the gateway, each under the name of the client it was given to. Only their
 * SHA-256 digests are kept: nothing that is logged, dumped or shown can give a key away. A slow hash
 * would add nothing: it guards what people make up, and keys made here are 256 random bits, which
 * nobody finds by trying however fast one try is.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type GatewayError, invalidRequest } from '../base/errors';

/** The name of the gateway's own key, which alone opens what tells of the gateway as a whole. */
export const OWNER = 'owner';

/** In characters. */
export const MAX_NAME_LENGTH = 64;
const NAME = new RegExp(`^[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}]{1,${MAX_NAME_LENGTH}}$`, 'u');

/** Keys there may be besides the owner's: each is compared with every request, and shown. */
export const MAX_CLIENT_KEYS = 100;

const DIGEST = /^[0-9a-f]{64}$/;

/** A client's key as it is handed in: itself, or the SHA-256 of it in lower-case hex. */
export type NamedKey =
  | { readonly name: string; readonly key: string }
  | { readonly name: string; readonly digest: string };

/** Who calls. */
export interface ClientIdentity {
  /** Names the client in the log. */
  readonly name: string;
  /** SHA-256 of the key, in hex: sessions are shared within one scope, never between two. */
  readonly scope: string;
}

interface Entry {
  readonly identity: ClientIdentity;
  readonly digest: Buffer;
}

/**
 * A new key of 256 random bits. It begins as those of known services do, so that clients which look
 * at the form take it, and what takes secrets out of texts knows it by its looks.
 */
export function newClientKey(): string {
  return `sk-lingma-${randomBytes(32).toString('base64url')}`;
}

/** SHA-256 of a key in hex, which is also the scope of its sessions. */
export function digestOfKey(key: string): string {
  return digestOf(key).toString('hex');
}

/** Whether the text may be what `digestOfKey` gives. */
export function isKeyDigest(text: string): boolean {
  return DIGEST.test(text);
}

export class KeyRing {
  #entries: Entry[] = [];
  /** The gateway's own. */
  readonly owner: ClientIdentity;

  /**
   * Throws `invalid_request` for a name that is no 1 to 64 printable characters, a name or a key
   * that is there twice, and an empty key. No message holds a key.
   *
   * @param ownerKey Goes by the name of `owner`.
   * @param ownerAlias Another key of the same caller: it opens what the owner's does, and their
   *   sessions are one and the same.
   */
  constructor(ownerKey: string, clientKeys: readonly NamedKey[] = [], ownerAlias?: string) {
    this.owner = this.#add({ name: OWNER, key: ownerKey });
    for (const named of clientKeys) this.add(named);
    if (ownerAlias !== undefined) {
      this.#entries.push({ identity: this.owner, digest: digestOf(ownerAlias) });
    }
  }

  /** Every client but the owner, in the order in which they came. */
  clients(): ClientIdentity[] {
    return this.#entries.flatMap(({ identity }) => (identity === this.owner ? [] : [identity]));
  }

  /** Lets another client in; throws as the constructor does. */
  add(client: NamedKey): ClientIdentity {
    assertRoom(this.clients());
    return this.#add(client);
  }

  /** Lets a client in no more; undefined when there is none of that name. The owner stays. */
  remove(name: string): ClientIdentity | undefined {
    const identity = this.clients().find((client) => client.name === name);
    this.#entries = this.#entries.filter((entry) => entry.identity !== identity);
    return identity;
  }

  /** Whose key it is. Every key is compared in constant time, whether one has matched or not. */
  identify(candidate: string): ClientIdentity | undefined {
    return this.#find(digestOf(candidate));
  }

  #add(named: NamedKey): ClientIdentity {
    const { name } = named;
    assertNewName(
      name,
      this.#entries.map(({ identity }) => identity),
    );
    if ('key' in named && named.key === '') {
      throw invalidRequest(undefined, `The key of "${name}" is empty.`);
    }
    if ('digest' in named && !isKeyDigest(named.digest)) throw badDigest(name);
    const digest = 'key' in named ? digestOf(named.key) : Buffer.from(named.digest, 'hex');
    const other = this.#find(digest);
    if (other) throw keyTaken(name, other.name);
    const identity = { name, scope: digest.toString('hex') };
    this.#entries.push({ identity, digest });
    return identity;
  }

  #find(digest: Buffer): ClientIdentity | undefined {
    let found: ClientIdentity | undefined;
    for (const entry of this.#entries) {
      if (timingSafeEqual(digest, entry.digest)) found = entry.identity;
    }
    return found;
  }
}

/** Digests have one length, so comparing them tells nothing about the key's. */
function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** Whether somebody may be named so. Names stand in log lines, so nothing in them begins a line. */
export function isName(name: string): boolean {
  return name === name.trim() && NAME.test(name);
}

/** Throws `invalid_request` for a name that cannot be used, and for one that another of them has. */
export function assertNewName(name: string, others: readonly { readonly name: string }[]): void {
  if (!isName(name)) throw badName();
  if (others.some((other) => other.name === name)) throw nameTaken(name);
}

/** The name stays out of the message: whoever swaps the two has put a key in its place. */
function badName(): GatewayError {
  return invalidRequest(
    undefined,
    `A client's name takes 1 to ${MAX_NAME_LENGTH} characters, without control characters and ` +
      'without white space at either end.',
  );
}

function badDigest(name: string): GatewayError {
  return invalidRequest(
    undefined,
    `The digest of the key of "${name}" takes 64 digits of SHA-256, in lower-case hex.`,
  );
}

/** Throws `invalid_request` where there are too many clients for another one. */
export function assertRoom(clients: readonly unknown[]): void {
  if (clients.length < MAX_CLIENT_KEYS) return;
  throw invalidRequest(
    undefined,
    `There are ${MAX_CLIENT_KEYS} client keys already. Revoke one that is no longer used first.`,
  );
}

function nameTaken(name: string): GatewayError {
  return invalidRequest(
    undefined,
    name === OWNER
      ? `The name "${OWNER}" is that of the gateway's own key. Choose another one for the client.`
      : `Two client keys are named "${name}". Give each a name of its own.`,
  );
}

function keyTaken(name: string, other: string): GatewayError {
  return invalidRequest(
    undefined,
    `"${other}" and "${name}" have the same key. Give each a key of its own.`,
  );
}
