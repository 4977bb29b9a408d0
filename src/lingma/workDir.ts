/**
 * The folder a gateway keeps its instances' work folders in. They hold Lingma's own sign-in and
 * databases, so they are private to the user and belong to one gateway at a time: two processes in
 * one work folder would fight over both (protocol §1.1).
 */
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../base/systemClock';
import { GatewayError, stopping } from '../base/errors';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const LOCK_NAME = 'gateway.lock';
/** More gateways of one user than this point to a mistake, not to a need. */
const MAX_SIBLINGS = 64;
/** How often a folder that is in use is looked at. */
const LOOK_EVERY_MS = 50;

export interface ClaimOptions {
  readonly conflict: 'fail' | 'next';
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

export class WorkDir {
  readonly path: string;
  /** Whether other users of the machine may look into it, or write there. */
  readonly open: boolean;
  #released = false;

  private constructor(folder: string) {
    this.path = folder;
    this.open = isOpen(folder);
  }

  /**
   * Claims `folder`, or with `next` the first free of `folder`, `folder-2`, `folder-3`, …
   * Throws `work_dir_in_use` when a living gateway holds it, `work_dir_unusable` when the system
   * does not let us keep anything there.
   *
   * @param mode Folders of our own are closed to other users; one that its user has named and made
   *   is theirs, and keeps its mode.
   */
  static claim(
    folder: string,
    conflict: 'fail' | 'next',
    mode: 'close' | 'keep' = conflict === 'next' ? 'close' : 'keep',
  ): WorkDir {
    const first = path.resolve(folder);
    for (let number = 1; number <= MAX_SIBLINGS; number++) {
      const candidate = number === 1 ? first : `${first}-${number}`;
      const holder = inUsable(candidate, () => {
        if (mode === 'close') makePrivate(candidate);
        else makeFolder(candidate);
        return lock(candidate);
      });
      if (holder === undefined) return new WorkDir(candidate);
      if (conflict === 'fail') throw workDirInUse(candidate, holder);
    }
    throw workDirInUse(first, undefined);
  }

  /**
   * Like `claim`, but gives the holder of `folder` itself so many milliseconds to let go of it
   * first. Rejects with `stopping` when `signal` aborts meanwhile.
   */
  static async claimSoon(
    folder: string,
    { conflict, patienceMs, signal }: ClaimOptions,
  ): Promise<WorkDir> {
    const deadline = systemClock.monotonicMs() + patienceMs;
    while (systemClock.monotonicMs() < deadline && !signal.aborted) {
      try {
        return WorkDir.claim(folder, 'fail', conflict === 'next' ? 'close' : 'keep');
      } catch (error) {
        if (!hasCode(error, 'work_dir_in_use')) throw error;
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) throw stopping();
    return WorkDir.claim(folder, conflict);
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

/**
 * Creates a folder of our own that only its owner may enter, or makes it one: it may come from a
 * copy, or out of a backup. Throws `work_dir_unusable` when it cannot be created.
 */
export function makePrivate(folder: string): string {
  makeFolder(folder);
  if (isOpen(folder)) {
    try {
      chmodSync(folder, PRIVATE_FOLDER);
    } catch {
      // A volume that belongs to somebody else, or knows no modes: `WorkDir.open` tells.
    }
  }
  return folder;
}

/** Creates a folder that only its owner may enter, and leaves one that is there as it is. */
function makeFolder(folder: string): void {
  inUsable(folder, () => mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER }));
}

/** Whether others than its owner have any right there; Windows has access lists instead. */
function isOpen(folder: string): boolean {
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0;
  return process.platform !== 'win32' && (mode & 0o077) !== 0;
}

/** Takes the lock; returns the process id of the living holder when there is one. */
function lock(folder: string): number | undefined {
  const file = path.join(folder, LOCK_NAME);
  // Written aside and linked into place: nobody ever sees a lock without its holder.
  const own = path.join(folder, `${LOCK_NAME}.${process.pid}`);
  try {
    writeFileSync(own, String(process.pid), { mode: PRIVATE_FILE });
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
      const robbed = steal(file);
      if (robbed !== undefined) return robbed;
    }
    return readHolder(file) ?? 0;
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Takes a stale lock out of the way. Another gateway may have done so first and put its own lock
 * there since we looked: that one is put back, and its holder returned.
 */
function steal(file: string): number | undefined {
  const stolen = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, stolen);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const holder = readHolder(stolen);
    if (holder === undefined || !isAlive(holder)) return undefined;
    linkSync(stolen, file);
    return holder;
  } catch (error) {
    // A third one was quicker still: it holds the folder.
    if (hasCode(error, 'EEXIST')) return readHolder(file) ?? 0;
    throw error;
  } finally {
    rmSync(stolen, { force: true });
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

/** Whether a process runs, be it somebody else's. */
export function isAlive(pid: number): boolean {
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

/** Runs `action`; whatever the system refuses in it speaks against the folder. */
function inUsable<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw workDirUnusable(folder, error);
    throw error;
  }
}

function workDirUnusable(folder: string, cause: Error): GatewayError {
  return new GatewayError({
    code: 'work_dir_unusable',
    status: 503,
    message:
      `${folder} cannot be used as a work folder: ${cause.message}. ` +
      'Make it a folder you can write to, or choose another one (--work-dir).',
    cause,
  });
}

function workDirInUse(folder: string, pid: number | undefined): GatewayError {
  const holder = pid === undefined ? 'other gateways' : `another gateway (process ${pid})`;
  return new GatewayError({
    code: 'work_dir_in_use',
    status: 503,
    message: `${folder} is in use by ${holder}. Stop it, or choose another work folder (--work-dir).`,
  });
}
