import * as vscode from 'vscode';
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable';
import { type DashboardDependencies, DashboardHost } from './dashboardHost';
import { displayName, viewTypes } from './ids';

/** The panel: at most one, shown again when it is asked for twice, restored with the window. */
export class Panel implements Disposable {
  readonly #dependencies: DashboardDependencies;
  readonly #store = new DisposableStore();
  #panel: vscode.WebviewPanel | undefined;

  constructor(dependencies: DashboardDependencies) {
    this.#dependencies = dependencies;
    this.#store.add(
      vscode.window.registerWebviewPanelSerializer(viewTypes.panel, {
        deserializeWebviewPanel: (panel) => {
          this.#adopt(panel);
          return Promise.resolve();
        },
      }),
    );
    this.#store.add(
      toDisposable(() => {
        this.#panel?.dispose();
      }),
    );
  }

  /** Opens the panel, or brings the open one to the front. */
  open(): void {
    if (this.#panel) {
      this.#panel.reveal();
      return;
    }
    const column = vscode.window.activeTextEditor?.viewColumn ?? vscode.ViewColumn.Active;
    this.#adopt(vscode.window.createWebviewPanel(viewTypes.panel, displayName, column));
  }

  dispose(): void {
    this.#store.dispose();
  }

  #adopt(panel: vscode.WebviewPanel): void {
    this.#panel?.dispose();
    this.#panel = panel;
    const media = vscode.Uri.joinPath(this.#dependencies.extensionUri, 'media');
    panel.iconPath = {
      light: vscode.Uri.joinPath(media, 'tab-light.svg'),
      dark: vscode.Uri.joinPath(media, 'tab-dark.svg'),
    };
    const host = new DashboardHost(
      {
        webview: panel.webview,
        layout: 'panel',
        get visible() {
          return panel.visible;
        },
      },
      this.#dependencies,
    );
    const subscriptions = new DisposableStore();
    subscriptions.add(host);
    subscriptions.add(
      panel.onDidChangeViewState(() => {
        host.visibilityChanged();
      }),
    );
    subscriptions.add(
      panel.onDidDispose(() => {
        subscriptions.dispose();
        if (this.#panel === panel) this.#panel = undefined;
      }),
    );
  }
}
