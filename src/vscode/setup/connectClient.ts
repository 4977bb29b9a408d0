/** “Connect a client”: shows the exact change, writes it when the user agrees, and can take it back. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { clientOf, clients } from '../clients/catalog';
import {
  type Client,
  type ClientFacts,
  type FileClient,
  type GuideClient,
  openAiBase,
  type Places,
  planFile,
} from '../clients/client';
import { commandIds } from '../ids';
import { complain, inform, warn } from '../notify';
import type { SetupDependencies } from './dependencies';
import { factsForClients, messageOf } from './facts';
import {
  FileChanged,
  fingerprint,
  type FoundFile,
  modeFor,
  readFound,
  textOf,
  writeWhole,
} from './files';
import { shortPath } from './redact';
import { maskKey, type Preview } from './preview';
import { offerUndo, type UndoContext } from './undoCommand';
import type { SetupRecord } from './undoStore';

type Context = UndoContext & { readonly deps: SetupDependencies };

/** @param wanted The id of a client; anything else asks the user for one. */
export async function connectClient(context: Context, wanted: unknown): Promise<void> {
  const facts = await factsForClients(context.deps);
  const client = facts && (clientOf(wanted) ?? (await pickClient()));
  if (!client) return;
  switch (client.kind) {
    case 'file':
      await connectByFile(context, client, facts);
      return;
    case 'copy':
      await vscode.env.clipboard.writeText(client.copied(facts, process.platform));
      void inform(client.next(facts, vscode.l10n.t));
      return;
    case 'guide':
      await showGuide(context.preview, client, facts);
  }
}

