/**
 * What was in the files before they were changed. It lies in the extension's own storage rather
 * than beside the files: those may be in a repository, and what they hold is secret.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '../../base/json';
import { fingerprint, writeWhole } from './files';

/** One change of one file. */
export interface SetupRecord {
  readonly id: string;
  /** Name of the client it was made for. */
  readonly title: string;
  /** The file itself, never a link to it. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** What was in it; null when it was not there. */
  readonly before: Buffer | null;
  /** Its permission bits before; undefined when it was not there. */
  readonly mode: number | undefined;
  /** Fingerprint of what was written. */
  readonly after: string;
}

/** More than this many are not kept; the oldest go first. */
const MAX_RECORDS = 20;

export class UndoStore {
  readonly #folder: string;

  /** @param folder Made on the first use, for the user alone. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps what a change replaces. To be called before the file is written. */
  async add(change: Omit<SetupRecord, 'id' | 'after'> & { after: Buffer }): Promise<SetupRecord> {
    // The time leads, so that the names sort by it.
    const id = `${change.atMs.toString().padStart(15, '0')}-${randomBytes(4).toString('hex')}`;
    const record: SetupRecord = { ...change, id, after: fingerprint(change.after) };
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const before = change.before?.toString('base64') ?? null;
    await writeWhole(this.#file(id), JSON.stringify({ ...record, before }), 0o600);
    for (const old of (await this.#ids()).slice(MAX_RECORDS)) await this.remove(old);
    return record;
  }

  /** What was written has been written anew since, and can still be undone as it was. */
  async rewritten(record: SetupRecord, after: Buffer): Promise<void> {
    const before = record.before?.toString('base64') ?? null;
    const now = { ...record, before, after: fingerprint(after) };
    await writeWhole(this.#file(record.id), JSON.stringify(now), 0o600);
  }

  /** Every change that can be undone, the latest first. What cannot be read is left out. */
  async list(): Promise<SetupRecord[]> {
    const ids = await this.#ids();
    const records = await Promise.all(ids.map((id) => this.#read(id)));
    return records.filter((record) => record !== undefined);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  async #ids(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names
      .filter((name) => /^\d+-[0-9a-f]+\.json$/.test(name))
      .map((name) => name.slice(0, -'.json'.length))
      .sort()
      .reverse();
  }

  async #read(id: string): Promise<SetupRecord | undefined> {
    try {
      return recordOf(id, JSON.parse(await readFile(this.#file(id), 'utf8')));
    } catch {
      return undefined;
    }
  }
}

function recordOf(id: string, value: unknown): SetupRecord | undefined {
  if (!isRecord(value)) return undefined;
  const { title, path, atMs, before, mode, after } = value;
  const sound =
    typeof title === 'string' &&
    typeof path === 'string' &&
    typeof atMs === 'number' &&
    typeof after === 'string' &&
    (typeof before === 'string' || before === null) &&
    (typeof mode === 'number' || mode === undefined);
  if (!sound) return undefined;
  const bytes = before === null ? null : Buffer.from(before, 'base64');
  return { id, title, path, atMs, after, before: bytes, mode };
}
