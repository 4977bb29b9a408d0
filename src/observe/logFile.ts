/**
 * A log that cannot grow without end and never stands in anybody's way: private to its owner, moved
 * aside when it is full, and given up for a while when the disk takes no more.
 */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Clock } from '../base/clock';
import type { Disposable } from '../base/disposable';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
/** How long a file that takes nothing is left alone. */
const RETRY_AFTER_MS = 5_000;
/** How long lines may go on into a file that somebody has moved away or deleted. */
const LOOK_AFTER_MS = 1_000;
/** A pipe that nobody reads fails at once in place of halting this process. (Windows has no such flag.) */
const APPEND =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  ((constants.O_NONBLOCK as number | undefined) ?? 0);

export interface LogFileOptions {
  readonly file: string;
  /** Bytes after which the file becomes `FILE.1`, which replaces the one before it. */
  readonly maxBytes: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Told once when lines begin to get lost, and once when they no longer do. */
  readonly onTrouble: (message: string) => void;
}

interface Target {
  readonly handle: number;
  /** Devices and pipes have no size to watch, and their permissions are not ours. */
  readonly regular: boolean;
  /** Which file it is, whatever its name. */
  readonly id: string;
  bytes: number;
}

export class LogFile implements Disposable {
  readonly #options: LogFileOptions;
  #target: Target | undefined;
  /** Set while the file takes nothing. */
  #failing: { readonly sinceMs: number; lost: number } | undefined;
  /** Half of a line is in a pipe or device, so that the next one needs a beginning. */
  #torn = false;
  #lookedAtMs: number;

  /** Opens the file, and makes its folder; throws what the system says against it. */
  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#lookedAtMs = options.clock.monotonicMs();
    this.#target = open(options.file);
  }

  /** Appends one line, at once: what was logged last is what a crash is explained by. Never throws. */
  write(line: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#failing && nowMs - this.#failing.sinceMs < RETRY_AFTER_MS) {
      this.#failing.lost++;
      return;
    }
    try {
      this.#follow(nowMs);
      this.#append(`${this.#torn ? '\n' : ''}${line}\n`);
    } catch (error) {
      this.#fail(error, nowMs);
      return;
    }
    if (!this.#failing) return;
    const { lost } = this.#failing;
    this.#failing = undefined;
    this.#options.onTrouble(`The log file takes lines again; ${lost} are missing.`);
  }

  dispose(): void {
    if (this.#target) closeSync(this.#target.handle);
    this.#target = undefined;
  }

  /** What rotates logs by itself moves the file away: lines belong into the one of that name. */
  #follow(nowMs: number): void {
    if (!this.#target || nowMs - this.#lookedAtMs < LOOK_AFTER_MS) return;
    this.#lookedAtMs = nowMs;
    const stats = statSync(this.#options.file, { throwIfNoEntry: false });
    if (!stats || idOf(stats) !== this.#target.id) this.dispose();
  }

  #append(text: string): void {
    const { file, maxBytes } = this.#options;
    const bytes = Buffer.from(text);
    let target = (this.#target ??= open(file));
    if (target.regular && target.bytes > 0 && target.bytes + bytes.length > maxBytes) {
      this.dispose();
      // Somebody may have moved it away since we looked.
      if (existsSync(file)) renameSync(file, `${file}.1`);
      target = this.#target = open(file);
    }
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(target.handle, bytes, written);
      this.#torn = false;
      target.bytes += written;
    } catch (error) {
      // A disk that is full took a part: a program that reads the log wants whole lines.
      if (written > 0 && target.regular) {
        ftruncateSync(target.handle, fstatSync(target.handle).size - written);
      } else if (written > 0) {
        this.#torn = true;
      }
      throw error;
    }
  }

  #fail(error: unknown, nowMs: number): void {
    if (!this.#failing) {
      const why = error instanceof Error ? error.message : String(error);
      const { file } = this.#options;
      this.#options.onTrouble(`The log file ${file} takes no lines: ${why}. The gateway goes on.`);
    }
    this.#failing = { sinceMs: nowMs, lost: (this.#failing?.lost ?? 0) + 1 };
    try {
      // Opened anew next time: the file, or what it lay on, may be another one by then.
      this.dispose();
    } catch {
      this.#target = undefined;
    }
  }
}

function open(file: string): Target {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: PRIVATE_FOLDER });
  const handle = openSync(file, APPEND, PRIVATE_FILE);
  const stats = fstatSync(handle);
  const regular = stats.isFile();
  // It may have been there before, readable for others.
  if (regular) fchmodSync(handle, PRIVATE_FILE);
  return { handle, regular, id: idOf(stats), bytes: stats.size };
}

function idOf({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`;
}
