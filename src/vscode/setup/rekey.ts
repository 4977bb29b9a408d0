/** Writes a new API key over an earlier one in the files that clients were connected by. */
import { fingerprint, type FoundFile, readFound, textOf, writeWhole } from './files';
import type { SetupRecord, UndoStore } from './undoStore';

/** A file of a client that holds a key, and the change that brought it there. */
export interface KeyHolder {
  readonly record: SetupRecord;
  readonly found: FoundFile;
}

/** The files of connected clients in which the key stands, each once. What cannot be read is left out. */
export async function holdersOf(key: string, undoStore: UndoStore): Promise<KeyHolder[]> {
  const holders = new Map<string, KeyHolder>();
  for (const record of await undoStore.list()) {
    if (holders.has(record.path)) continue;
    const found = await readFound(record.path).catch(() => undefined);
    const text = found?.bytes ? textOf(found.bytes) : undefined;
    if (found && text?.includes(key)) holders.set(record.path, { record, found });
  }
  return [...holders.values()];
}

/**
 * Puts the new key in the place of the old one and changes nothing else; both are of letters that
 * stand for themselves in every format. Rejects when somebody has written the file meanwhile.
 */
export async function replaceKey(
  { record, found }: KeyHolder,
  old: string,
  key: string,
  undoStore: UndoStore,
): Promise<void> {
  const text = found.bytes === null ? '' : (textOf(found.bytes) ?? '');
  const after = Buffer.from(
    text.replaceAll(old, () => key),
    'utf8',
  );
  await writeWhole(found.path, after, found.mode ?? 0o600, {
    replaces: fingerprint(found.bytes),
  });
  // Undoing the set-up goes on as before where nobody else has changed the file.
  if (fingerprint(found.bytes) === record.after) await undoStore.rewritten(record, after);
}
