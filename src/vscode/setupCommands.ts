import * as vscode from 'vscode';
import type { CommandName } from './ids';
import { walkthroughId } from './ids';
import type { SetupDependencies } from './setup/dependencies';
import type { SetupCommands } from './setup/main';

export type SetupCommandName = Extract<CommandName, keyof SetupCommands | 'openWalkthrough'>;

/** The commands of `setup/`, whose code is loaded when the first of them is used. */
export function setupCommands(
  deps: SetupDependencies,
  extensionId: string,
): Record<SetupCommandName, (argument?: unknown) => unknown> {
  let loading: Promise<SetupCommands> | undefined;
  const load = (): Promise<SetupCommands> =>
    (loading ??= import('./setup/main').then(({ createSetupCommands }) =>
      createSetupCommands(deps),
    ));
  return {
    connectClient: async (client) => (await load()).connectClient(client),
    undoClientSetup: async () => (await load()).undoClientSetup(),
    openTerminal: async () => (await load()).openTerminal(),
    testConnection: async () => (await load()).testConnection(),
    copyDiagnostics: async () => (await load()).copyDiagnostics(),
    showEffectiveConfig: async () => (await load()).showEffectiveConfig(),
    rotateApiKey: async () => (await load()).rotateApiKey(),
    createClientKey: async (name) => (await load()).createClientKey(name),
    manageClientKeys: async () => (await load()).manageClientKeys(),
    applyChange: async () => {
      (await load()).applyChange();
    },
    discardChange: async () => {
      (await load()).discardChange();
    },
    openWalkthrough: () =>
      vscode.commands.executeCommand(
        'workbench.action.openWalkthrough',
        `${extensionId}#${walkthroughId}`,
        false,
      ),
  };
}
