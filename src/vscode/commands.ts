import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import { clientBaseUrl } from '../dashboard/protocol';
import type { ActivityFeed } from './activityFeed';
import type { ApiKey } from './apiKey';
import { toggleCapture } from './captureToggle';
import type { GatewayController } from './controller';
import { commandIds, type CommandName, settingIds } from './ids';
import { nodeCommands } from './nodeCommands';
import { inform } from './notify';
import type { Panel } from './panel';
import { withPatience } from './progress';
import type { SetupDependencies } from './setup/dependencies';
import { setupCommands } from './setupCommands';
import type { SignIn } from './signIn';

export interface CommandDependencies {
  readonly controller: GatewayController;
  readonly apiKey: ApiKey;
  readonly panel: Panel;
  readonly feed: ActivityFeed;
  readonly signIn: SignIn;
  readonly channel: vscode.LogOutputChannel;
  readonly extensionId: string;
  readonly setup: Omit<SetupDependencies, 'sayNotRunning'>;
}

type Command = (argument?: unknown) => unknown;

/** Registers every command. Each one answers in every state of the gateway. */
export function registerCommands(dependencies: CommandDependencies): Disposable {
  const store = new DisposableStore();
  const table = commandTable(dependencies);
  for (const name of Object.keys(commandIds) as CommandName[]) {
    store.add(vscode.commands.registerCommand(commandIds[name], table[name]));
  }
  return store;
}

function commandTable(dependencies: CommandDependencies): Record<CommandName, Command> {
  const { controller, apiKey, panel, feed, signIn, channel, extensionId, setup } = dependencies;

  async function sayNotRunning(): Promise<void> {
    const start = vscode.l10n.t('Start');
    const text =
      controller.state.kind === 'starting'
        ? vscode.l10n.t('Lingma Gateway is still starting. Try again when it is ready.')
        : vscode.l10n.t('Lingma Gateway is not running.');
    const buttons = controller.state.kind === 'starting' ? [] : [start];
    const choice = await inform(text, ...buttons);
    if (choice === start) await controller.start();
  }

  const giveUpStart = (): void => void controller.stop();

  return {
    start: async () => {
      if (controller.state.kind === 'ready') {
        confirm(vscode.l10n.t('Lingma Gateway is already running.'));
        return;
      }
      // A failure has its own notification.
      const state = await withPatience(
        controller.start(),
        vscode.l10n.t('Starting Lingma Gateway'),
        giveUpStart,
      );
      const url = clientBaseUrl(state);
      if (state.kind === 'ready' && url) {
        confirm(vscode.l10n.t('Lingma Gateway is running at {0}.', url));
      }
    },
    stop: async () => {
      const { state } = controller;
      const followed = state.kind === 'ready' && state.role === 'follower';
      await controller.stop();
      confirm(
        followed
          ? vscode.l10n.t('Lingma Gateway is stopped, in the other windows as well.')
          : vscode.l10n.t('Lingma Gateway is stopped.'),
      );
    },
    restart: async () => {
      const state = await withPatience(
        controller.restart(),
        vscode.l10n.t('Restarting Lingma Gateway'),
        giveUpStart,
      );
      if (state.kind === 'ready') confirm(vscode.l10n.t('Lingma Gateway has restarted.'));
    },
    openPanel: () => {
      panel.open();
    },
    copyBaseUrl: async () => {
      const url = clientBaseUrl(controller.state);
      if (!url) {
        await sayNotRunning();
        return;
      }
      await vscode.env.clipboard.writeText(url);
      confirm(vscode.l10n.t('Copied {0}', url));
    },
    copyApiKey: async () => {
      // Another window's gateway may have another key.
      const key = (await controller.connection())?.apiKey ?? (await apiKey.get());
      await vscode.env.clipboard.writeText(key);
      confirm(vscode.l10n.t('Copied the API key'));
    },
    clearSessions: async () => {
      const cleared = await controller.clearSessions();
      if (cleared === undefined) await sayNotRunning();
      else if (cleared === 1) confirm(vscode.l10n.t('Cleared 1 idle session'));
      else confirm(vscode.l10n.t('Cleared {0} idle sessions', cleared));
    },
    signIn: async () => {
      const gateway = controller.serving;
      if (gateway) await signIn.run(gateway);
      else await sayNotRunning();
    },
    ...nodeCommands({ controller, feed, sayNotRunning }),
    toggleCapture,
    showLog: () => {
      channel.show();
    },
    openSettings: async (setting) => {
      const known = Object.values(settingIds).find((id) => id === setting);
      const query = known ? `@id:${known}` : `@ext:${extensionId}`;
      await vscode.commands.executeCommand('workbench.action.openSettings', query);
    },
    ...setupCommands({ ...setup, sayNotRunning }, extensionId),
  };
}

/** A word of confirmation that asks for nothing: it passes by in the status bar. */
function confirm(message: string): void {
  vscode.window.setStatusBarMessage(`$(check) ${message}`, 5000);
}
