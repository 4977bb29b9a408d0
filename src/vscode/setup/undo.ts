/** Takes a change of a configuration file back. */
import { rm } from 'node:fs/promises';
import { FileChanged, fingerprint, type FoundFile, readFound, writeWhole } from './files';
import type { SetupRecord, UndoStore } from './undoStore';

export type UndoOutcome =
  | { readonly kind: 'restored' }
  /** Somebody has changed the file since; `found` is what it is now. */
  | { readonly kind: 'changed'; readonly found: FoundFile };

/**
 * Brings the file back to what it was, if it still is what was written, or what the user has seen and
 * agreed to lose. Rejects when the file cannot be read or written.
 *
 * @param seen Fingerprint of the content that may be lost as well.
 */
export async function undo(
  record: SetupRecord,
  store: UndoStore,
  seen?: string,
): Promise<UndoOutcome> {
  const found = await readFound(record.path);
  const now = fingerprint(found.bytes);
  const isBack = now === fingerprint(record.before);
  if (!isBack && now !== record.after && now !== seen) return { kind: 'changed', found };
  if (record.before === null) await rm(record.path, { force: true });
  else if (!isBack) {
    try {
      await writeWhole(record.path, record.before, record.mode ?? 0o600, { replaces: now });
    } catch (error) {
      if (!(error instanceof FileChanged)) throw error;
      return { kind: 'changed', found: await readFound(record.path) };
    }
  }
  await store.remove(record.id);
  return { kind: 'restored' };
}
