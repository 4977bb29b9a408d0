/** The extension's end of one dashboard page, in an editor or in the side bar. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import { toGatewayError } from '../base/errors';
import {
  type HostMessage,
  type PageLayout,
  type PanelCommand,
  parsePanelMessage,
} from '../dashboard/protocol';
import type { Logger } from '../observe/log';
import type { ActivityFeed } from './activityFeed';
import type { GatewayController } from './controller';
import { commandIds, displayName, section, settingIds } from './ids';
import { complain } from './notify';
import { renderPanelHtml } from './panelHtml';
import { evictSession } from './sessionActions';

/** What pages and views of the gateway need of the rest of the extension. */
export interface DashboardDependencies {
  readonly extensionUri: vscode.Uri;
  readonly logger: Logger;
  readonly controller: Pick<
    GatewayController,
    'state' | 'onDidChange' | 'serving' | 'actOnInstance'
  >;
  readonly feed: ActivityFeed;
}

/** Where a page is shown. */
export interface Surface {
  readonly webview: vscode.Webview;
  readonly visible: boolean;
  readonly layout: PageLayout;
}

/**
 * Loads the page, tells it what it shows while it can be seen, and does what it asks for. Nobody
 * listens to a hidden page; it gets what it missed when it comes back.
 */
export class DashboardHost implements Disposable {
  readonly #dependencies: DashboardDependencies;
  readonly #logger: Logger;
  readonly #surface: Surface;
  readonly #store = new DisposableStore();
  #watch: Disposable | undefined;

  constructor(surface: Surface, dependencies: DashboardDependencies) {
    this.#surface = surface;
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child('dashboard');
    const { controller, feed } = dependencies;
    this.#store.add(
      surface.webview.onDidReceiveMessage((value: unknown) => {
        void this.#receive(value);
      }),
    );
    this.#store.add(
      controller.onDidChange((state) => {
        this.#post({ type: 'state', state });
      }),
    );
    this.#store.add(
      feed.onDidChange((activity) => {
        this.#post({ type: 'activity', activity });
      }),
    );
    this.#load();
    this.visibilityChanged();
  }

  /** To be called when the page was shown or hidden. */
  visibilityChanged(): void {
    if (this.#surface.visible) {
      this.#watch ??= this.#dependencies.feed.watch();
      this.#tellAll();
    } else {
      this.#watch?.dispose();
      this.#watch = undefined;
    }
  }

  dispose(): void {
    this.#watch?.dispose();
    this.#store.dispose();
  }

  #load(): void {
    const { webview, layout } = this.#surface;
    const dist = vscode.Uri.joinPath(this.#dependencies.extensionUri, 'dist');
    const media = vscode.Uri.joinPath(this.#dependencies.extensionUri, 'media');
    webview.options = { enableScripts: true, localResourceRoots: [dist, media] };
    webview.html = renderPanelHtml({
      layout,
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
      scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'dashboard.js')).toString(),
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(media, 'dashboard.css')).toString(),
      language: vscode.l10n.bundle ? vscode.env.language : 'en',
      title: displayName,
      bundle: vscode.l10n.bundle ?? {},
    });
  }

  #tellAll(): void {
    const { controller, feed } = this.#dependencies;
    this.#post({ type: 'state', state: controller.state });
    if (feed.current) this.#post({ type: 'activity', activity: feed.current });
  }

  #post(message: HostMessage): void {
    if (this.#surface.visible) void this.#surface.webview.postMessage(message);
  }

  async #receive(value: unknown): Promise<void> {
    const { controller, feed } = this.#dependencies;
    const message = parsePanelMessage(value);
    switch (message?.type) {
      case undefined:
        this.#logger.log('warn', 'dropped a message that is not part of the protocol');
        return;
      case 'ready':
        this.#tellAll();
        return;
      case 'instance':
        await controller.actOnInstance(message.action, message.id);
        return;
      case 'evict':
        await evictSession(controller.serving, message.id);
        feed.refresh();
        return;
      case 'details':
        await this.#tellDetails(message.id);
        return;
      case 'command':
        await this.#run(message.command);
    }
  }

  async #tellDetails(id: string): Promise<void> {
    try {
      const details = await this.#dependencies.controller.serving?.requestDetails(id);
      this.#post({ type: 'details', id, details: details ?? null });
    } catch (error) {
      const { message } = toGatewayError(error);
      this.#logger.log('warn', `no details of ${id}: ${message}`);
      await complain(vscode.l10n.t('The details of the request could not be read. {0}', message));
    }
  }

  async #run(command: PanelCommand): Promise<void> {
    try {
      await vscode.commands.executeCommand(...commandLine(command));
    } catch (error) {
      this.#logger.log('error', `${command}: ${toGatewayError(error).message}`);
      await complain(
        vscode.l10n.t('Lingma Gateway could not do this. {0}', toGatewayError(error).message),
      );
    }
  }
}

/** A command of VS Code with its arguments. */
function commandLine(command: PanelCommand): [string, ...string[]] {
  switch (command) {
    case 'choosePort':
      return [commandIds.openSettings, settingIds.port];
    case 'chooseLingma':
      return [commandIds.openSettings, settingIds.lingmaPath];
    default:
      return [`${section}.${command}`];
  }
}
