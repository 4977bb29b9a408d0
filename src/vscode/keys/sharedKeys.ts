/**
 * What all editors of a user have to agree on about keys, in the folder of the windows' key. Each
 * editor has a secret store of its own, and what takes a right away must hold in those as well that
 * do not run at the moment: the mark of the last rotation, and the digests of revoked keys. Nothing
 * here opens anything.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { clientKeyOf, readKey } from '../windows/windowKey';

const ROTATION_FILE = 'rotation';
const REVOKED_FOLDER = 'revoked';
/** 16 bytes in base64url. */
const ROTATION = /^[\w-]{22}$/;

/** The gateway's own key, and the rotation that made it; empty before the first. */
export interface AgreedKey {
  readonly key: string;
  readonly rotation: string;
}

export class SharedKeys {
  readonly #folder: string;
  readonly #secret: string;
  readonly #uid: number | undefined;

  /**
   * @param folder Where the windows' key lies, already known to be the user's own.
   * @param secret The windows' key.
   * @param uid User id of this process; undefined where there are none.
   */
  constructor(folder: string, secret: string, uid: number | undefined) {
    this.#folder = folder;
    this.#secret = secret;
    this.#uid = uid;
  }

  /**
   * The key on which the editors agree. Rejects when others can write what it is made from. Where
   * the mark cannot be read, that is a new one: the key before the rotation must not come back.
   */
  async ownKey(): Promise<AgreedKey> {
    const found = await readKey(path.join(this.#folder, ROTATION_FILE), this.#uid);
    if (found !== undefined && !ROTATION.test(found)) return this.rotate();
    const rotation = found ?? '';
    return { key: clientKeyOf(this.#secret, rotation), rotation };
  }

  /** Has the editors agree on a new key. Of two at the same time the later one counts for all. */
  async rotate(): Promise<AgreedKey> {
    const aside = path.join(this.#folder, `.${ROTATION_FILE}.${randomBytes(8).toString('hex')}`);
    try {
      await writeFile(aside, randomBytes(16).toString('base64url'), { flag: 'wx', mode: 0o600 });
      // The umask may have taken even the owner's bits.
      await chmod(aside, 0o600);
      await rename(aside, path.join(this.#folder, ROTATION_FILE));
    } catch (error) {
      // On a full disk it may be there without its content, or not at all.
      await rm(aside, { force: true });
      throw error;
    }
    return this.ownKey();
  }

  /** Digests of the keys that were revoked. */
  async revoked(): Promise<ReadonlySet<string>> {
    try {
      return new Set(await readdir(path.join(this.#folder, REVOKED_FOLDER)));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Set();
      throw error;
    }
  }

  /** Revokes a key for good. A file for each, so that windows never overwrite one another's. */
  async revoke(digest: string): Promise<void> {
    const folder = path.join(this.#folder, REVOKED_FOLDER);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(path.join(folder, digest), '', { mode: 0o600 });
  }
}
