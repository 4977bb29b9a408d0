import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import type { HostState } from '../dashboard/protocol';
import { commandIds, displayName } from './ids';
import { renderStatusBar, tooltipCommands } from './statusBarModel';

/** The one status bar item; a click opens the panel. */
export class StatusBar implements Disposable {
  readonly #store = new DisposableStore();
  readonly #item: vscode.StatusBarItem;
  #shown = '';

  constructor() {
    this.#item = this.#store.add(
      vscode.window.createStatusBarItem('gateway', vscode.StatusBarAlignment.Left, -10),
    );
    this.#item.name = displayName;
    this.#item.command = commandIds.openPanel;
  }

  setVisible(visible: boolean): void {
    if (visible) this.#item.show();
    else this.#item.hide();
  }

  render(state: HostState): void {
    const language = vscode.l10n.bundle ? vscode.env.language : 'en';
    const view = renderStatusBar(state, vscode.l10n.t, language);
    // Setting the same tooltip again would close the one that is being read.
    const shown = JSON.stringify(view);
    if (shown === this.#shown) return;
    this.#shown = shown;

    const tooltip = new vscode.MarkdownString(view.tooltip, true);
    tooltip.isTrusted = { enabledCommands: tooltipCommands.map((name) => commandIds[name]) };
    this.#item.text = view.text;
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label: view.accessibilityLabel };
    this.#item.backgroundColor =
      view.background && new vscode.ThemeColor(`statusBarItem.${view.background}Background`);
  }

  dispose(): void {
    this.#store.dispose();
  }
}