async function pickClient(): Promise<Client | undefined> {
  const places = placesOf(vscode.workspace.workspaceFolders?.[0]);
  const picks = clients.map((client) => ({
    label: client.title,
    description: client.kind === 'file' ? whereOf(client, places) : '',
    detail: client.describe(vscode.l10n.t),
    client,
  }));
  const pick = await vscode.window.showQuickPick(picks, {
    title: vscode.l10n.t('Connect a Client'),
    placeHolder: vscode.l10n.t('Choose the program that is to use Lingma'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return pick?.client;
}

function whereOf(client: FileClient, places: Places): string {
  const target = client.target(places, vscode.l10n.t);
  return target.kind === 'file' ? shortPath(target.path, places.home) : '';
}

async function connectByFile(
  context: Context,
  client: FileClient,
  facts: ClientFacts,
): Promise<void> {
  const folder = client.inWorkspace ? await workspaceFolder() : undefined;
  // Several folders, and the user has chosen none of them.
  if (client.inWorkspace && !folder && vscode.workspace.workspaceFolders?.length) return;
  const places = placesOf(folder);
  const target = client.target(places, vscode.l10n.t);
  if (target.kind === 'none') {
    void warn(target.reason);
    return;
  }
  try {
    // Again whenever somebody else has written the file while the user looked at the change.
    while ((await offerChange(context, client, facts, target.path)) === 'changed') {
      void inform(
        vscode.l10n.t(
          '{0} has changed in the meantime. Here is the change for the file as it is now.',
          shortPath(target.path, places.home),
        ),
      );
    }
  } catch (error) {
    void complain(vscode.l10n.t('{0} was not changed. {1}', client.title, messageOf(error)));
  }
}

/** One round: plan, show, ask, write. `changed` when the file is not the one that was shown. */
async function offerChange(
  context: Context,
  client: FileClient,
  facts: ClientFacts,
  path: string,
): Promise<'done' | 'changed'> {
  const { preview } = context;
  const found = await readFound(path);
  // Where a link leads, not the link: what is written is that file, wherever a repository points.
  const shown = shortPath(found.path, homedir());
  const text = found.bytes === null ? null : textOf(found.bytes);
  if (text === undefined) {
    await refuse(client, facts, found, vscode.l10n.t('The file is not text in UTF-8.'));
    return 'done';
  }
  const plan = planFile(client, text, facts, vscode.l10n.t);
  if (plan.kind === 'unchanged') {
    void inform(
      vscode.l10n.t('{0} is connected already: {1} has everything it needs.', client.title, shown),
    );
    return 'done';
  }
  if (plan.kind === 'refused') {
    await refuse(client, facts, found, plan.reason);
    return 'done';
  }

  const title = vscode.l10n.t('{0}: {1} now, and with the gateway', client.title, shown);
  const apply = vscode.l10n.t('Apply');
  const copy = vscode.l10n.t('Copy');
  const answer = await preview.review({
    title,
    path,
    left: maskKey(text ?? '', facts.apiKey),
    right: maskKey(plan.text, facts.apiKey),
    question: vscode.l10n.t(
      'Nothing is written yet. Change {0} as shown? What is in it now is kept, so that you can undo this.',
      shown,
    ),
    accept: apply,
    others: [copy],
    again: () => void vscode.commands.executeCommand(commandIds.connectClient, client.id),
  });
  if (answer === copy) {
    await vscode.env.clipboard.writeText(plan.text);
    void inform(
      vscode.l10n.t('The whole new text of {0} is on the clipboard, with your API key.', shown),
    );
  }
  if (answer !== apply) return 'done';
  const record = await write(context, client, found, Buffer.from(plan.text, 'utf8'));
  if (!record) return 'changed';
  context.deps.logger.log('info', `connected ${client.title}: wrote ${shown}`);
  void sayConnected(context, client, facts, record).catch(showError);
  return 'done';
}

/** Writes what was agreed to; undefined when the file is no longer the one that was shown. */
async function write(
  { undoStore }: Context,
  client: FileClient,
  found: FoundFile,
  after: Buffer,
): Promise<SetupRecord | undefined> {
  const record = await undoStore.add({
    title: client.title,
    path: found.path,
    atMs: Date.now(),
    before: found.bytes,
    mode: found.mode,
    after,
  });
  try {
    const replaces = fingerprint(found.bytes);
    await writeWhole(found.path, after, modeFor(client.holdsKey, found.mode), { replaces });
  } catch (error) {
    await undoStore.remove(record.id);
    if (error instanceof FileChanged) return undefined;
    throw error;
  }
  return record;
}

async function sayConnected(
  context: Context,
  client: FileClient,
  facts: ClientFacts,
  record: SetupRecord,
): Promise<void> {
  const undo = vscode.l10n.t('Undo');
  const open = vscode.l10n.t('Open File');
  const terminal = vscode.l10n.t('Open Terminal');
  const copyKey = vscode.l10n.t('Copy API Key');
  // Who finds no key in the file gets it from a terminal's environment, or by hand.
  const others = client.holdsKey ? [open] : [terminal, copyKey];
  const choice = await inform(
    vscode.l10n.t('{0} is connected. {1}', client.title, client.next(facts, vscode.l10n.t)),
    undo,
    ...others,
  );
  if (choice === undo) await offerUndo(context, record);
  else if (choice === open) await openFile(record.path);
  else if (choice === terminal) await vscode.commands.executeCommand(commandIds.openTerminal);
  else if (choice === copyKey) await vscode.commands.executeCommand(commandIds.copyApiKey);
}

async function refuse(
  client: FileClient,
  facts: ClientFacts,
  found: FoundFile,
  reason: string,
): Promise<void> {
  const open = vscode.l10n.t('Open File');
  const copy = vscode.l10n.t('Copy Entries');
  const shown = shortPath(found.path, homedir());
  const text = vscode.l10n.t('{0} was not changed. {1}', shown, reason);
  const choice = await warn(text, open, copy);
  if (choice === open) await openFile(found.path);
  if (choice === copy) {
    const plan = planFile(client, null, facts, vscode.l10n.t);
    if (plan.kind === 'change') await vscode.env.clipboard.writeText(plan.text);
  }
}

async function showGuide(preview: Preview, client: GuideClient, facts: ClientFacts): Promise<void> {
  await preview.markdown(client.id, client.guide(facts, vscode.l10n.t));
  void offerValues(client, facts).catch(showError);
}

/** Stays until all is copied: the notification comes back after each value. */
async function offerValues(client: GuideClient, facts: ClientFacts): Promise<void> {
  const values = new Map([
    [vscode.l10n.t('Copy Base URL'), openAiBase(facts)],
    [vscode.l10n.t('Copy API Key'), facts.apiKey],
    [vscode.l10n.t('Copy Model'), facts.models[0].id],
  ]);
  for (;;) {
    const choice = await inform(
      vscode.l10n.t('Enter these values in {0}.', client.title),
      ...values.keys(),
    );
    const value = choice === undefined ? undefined : values.get(choice);
    if (value === undefined) return;
    await vscode.env.clipboard.writeText(value);
  }
}

/** What fails behind a button of a notification, when nobody waits for it any more. */
function showError(error: unknown): void {
  void complain(messageOf(error));
}

async function openFile(path: string): Promise<void> {
  await vscode.window.showTextDocument(vscode.Uri.file(path));
}

async function workspaceFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.length > 1 ? vscode.window.showWorkspaceFolderPick() : folders[0];
}

/** A folder that is not on this machine has no file to write. */
function placesOf(folder: vscode.WorkspaceFolder | undefined): Places {
  return {
    home: homedir(),
    platform: process.platform,
    env: process.env,
    workspace: folder?.uri.scheme === 'file' ? folder.uri.fsPath : undefined,
    exists: existsSync,
  };
}
