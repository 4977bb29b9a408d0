/**
 * The folder a gateway keeps its instances' work folders in. They hold Lingma's own sign-in and
 * databases, so they are private to the user and belong to one gateway at a time: two processes in
 * one work folder would fight over both (protocol §1.1).
 */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GatewayError } from '../base/errors';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const LOCK_NAME = 'gateway.lock';
/** More gateways of one user than this point to a mistake, not to a need. */
const MAX_SIBLINGS = 64;

export class WorkDir {
  readonly path: string;
  #released = false;

  private constructor(folder: string) {
    this.path = folder;
  }

  /**
   * Claims `folder`, or with `next` the first free of `folder`, `folder-2`, `folder-3`, …
   * Throws `work_dir_in_use` when a living gateway holds it.
   */
  static claim(folder: string, conflict: 'fail' | 'next'): WorkDir {
    const first = path.resolve(folder);
    for (let number = 1; number <= MAX_SIBLINGS; number++) {
      const candidate = number === 1 ? first : `${first}-${number}`;
      const holder = lock(candidate);
      if (holder === undefined) return new WorkDir(candidate);
      if (conflict === 'fail') throw workDirInUse(candidate, holder);
    }
    throw workDirInUse(first, undefined);
  }

  /** The work folder of one instance, created when it is missing. */
  instanceFolder(instanceId: string): string {
    return makePrivate(path.join(this.path, instanceId));
  }

  /** Gives the folder back; only the first call counts. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    rmSync(path.join(this.path, LOCK_NAME), { force: true });
  }
}

/** Creates a folder that only its owner may enter. */
export function makePrivate(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
  return folder;
}

/** Takes the lock; returns the process id of the living holder when there is one. */
function lock(folder: string): number | undefined {
  makePrivate(folder);
  const file = path.join(folder, LOCK_NAME);
  // Written aside and linked into place: nobody ever sees a lock without its holder.
  const own = path.join(folder, `${LOCK_NAME}.${process.pid}`);
  writeFileSync(own, String(process.pid), { mode: PRIVATE_FILE });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(own, file);
        return undefined;
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
      }
      const holder = readHolder(file);
      if (holder !== undefined && isAlive(holder)) return holder;
      // Left behind by a gateway that was killed.
      rmSync(file, { force: true });
    }
    return readHolder(file) ?? 0;
  } finally {
    rmSync(own, { force: true });
  }
}

function readHolder(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    return hasCode(error, 'EPERM');
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function workDirInUse(folder: string, pid: number | undefined): GatewayError {
  const holder = pid === undefined ? 'other gateways' : `another gateway (process ${pid})`;
  return new GatewayError({
    code: 'work_dir_in_use',
    status: 503,
    message: `${folder} is in use by ${holder}. Stop it, or choose another work folder (--work-dir).`,
  });
}
