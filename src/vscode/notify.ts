/**
 * Notifications. What they say may quote paths, names and errors of others, so nothing in them is
 * ever a link; each gives the button that was chosen, or undefined.
 */
import * as vscode from 'vscode';
import { withoutLinks } from './markdown';

export function inform(text: string, ...buttons: string[]): Thenable<string | undefined> {
  return vscode.window.showInformationMessage(withoutLinks(text), ...buttons);
}

export function warn(text: string, ...buttons: string[]): Thenable<string | undefined> {
  return vscode.window.showWarningMessage(withoutLinks(text), ...buttons);
}

export function complain(text: string, ...buttons: string[]): Thenable<string | undefined> {
  return vscode.window.showErrorMessage(withoutLinks(text), ...buttons);
}

/** Asks before something that cannot be undone: true only if the user chose `agree`. */
export async function confirmed(text: string, detail: string, agree: string): Promise<boolean> {
  const options = { modal: true, detail };
  const choice = await vscode.window.showWarningMessage(withoutLinks(text), options, agree);
  return choice === agree;
}
