/**
 * The keys that open the gateway, each under the name of the client it was given to. Only their
 * SHA-256 digests are kept: nothing that is logged, dumped or shown can give a key away.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { type GatewayError, invalidRequest } from '../base/errors';

/** The name of the gateway's own key, which alone opens what tells of the gateway as a whole. */
export const OWNER = 'owner';

const MAX_NAME_LENGTH = 64;
const NAME = new RegExp(`^[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}]{1,${MAX_NAME_LENGTH}}$`, 'u');

/** A key as it is handed in. */
export interface NamedKey {
  readonly name: string;
  readonly key: string;
}

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

export class KeyRing {
  readonly #entries: Entry[] = [];
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
    for (const named of clientKeys) this.#add(named);
    if (ownerAlias !== undefined) {
      this.#entries.push({ identity: this.owner, digest: digestOf(ownerAlias) });
    }
  }

  /** Whose key it is. Every key is compared in constant time, whether one has matched or not. */
  identify(candidate: string): ClientIdentity | undefined {
    const digest = digestOf(candidate);
    let found: ClientIdentity | undefined;
    for (const entry of this.#entries) {
      if (timingSafeEqual(digest, entry.digest)) found = entry.identity;
    }
    return found;
  }

  #add({ name, key }: NamedKey): ClientIdentity {
    if (!isName(name)) throw badName();
    if (key === '') throw invalidRequest(undefined, `The key of "${name}" is empty.`);
    if (this.#entries.some(({ identity }) => identity.name === name)) throw nameTaken(name);
    const other = this.identify(key);
    if (other) throw keyTaken(name, other.name);
    const digest = digestOf(key);
    const identity = { name, scope: digest.toString('hex') };
    this.#entries.push({ identity, digest });
    return identity;
  }
}

/** Digests have one length, so comparing them tells nothing about the key's. */
function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** Names stand in log lines, so nothing in them may begin another line. */
function isName(name: string): boolean {
  return name === name.trim() && NAME.test(name);
}

/** The name stays out of the message: whoever swaps the two has put a key in its place. */
function badName(): GatewayError {
  return invalidRequest(
    undefined,
    `A client's name takes 1 to ${MAX_NAME_LENGTH} characters, without control characters and ` +
      'without white space at either end.',
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
