/** Reading and writing the configuration files of others, with the care that takes. */
import { createHash, randomBytes } from 'node:crypto';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** A file as it was found. */
export interface FoundFile {
  /** The file itself, where the path that was asked for is a symbolic link. */
  readonly path: string;
  /** Null when there is no such file. */
  readonly bytes: Buffer | null;
  /** Permission bits; undefined when there is no such file. */
  readonly mode: number | undefined;
}

/** How long a chain of links may be. */
const MAX_LINKS = 40;

/** Reads a file that need not be there. Rejects when it is there and cannot be read. */
export async function readFound(path: string): Promise<FoundFile> {
  const real = await follow(path);
  try {
    const [bytes, { mode }] = [await readFile(real), await stat(real)];
    return { path: real, bytes, mode: mode & 0o777 };
  } catch (error) {
    if (isMissing(error)) return { path: real, bytes: null, mode: undefined };
    throw error;
  }
}

/** The text of the bytes, a byte order mark included; undefined when they are no UTF-8. */
export function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What tells one content from another; that of a file that is not there is a word of its own. */
export function fingerprint(bytes: Buffer | null): string {
  return bytes === null ? 'none' : createHash('sha256').update(bytes).digest('hex');
}

/** The permission bits for a file that is written: those it has, and nobody else's if it holds a key. */
export function modeFor(holdsKey: boolean, present: number | undefined): number {
  if (!holdsKey) return present ?? 0o644;
  const own = (present ?? 0o600) & 0o600;
  return own === 0 ? 0o600 : own;
}

/**
 * Replaces the file in one step, so that nobody ever reads half of it, and makes the folders on the
 * way. Rejects, with nothing changed, when that is not possible.
 */
export async function writeWhole(
  path: string,
  bytes: Buffer | string,
  mode: number,
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const staging = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(staging, 'wx', mode);
    await handle.writeFile(bytes);
    // The mode that was asked for may have been narrowed by the user's mask.
    await handle.chmod(mode);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(staging, path);
  } catch (error) {
    await handle?.close();
    await rm(staging, { force: true });
    throw error;
  }
}

/** Where a path leads in the end, also when nothing is there yet. */
async function follow(path: string): Promise<string> {
  let current = resolve(path);
  for (let links = 0; links < MAX_LINKS; links++) {
    try {
      return await realpath(current);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    // Either there is nothing, or a link to nothing: then the file is made where it points to.
    const link = await lstat(current).catch(() => undefined);
    if (!link?.isSymbolicLink()) return current;
    current = resolve(dirname(current), await readlink(current));
  }
  return current;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
