/** The commands on clients' keys; loaded with the first of them. */
import * as vscode from 'vscode';
import { toGatewayError } from '../../base/errors';
import { clientBaseUrl } from '../../dashboard/protocol';
import { isClientName, type KeyRecord } from '../../gateway/clientKeys';
import { complain, confirmed, inform } from '../notify';
import type { KeyDependencies } from './dependencies';
import { type ListedKey, listKeys, makeKey, revokeKey } from './keyActions';

/**
 * Makes a key and puts it on the clipboard, the one time it can be had.
 *
 * @param wanted The client's name; anything but a text asks the user for one.
 */
export async function createClientKey(keys: KeyDependencies, wanted: unknown): Promise<void> {
  try {
    const name = typeof wanted === 'string' ? wanted : await askName(await listKeys(keys));
    if (name === undefined) return;
    const { key } = await makeKey(keys, name);
    await vscode.env.clipboard.writeText(key);
    void sayCreated(keys, name);
  } catch (error) {
    showFailure(error);
  }
}

/** Lists the keys; one that is chosen can be revoked. */
export async function manageClientKeys(keys: KeyDependencies): Promise<void> {
  try {
    const listed = await listKeys(keys);
    const create = vscode.l10n.t('Create Client Key…');
    const picks = listed.map((key) => ({ label: key.name, ...describe(key), key }));
    const pick = await vscode.window.showQuickPick(
      [...picks, { label: `$(add) ${create}`, alwaysShow: true, key: undefined }],
      {
        title: vscode.l10n.t('Client Keys'),
        placeHolder: vscode.l10n.t('Choose a key to revoke it'),
      },
    );
    if (pick?.key) await revokeAfterAsking(keys, pick.key);
    else if (pick) await createClientKey(keys, undefined);
  } catch (error) {
    showFailure(error);
  }
}

function askName(taken: readonly KeyRecord[]): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Create Client Key'),
    prompt: vscode.l10n.t('The name of the client that is to have a key of its own'),
    placeHolder: vscode.l10n.t('such as laptop or build server'),
    ignoreFocusOut: true,
    validateInput: (name) => {
      if (taken.some((key) => key.name === name)) {
        return vscode.l10n.t('{0} has a key already.', name);
      }
      if (isClientName(name)) return undefined;
      return vscode.l10n.t(
        'A name takes 1 to 64 characters, has no white space at either end, and is not “owner”.',
      );
    },
  });
}

async function sayCreated({ controller }: KeyDependencies, name: string): Promise<void> {
  const url = clientBaseUrl(controller.state);
  const copyUrl = vscode.l10n.t('Copy Base URL');
  const choice = await inform(
    vscode.l10n.t(
      'The key of {0} is on the clipboard. Paste it where it belongs now: it cannot be shown again.',
      name,
    ),
    ...(url === undefined ? [] : [copyUrl]),
  );
  if (choice === copyUrl && url !== undefined) await vscode.env.clipboard.writeText(url);
}

function describe({ createdAtMs, lastUsedAtMs, usage }: ListedKey): {
  description: string;
  detail: string;
} {
  const times = new Intl.DateTimeFormat(vscode.env.language, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  const turns = usage ? usage.completed + usage.failed + usage.cancelled : 0;
  return {
    description: [
      lastUsedAtMs === null
        ? vscode.l10n.t('not used yet')
        : vscode.l10n.t('last used {0}', times.format(lastUsedAtMs)),
      ...(usage ? [vscode.l10n.t('turns since the start: {0}', turns)] : []),
    ].join(' · '),
    detail: createdAtMs === null ? '' : vscode.l10n.t('Created {0}', times.format(createdAtMs)),
  };
}

async function revokeAfterAsking(keys: KeyDependencies, key: KeyRecord): Promise<void> {
  const agreed = await confirmed(
    vscode.l10n.t('Revoke the key of {0}?', key.name),
    vscode.l10n.t(
      'Whoever uses it is refused at once, and requests that run with it end. This cannot be undone.',
    ),
    vscode.l10n.t('Revoke'),
  );
  if (!agreed) return;
  await revokeKey(keys, key);
  void inform(vscode.l10n.t('The key of {0} has been revoked.', key.name));
}

function showFailure(error: unknown): void {
  void complain(toGatewayError(error).message);
}
