import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable';
import {
  type HostMessage,
  type HostState,
  type InstanceAction,
  type PanelCommand,
  parsePanelMessage,
} from '../dashboard/protocol';
import type { Logger } from '../observe/log';
import { commandIds, displayName, section, settingIds, viewTypes } from './ids';
import { renderPanelHtml } from './panelHtml';

export interface PanelDependencies {
  readonly extensionUri: vscode.Uri;
  readonly logger: Logger;
  readonly currentState: () => HostState;
  readonly onInstance: (action: InstanceAction, id: string) => void;
}

/** The panel: at most one, shown again when it is asked for twice, restored with the window. */
export class Panel implements Disposable {
  readonly #dependencies: PanelDependencies;
  readonly #logger: Logger;
  readonly #store = new DisposableStore();
  #panel: vscode.WebviewPanel | undefined;

  constructor(dependencies: PanelDependencies) {
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child('panel');
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

  /** Shows the state, unless nobody could see it: a hidden panel gets it when it comes back. */
  render(state: HostState): void {
    if (!this.#panel?.visible) return;
    const message: HostMessage = { type: 'state', state };
    void this.#panel.webview.postMessage(message);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #adopt(panel: vscode.WebviewPanel): void {
    this.#panel?.dispose();
    this.#panel = panel;
    const { extensionUri } = this.#dependencies;
    const dist = vscode.Uri.joinPath(extensionUri, 'dist');
    const media = vscode.Uri.joinPath(extensionUri, 'media');
    const { webview } = panel;

    const subscriptions = new DisposableStore();
    subscriptions.add(
      webview.onDidReceiveMessage((value: unknown) => {
        void this.#receive(value);
      }),
    );
    subscriptions.add(
      panel.onDidChangeViewState(() => {
        this.render(this.#dependencies.currentState());
      }),
    );
    subscriptions.add(
      panel.onDidDispose(() => {
        subscriptions.dispose();
        if (this.#panel === panel) this.#panel = undefined;
      }),
    );

    webview.options = { enableScripts: true, localResourceRoots: [dist, media] };
    webview.html = renderPanelHtml({
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
      scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'dashboard.js')).toString(),
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(media, 'dashboard.css')).toString(),
      language: vscode.l10n.bundle ? vscode.env.language : 'en',
      title: displayName,
      bundle: vscode.l10n.bundle ?? {},
    });
  }

  async #receive(value: unknown): Promise<void> {
    const message = parsePanelMessage(value);
    if (!message) {
      this.#logger.log('warn', 'dropped a message that is not part of the protocol');
    } else if (message.type === 'ready') {
      this.render(this.#dependencies.currentState());
    } else if (message.type === 'instance') {
      this.#dependencies.onInstance(message.action, message.id);
    } else if (message.type === 'command') {
      await run(message.command);
    }
  }
}

async function run(command: PanelCommand): Promise<void> {
  switch (command) {
    case 'choosePort':
      await vscode.commands.executeCommand(commandIds.openSettings, settingIds.port);
      return;
    case 'chooseLingma':
      await vscode.commands.executeCommand(commandIds.openSettings, settingIds.lingmaPath);
      return;
    default:
      await vscode.commands.executeCommand(`${section}.${command}`);
  }
}
