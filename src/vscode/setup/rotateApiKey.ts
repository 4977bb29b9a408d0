/** “Rotate API Key”: a new key for all windows, and for the files of clients that have the old one. */
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { commandIds } from '../ids';
import { rotateKey } from '../keys/keyActions';
import { complain, confirmed, inform } from '../notify';
import type { SetupDependencies } from './dependencies';
import { messageOf } from './facts';
import { holdersOf, type KeyHolder, replaceKey } from './rekey';
import { shortPath } from './redact';
import type { UndoStore } from './undoStore';

interface Context {
  readonly deps: Pick<SetupDependencies, 'keys' | 'logger'>;
  readonly undoStore: UndoStore;
}

/** Asks, makes a new key, has the gateway take it, and offers to write it where the old one is. */
export async function rotateApiKey({ deps, undoStore }: Context): Promise<void> {
  const agreed = await confirmed(
    vscode.l10n.t('Replace the API key of Lingma Gateway by a new one?'),
    vscode.l10n.t(
      'Clients that have the present key are refused until they get the new one; keys of single clients stay as they are. The gateway restarts.',
    ),
    vscode.l10n.t('Replace'),
  );
  if (!agreed) return;
  try {
    const { old, key } = await rotateKey(deps.keys);
    deps.logger.log('info', 'the API key was replaced');
    void sayRotated(undoStore, await holdersOf(old, undoStore), old, key).catch(showError);
  } catch (error) {
    showError(error);
  }
}

async function sayRotated(
  undoStore: UndoStore,
  holders: readonly KeyHolder[],
  old: string,
  key: string,
): Promise<void> {
  const copy = vscode.l10n.t('Copy API Key');
  const update = vscode.l10n.t('Update Files');
  const files = holders.map(({ record }) => shortPath(record.path, homedir())).join(', ');
  const choice =
    holders.length === 0
      ? await inform(vscode.l10n.t('The API key has been replaced.'), copy)
      : await inform(
          vscode.l10n.t(
            'The API key has been replaced. The earlier one still stands in: {0}. Write the new one there, and change nothing else?',
            files,
          ),
          update,
          copy,
        );
  if (choice === copy) await vscode.commands.executeCommand(commandIds.copyApiKey);
  if (choice !== update) return;
  for (const holder of holders) await replaceKey(holder, old, key, undoStore);
  void inform(
    vscode.l10n.t('The new API key stands in: {0}. Restart the clients that run.', files),
  );
}

function showError(error: unknown): void {
  void complain(vscode.l10n.t('The API key was not replaced everywhere. {0}', messageOf(error)));
}
