/** “Undo client set-up”: what was changed, and the way back. */
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { commandIds } from '../ids';
import { complain, inform } from '../notify';
import type { SetupDependencies } from './dependencies';
import { messageOf } from './facts';
import { fingerprint, textOf } from './files';
import { maskKey, type Preview } from './preview';
import { shortPath } from './redact';
import { undo } from './undo';
import type { SetupRecord, UndoStore } from './undoStore';

export interface UndoContext {
  readonly deps: Pick<SetupDependencies, 'source'>;
  readonly preview: Preview;
  readonly undoStore: UndoStore;
}

export async function undoClientSetup(context: UndoContext): Promise<void> {
  const records = await context.undoStore.list();
  if (records.length === 0) {
    void inform(vscode.l10n.t('There is no set-up of a client to undo.'));
    return;
  }
  const time = new Intl.DateTimeFormat(vscode.env.language, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  const pick = await vscode.window.showQuickPick(
    records.map((record) => ({
      label: record.title,
      description: shortPath(record.path, homedir()),
      detail: time.format(record.atMs),
      record,
    })),
    {
      title: vscode.l10n.t('Undo Client Set-Up'),
      placeHolder: vscode.l10n.t('Choose the file that gets its earlier content back'),
    },
  );
  if (pick) await offerUndo(context, pick.record);
}

/** Takes the change back; asks first when somebody has changed the file since. */
export async function offerUndo(context: UndoContext, record: SetupRecord): Promise<void> {
  const { deps, preview, undoStore } = context;
  const shown = shortPath(record.path, homedir());
  try {
    let outcome = await undo(record, undoStore);
    const key = (await deps.source.connection().catch(() => undefined))?.apiKey;
    // Again whenever it changes while the user looks at what would be lost.
    while (outcome.kind === 'changed') {
      const { bytes } = outcome.found;
      const restore = vscode.l10n.t('Restore');
      const answer = await preview.review({
        title: vscode.l10n.t('{0}: now, and as it was before', shown),
        path: record.path,
        left: maskKey(readable(bytes), key),
        right: maskKey(readable(record.before), key),
        question: vscode.l10n.t(
          '{0} has been changed since. Restore it as shown? The later changes are lost.',
          shown,
        ),
        accept: restore,
        others: [],
        again: () => void vscode.commands.executeCommand(commandIds.undoClientSetup),
      });
      if (answer !== restore) return;
      outcome = await undo(record, undoStore, fingerprint(bytes));
    }
    void inform(
      record.before === null
        ? vscode.l10n.t(
            '{0} is gone again, as it was before {1} was connected.',
            shown,
            record.title,
          )
        : vscode.l10n.t('{0} is as it was before {1} was connected.', shown, record.title),
    );
  } catch (error) {
    void complain(vscode.l10n.t('{0} was not restored. {1}', shown, messageOf(error)));
  }
}

function readable(bytes: Buffer | null): string {
  return bytes === null ? '' : (textOf(bytes) ?? '');
}
