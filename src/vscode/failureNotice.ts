import * as vscode from 'vscode';
import type { Failure } from './controller';
import { commandIds, settingIds } from './ids';
import { complain } from './notify';

interface Button {
  readonly title: string;
  readonly run: () => Thenable<unknown>;
}

/** Tells about failed starts, each once and with the next steps as buttons. */
export class FailureNotice {
  readonly #open = new Set<string>();

  /** Shows the failure, unless a notification that says the same is still open. */
  async show(failure: Failure): Promise<void> {
    const text = vscode.l10n.t('Lingma Gateway did not start. {0}', failure.problem);
    if (this.#open.has(text)) return;
    this.#open.add(text);
    const buttons = [...nextSteps(failure), showLog()];
    const titles = buttons.map((button) => button.title);
    const title = await complain(text, ...titles);
    this.#open.delete(text);
    await buttons.find((button) => button.title === title)?.run();
  }
}

/** What helps, the most likely first. */
function nextSteps({ code }: Failure): Button[] {
  const retry = button(vscode.l10n.t('Retry'), commandIds.start);
  switch (code) {
    case 'port_in_use':
    case 'port_not_allowed':
      return [openSettings(vscode.l10n.t('Choose Another Port'), settingIds.port), retry];
    case 'address_not_available':
      return [openSettings(vscode.l10n.t('Open Settings'), settingIds.host), retry];
    case 'leader_outdated':
      return [button(vscode.l10n.t('Reload Window'), 'workbench.action.reloadWindow'), retry];
    case 'binary_not_found':
      return [retry, openSettings(vscode.l10n.t('Open Settings'), settingIds.lingmaPath)];
    default:
      return [retry, openSettings(vscode.l10n.t('Open Settings'))];
  }
}

function openSettings(title: string, setting?: string): Button {
  return {
    title,
    run: () => vscode.commands.executeCommand(commandIds.openSettings, setting),
  };
}

function showLog(): Button {
  return button(vscode.l10n.t('Show Log'), commandIds.showLog);
}

function button(title: string, command: string): Button {
  return { title, run: () => vscode.commands.executeCommand(command) };
}
