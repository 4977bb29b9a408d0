/**
 * The secret by which the windows of one user know each other. A file in a folder of the user's own,
 * and not VS Code's SecretStorage: each browser of one server, and each editor made from VS Code,
 * has another of those.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { chmod, link, lstat, mkdir, open, rename, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

const FILE_NAME = 'windows.key';
const FOLDER_NAME = 'lingma-gateway';
/** 32 bytes in base64url. */
const KEY = /^[\w-]{43}$/;
/** Rounds of finding, making and replacing; more than two windows at once are needed for a third. */
const ROUNDS = 10;

/** What decides about places and owners; the tests have machines of their own. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** User id of this process; undefined where there are none. */
  readonly uid: number | undefined;
}

/** The folder that all windows of one user share, whichever editor they are of. */
export function windowsFolder({ platform, env, home }: Omit<Machine, 'uid'>): string {
  // A folder named by a relative path would be another one for each program (XDG says the same).
  const named = (value: string | undefined): string | undefined =>
    value !== undefined && path.isAbsolute(value) ? value : undefined;
  switch (platform) {
    case 'win32':
      return path.join(
        named(env['LOCALAPPDATA']) ?? path.join(home, 'AppData', 'Local'),
        FOLDER_NAME,
      );
    case 'darwin':
      return path.join(home, 'Library', 'Application Support', FOLDER_NAME);
    default:
      return path.join(
        named(env['XDG_STATE_HOME']) ?? path.join(home, '.local', 'state'),
        FOLDER_NAME,
      );
  }
}

/**
 * The key of all windows, made on first use. Windows that ask at the same time get the same one.
 * Rejects when folder or file belong to somebody else, are open to others, or cannot be made: then
 * nobody can tell whose gateway answers.
 */
export async function readWindowKey(folder: string, uid: number | undefined): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  assertOwn(folder, await lstat(folder), uid, 'folder');
  const file = path.join(folder, FILE_NAME);
  for (let round = 0; round < ROUNDS; round++) {
    const key = await readKey(file, uid);
    if (key === undefined) await offerKey(folder, file);
    else if (KEY.test(key)) return key;
    else await setAside(file, uid);
  }
  throw new Error(`${file} changes all the time. Delete it, then reload the window.`);
}

/**
 * The key that clients present, as every editor makes it that has none yet: each has a secret store
 * of its own, and a client that one of them has set up must not be refused when another one leads.
 * It does not give the windows' key away.
 *
 * @param rotation What the last rotation left behind; empty before the first.
 */
export function clientKeyOf(windowKey: string, rotation: string): string {
  const purpose = ['lingma-gateway client key', rotation].filter(Boolean).join(' ');
  return createHmac('sha256', windowKey).update(purpose).digest('base64url');
}

/**
 * What a file of the user's own holds, 64 bytes at most; undefined when there is none. Rejects when
 * it belongs to somebody else or is open to others.
 */
export async function readKey(file: string, uid: number | undefined): Promise<string | undefined> {
  const found = await missing(() =>
    // Neither through a link nor, for ever, at a pipe; Windows has neither flag, which is as 0 then.
    open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  );
  if (!found) return undefined;
  try {
    const stats = await found.stat();
    assertOwn(file, stats, uid, 'file');
    // A key is short; whatever else lies there is not worth reading.
    const { bytesRead, buffer } = await found.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await found.close();
  }
}

/**
 * Puts a new key in place unless there is one by then. Written aside and linked into place: nobody
 * ever sees half a key.
 */
async function offerKey(folder: string, file: string): Promise<void> {
  const own = path.join(folder, `.${FILE_NAME}.${randomBytes(8).toString('hex')}`);
  try {
    await writeFile(own, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 });
    // The umask may have taken even the owner's bits.
    await chmod(own, 0o600);
    await link(own, file).catch(unlessExists);
  } finally {
    // On a full disk it may be there without its content, or not at all.
    await rm(own, { force: true });
  }
}

/**
 * Takes what is no key out of the way. Another window may have done so first and put a good one
 * there since: that one is put back.
 */
async function setAside(file: string, uid: number | undefined): Promise<void> {
  const aside = path.join(path.dirname(file), `.${FILE_NAME}.${randomBytes(8).toString('hex')}`);
  const moved = await missing(async () => {
    await rename(file, aside);
    return true;
  });
  if (!moved) return;
  try {
    const key = await readKey(aside, uid);
    if (key !== undefined && KEY.test(key)) await link(aside, file).catch(unlessExists);
  } finally {
    await unlink(aside);
  }
}

function assertOwn(
  place: string,
  stats: Stats,
  uid: number | undefined,
  kind: 'file' | 'folder',
): void {
  const expected = kind === 'file' ? stats.isFile() : stats.isDirectory();
  if (!expected) throw new Error(`${place} is no ${kind}. Move it away, then reload the window.`);
  // Windows has access lists instead, and the folder there is the user's own.
  if (uid === undefined) return;
  if (stats.uid !== uid) {
    throw new Error(`${place} belongs to another user. Move it away, then reload the window.`);
  }
  if ((stats.mode & 0o077) !== 0) {
    const mode = kind === 'file' ? '600' : '700';
    throw new Error(`${place} is open to other users. Run "chmod ${mode} ${place}" and reload.`);
  }
}

/** What `action` gives, or undefined when the file it is about does not exist. */
async function missing<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function unlessExists(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
