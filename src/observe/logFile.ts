/**
 * A log that cannot grow without end and never stands in anybody's way: private to its owner, moved
 * aside when it is full, and given up for a while when the disk takes no more.
 */
import {
  closeSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Clock } from '../base/clock';
import type { Disposable } from '../base/disposable';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
/** How long a file that takes nothing is left alone. */
const RETRY_AFTER_MS = 5_000;

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
  bytes: number;
}

export class LogFile implements Disposable {
  readonly #options: LogFileOptions;
  #target: Target | undefined;
  /** Set while the file takes nothing. */
  #failing: { readonly sinceMs: number; lost: number } | undefined;
  /** Half of a line is in the file, so that the next one needs a beginning. */
  #torn = false;

  /** Opens the file, and makes its folder; throws what the system says against it. */
  constructor(options: LogFileOptions) {
    this.#options = options;
    mkdirSync(path.dirname(path.resolve(options.file)), { recursive: true, mode: PRIVATE_FOLDER });
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

  #append(text: string): void {
    const { file, maxBytes } = this.#options;
    const bytes = Buffer.from(text);
    let target = (this.#target ??= open(file));
    if (target.regular && target.bytes > 0 && target.bytes + bytes.length > maxBytes) {
      this.dispose();
      renameSync(file, `${file}.1`);
      target = this.#target = open(file);
    }
    for (let written = 0; written < bytes.length; this.#torn = written < bytes.length) {
      const count = writeSync(target.handle, bytes, written);
      written += count;
      target.bytes += count;
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
  const handle = openSync(file, 'a', PRIVATE_FILE);
  const stats = fstatSync(handle);
  const regular = stats.isFile();
  // It may have been there before, readable for others.
  if (regular) fchmodSync(handle, PRIVATE_FILE);
  return { handle, regular, bytes: stats.size };
}
