/** Reads what the user attached to a chat request: files, selections, texts and pictures. */
import * as vscode from 'vscode';
import { isRecord } from '../../base/json';
import { imageKind } from '../../conversation/images';
import type { Attachment } from './attachments';

/** An attachment and the place it comes from, if it is one that can be opened. */
export interface ReadReference {
  readonly attachment: Attachment;
  readonly place?: vscode.Uri | vscode.Location;
}

/** Files beyond this size are not even read: VS Code hands them over whole. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;
const MAX_FOLDER_ENTRIES = 500;
/** What tells a binary file: a NUL within its first bytes. */
const SNIFFED_BYTES = 8192;

/**
 * What a request refers to and the selection of the active editor, each thing once, in the order in
 * which the user attached them. Never rejects: what cannot be read is `unreadable`.
 */
export async function readReferences(
  references: readonly vscode.ChatPromptReference[],
  editor: vscode.TextEditor | undefined,
): Promise<ReadReference[]> {
  const seen = new Set<string>();
  // VS Code sorts them by their place in the prompt, the last one first.
  const values = [...references].reverse().map((reference) => ({
    value: reference.value,
    name: nameOf(reference),
  }));
  const selection = selectionOf(editor);
  if (selection) values.push({ value: selection, name: baseName(selection.uri) });
  const read: ReadReference[] = [];
  for (const { value, name } of values) {
    const key = keyOf(value);
    if (key !== undefined && seen.has(key)) continue;
    if (key !== undefined) seen.add(key);
    read.push(await readValue(value, name));
  }
  return read;
}

function selectionOf(editor: vscode.TextEditor | undefined): vscode.Location | undefined {
  if (!editor || editor.selection.isEmpty || editor.document.uri.scheme === 'output') {
    return undefined;
  }
  return new vscode.Location(editor.document.uri, editor.selection);
}

async function readValue(value: unknown, name: string): Promise<ReadReference> {
  try {
    if (typeof value === 'string') {
      return { attachment: { kind: 'text', title: name, name, text: value } };
    }
    if (value instanceof vscode.Uri) return { attachment: await readUri(value), place: value };
    if (value instanceof vscode.Location) {
      return { attachment: await readLocation(value), place: value };
    }
    if (isBinary(value)) {
      const place = value.reference;
      const bytes = await value.data();
      return {
        attachment: { kind: 'picture', name, bytes },
        ...(place instanceof vscode.Uri ? { place } : {}),
      };
    }
    const why = vscode.l10n.t('it is a kind of attachment that cannot be sent');
    return { attachment: { kind: 'unreadable', name, why } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { attachment: { kind: 'unreadable', name, why } };
  }
}

async function readUri(uri: vscode.Uri): Promise<Attachment> {
  const path = vscode.workspace.asRelativePath(uri);
  const name = baseName(uri);
  const open = openDocument(uri);
  if (open) {
    const { languageId: language } = open;
    return { kind: 'text', title: `File ${path}`, name, text: open.getText(), language };
  }
  const stat = await vscode.workspace.fs.stat(uri);
  if ((stat.type & vscode.FileType.Directory) !== 0) return readFolder(uri, path, name);
  if (stat.size > MAX_FILE_BYTES) {
    return { kind: 'unreadable', name, why: vscode.l10n.t('the file is too large') };
  }
  const bytes = await vscode.workspace.fs.readFile(uri);
  if (imageKind(bytes) !== undefined) return { kind: 'picture', name, bytes };
  if (bytes.subarray(0, SNIFFED_BYTES).includes(0)) {
    return { kind: 'unreadable', name, why: vscode.l10n.t('the file is not text') };
  }
  const text = await vscode.workspace.decode(bytes, { uri });
  return { kind: 'text', title: `File ${path}`, name, text };
}

async function readLocation({ uri, range }: vscode.Location): Promise<Attachment> {
  const document = openDocument(uri) ?? (await vscode.workspace.openTextDocument(uri));
  const lines =
    range.start.line === range.end.line
      ? `line ${range.start.line + 1}`
      : `lines ${range.start.line + 1} to ${range.end.line + 1}`;
  return {
    kind: 'text',
    title: `File ${vscode.workspace.asRelativePath(uri)}, ${lines}`,
    name: baseName(uri),
    text: document.getText(range),
    language: document.languageId,
  };
}

async function readFolder(uri: vscode.Uri, path: string, name: string): Promise<Attachment> {
  const entries = await vscode.workspace.fs.readDirectory(uri);
  const names = entries
    .map(([entry, type]) => ((type & vscode.FileType.Directory) !== 0 ? `${entry}/` : entry))
    .sort();
  const more = names.length - MAX_FOLDER_ENTRIES;
  const text = [...names.slice(0, MAX_FOLDER_ENTRIES), ...(more > 0 ? [`… ${more} more`] : [])];
  return { kind: 'text', title: `Names in the folder ${path}`, name, text: text.join('\n') };
}

/** The document as it is in its editor, with changes that are not saved yet. */
function openDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
  const wanted = uri.toString();
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === wanted);
}

/** One and the same thing, attached twice, has one key; texts and pictures have none. */
function keyOf(value: unknown): string | undefined {
  if (value instanceof vscode.Uri) return value.toString();
  if (!(value instanceof vscode.Location)) return undefined;
  const { start, end } = value.range;
  return `${value.uri.toString()}#${[start.line, start.character, end.line, end.character].join()}`;
}

/** `ChatReferenceBinaryData`, a proposal: known by its shape. */
function isBinary(
  value: unknown,
): value is { readonly reference?: unknown; data(): Thenable<Uint8Array> } {
  return isRecord(value) && typeof value['data'] === 'function';
}

function nameOf(reference: vscode.ChatPromptReference): string {
  const { value, modelDescription, id } = reference;
  if (value instanceof vscode.Uri) return baseName(value);
  if (value instanceof vscode.Location) return baseName(value.uri);
  // VS Code gives it a name that is not part of the stable interface.
  const { name } = reference as { readonly name?: unknown };
  return modelDescription ?? (typeof name === 'string' ? name : id);
}

function baseName(uri: vscode.Uri): string {
  return uri.path.split('/').at(-1) ?? uri.path;
}
