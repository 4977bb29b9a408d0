/** Reading and writing the configuration files of others, with the care that takes. */
import { createHash, randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
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

/** Why a file is neither read nor written. */
export type FileObstacle = 'notAFile' | 'tooLarge' | 'readOnly';

const OBSTACLES: Readonly<Record<FileObstacle, string>> = {
  notAFile: 'It is no ordinary file.',
  tooLarge: 'It is too large for a configuration.',
  readOnly: 'It is read-only.',
};

/** A file that is left alone; `obstacle` says why, for those who say it in other languages. */
export class UnusableFile extends Error {
  readonly obstacle: FileObstacle;

  constructor(obstacle: FileObstacle) {
    super(OBSTACLES[obstacle]);
    this.obstacle = obstacle;
  }
}

/** The file is no longer the one that was to be replaced; nothing has been written. */
export class FileChanged extends Error {
  constructor() {
    super('The file has changed in the meantime.');
  }
}

/** How long a chain of links may be. */
const MAX_LINKS = 40;
/** Bytes beyond which a file is no configuration. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads a file that need not be there. Rejects when it is there and cannot be read, with
 * `UnusableFile` for a pipe (as which some keepers of secrets offer `.env`), a folder and the like.
 */
export async function readFound(path: string): Promise<FoundFile> {
  const real = await follow(path);
  try {
    const { mode } = await usable(real);
    return { path: real, bytes: await readFile(real), mode: mode & 0o777 };
  } catch (error) {
    if (isMissing(error)) return { path: real, bytes: null, mode: undefined };
    throw error;
  }
}

/** What is known of a file that can be read in one go. */
async function usable(path: string): Promise<Stats> {
  const stats = await stat(path);
  if (!stats.isFile()) throw new UnusableFile('notAFile');
  if (stats.size > MAX_BYTES) throw new UnusableFile('tooLarge');
  return stats;
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
 * way. Rejects, with nothing changed, when that is not possible: with `UnusableFile` for a file that
 * its owner has made read-only, though its folder would let it be replaced, and with `FileChanged`
 * when `replaces` is given and no longer the fingerprint of what is there.
 */
export async function writeWhole(
  path: string,
  bytes: Buffer | string,
  mode: number,
  { replaces }: { readonly replaces?: string } = {},
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
    // As late as can be: clients write their files themselves, at any time.
    const present = await readFound(path);
    if (present.mode !== undefined && (present.mode & 0o222) === 0) {
      throw new UnusableFile('readOnly');
    }
    if (replaces !== undefined && fingerprint(present.bytes) !== replaces) throw new FileChanged();
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
