import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import { clientBaseUrl, snapshotOf } from '../dashboard/protocol';
import type { ApiKey } from './apiKey';
import type { GatewayController } from './controller';
import { commandIds, type CommandName, settingIds } from './ids';
import { instancePicks } from './instancePicks';
import type { Panel } from './panel';
import type { SignIn } from './signIn';

export interface CommandDependencies {
  readonly controller: GatewayController;
  readonly apiKey: ApiKey;
  readonly panel: Panel;
  readonly signIn: SignIn;
  readonly channel: vscode.LogOutputChannel;
  readonly extensionId: string;
}

type Command = (argument?: unknown) => void | Promise<void>;

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
  const { controller, apiKey, panel, signIn, channel, extensionId } = dependencies;

  async function sayNotRunning(): Promise<void> {
    const start = vscode.l10n.t('Start');
    const text =
      controller.state.kind === 'starting'
        ? vscode.l10n.t('Lingma Gateway is still starting. Try again when it is ready.')
        : vscode.l10n.t('Lingma Gateway is not running.');
    const buttons = controller.state.kind === 'starting' ? [] : [start];
    const choice = await vscode.window.showInformationMessage(text, ...buttons);
    if (choice === start) await controller.start();
  }

  return {
    start: async () => {
      if (controller.state.kind === 'ready') {
        confirm(vscode.l10n.t('Lingma Gateway is already running.'));
        return;
      }
      // A failure has its own notification.
      const state = await controller.start();
      const url = clientBaseUrl(state);
      if (state.kind === 'ready' && url) {
        confirm(vscode.l10n.t('Lingma Gateway is running at {0}.', url));
      }
    },
    stop: async () => {
      await controller.stop();
      confirm(vscode.l10n.t('Lingma Gateway is stopped.'));
    },
    restart: async () => {
      const state = await controller.restart();
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
      await vscode.env.clipboard.writeText(await apiKey.get());
      confirm(vscode.l10n.t('Copied the API key'));
    },
    clearSessions: async () => {
      const cleared = controller.clearSessions();
      if (cleared === undefined) await sayNotRunning();
      else if (cleared === 1) confirm(vscode.l10n.t('Cleared 1 idle session'));
      else confirm(vscode.l10n.t('Cleared {0} idle sessions', cleared));
    },
    signIn: async () => {
      const gateway = controller.serving;
      if (gateway) await signIn.run(gateway);
      else await sayNotRunning();
    },
    restartInstance: async () => {
      const snapshot = snapshotOf(controller.state);
      if (!snapshot || snapshot.instances.length === 0) {
        await sayNotRunning();
        return;
      }
      const pick = await vscode.window.showQuickPick(instancePicks(snapshot, vscode.l10n.t), {
        placeHolder: vscode.l10n.t('Choose the instance that gets a new process'),
      });
      if (pick) controller.actOnInstance(pick.action, pick.id);
    },
    showLog: () => {
      channel.show();
    },
    openSettings: async (setting) => {
      const known = Object.values(settingIds).find((id) => id === setting);
      const query = known ? `@id:${known}` : `@ext:${extensionId}`;
      await vscode.commands.executeCommand('workbench.action.openSettings', query);
    },
  };
}

/** A word of confirmation that asks for nothing: it passes by in the status bar. */
function confirm(message: string): void {
  vscode.window.setStatusBarMessage(`$(check) ${message}`, 5000);
}
