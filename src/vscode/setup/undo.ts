/** Takes a change of a configuration file back. */
import { rm } from 'node:fs/promises';
import { fingerprint, type FoundFile, readFound, writeWhole } from './files';
import type { SetupRecord, UndoStore } from './undoStore';

export type UndoOutcome =
  | { readonly kind: 'restored' }
  /** Somebody has changed the file since; `found` is what it is now. */
  | { readonly kind: 'changed'; readonly found: FoundFile };

/**
 * Brings the file back to what it was, if it still is what was written; `anyway` does so whatever
 * it is by now. Rejects when the file cannot be read or written.
 */
export async function undo(
  record: SetupRecord,
  store: UndoStore,
  { anyway }: { readonly anyway: boolean },
): Promise<UndoOutcome> {
  const found = await readFound(record.path);
  const now = fingerprint(found.bytes);
  const isBack = now === fingerprint(record.before);
  if (!isBack && now !== record.after && !anyway) return { kind: 'changed', found };
  if (record.before === null) await rm(record.path, { force: true });
  else if (!isBack) await writeWhole(record.path, record.before, record.mode ?? 0o600);
  await store.remove(record.id);
  return { kind: 'restored' };
}
