import * as vscode from 'vscode';
import type { Failure } from './controller';
import { commandIds, settingIds, storageKeys } from './ids';

interface Button {
  readonly title: string;
  readonly run: () => Thenable<unknown>;
}

/** Tells about failed starts, each once and with the next steps as buttons. */
export class FailureNotice {
  readonly #memory: vscode.Memento;
  readonly #open = new Set<string>();

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  /** Shows the failure, unless a notification that says the same is still open. */
  async show(failure: Failure): Promise<void> {
    const aboutPort = failure.code === 'port_in_use' || failure.code === 'port_not_allowed';
    // With several windows all but one find the gateway running, each time they open: that is worth
    // a word, but not an error every morning.
    const mild = failure.code === 'port_in_use' && failure.unasked;
    if (mild && this.#memory.get(storageKeys.noticeHidden) === true) return;

    const settings = (id: string | undefined) => () =>
      vscode.commands.executeCommand(commandIds.openSettings, id);
    const retry: Button = {
      title: vscode.l10n.t('Retry'),
      run: () => vscode.commands.executeCommand(commandIds.start),
    };
    const showLog: Button = {
      title: vscode.l10n.t('Show Log'),
      run: () => vscode.commands.executeCommand(commandIds.showLog),
    };
    const choosePort: Button = {
      title: vscode.l10n.t('Choose Another Port'),
      run: settings(settingIds.port),
    };
    const hide: Button = {
      title: vscode.l10n.t("Don't Show Again"),
      run: () => this.#memory.update(storageKeys.noticeHidden, true),
    };
    const openSettings: Button = {
      title: vscode.l10n.t('Open Settings'),
      run: settings(failure.code === 'binary_not_found' ? settingIds.lingmaPath : undefined),
    };

    const buttons = [
      ...(aboutPort ? [choosePort] : []),
      retry,
      ...(aboutPort ? [] : [openSettings]),
      mild ? hide : showLog,
    ];
    const text = vscode.l10n.t('Lingma Gateway did not start. {0}', failure.problem);
    const ask = mild ? vscode.window.showWarningMessage : vscode.window.showErrorMessage;

    if (this.#open.has(text)) return;
    this.#open.add(text);
    const title = await ask(text, ...buttons.map((button) => button.title));
    this.#open.delete(text);
    await buttons.find((button) => button.title === title)?.run();
  }
}
