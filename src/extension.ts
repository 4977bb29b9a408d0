/** The extension's entry: builds the parts, ties them together, hands out the API. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { DisposableStore } from './base/disposable';
import type { HostState } from './dashboard/protocol';
import type { GatewayOptions } from './gateway/options';
import { createExports, type LingmaGatewayExports } from './vscode/api';
import { ApiKey } from './vscode/apiKey';
import { ChatProvider } from './vscode/chatProvider';
import { registerCommands } from './vscode/commands';
import { Config } from './vscode/config';
import { GatewayController } from './vscode/controller';
import { FailureNotice } from './vscode/failureNotice';
import { contextKeys, displayName } from './vscode/ids';
import { channelLogger } from './vscode/log';
import { OptionsWatch } from './vscode/optionsWatch';
import { Panel } from './vscode/panel';
import { toGatewayOptions } from './vscode/settings';
import { SignIn } from './vscode/signIn';
import { StatusBar } from './vscode/statusBar';

export type { LingmaGatewayApi, LingmaGatewayExports } from './vscode/api';

/** VS Code gives an extension 5 seconds to go; what is left over is the guardian's. */
const shutdownMs = 4000;

let shutdown: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): LingmaGatewayExports {
  const began = performance.now();
  const store = new DisposableStore();
  context.subscriptions.push(store);

  const channel = store.add(vscode.window.createOutputChannel(displayName, { log: true }));
  const logger = channelLogger(channel);
  const config = store.add(new Config(logger.child('settings')));
  const apiKey = store.add(new ApiKey(context.secrets));
  const buildOptions = async (): Promise<GatewayOptions> =>
    toGatewayOptions(config.read(), {
      apiKey: await apiKey.get(),
      workDir: vscode.Uri.joinPath(context.globalStorageUri, 'instances').fsPath,
      distDir: join(context.extensionPath, 'dist'),
    });
  const controller = store.add(
    new GatewayController({
      logger,
      buildOptions,
      createGateway: async (options) => {
        // The core is evaluated on the first start, not while VS Code waits for activation.
        const { Gateway } = await import('./gateway/gateway');
        return new Gateway(options, { logger });
      },
    }),
  );
  const panel = store.add(
    new Panel({
      extensionUri: context.extensionUri,
      logger,
      currentState: () => controller.state,
      onInstance: (action, id) => {
        controller.actOnInstance(action, id);
      },
    }),
  );
  // Some editors made from VS Code have no language models.
  if ('registerLanguageModelChatProvider' in vscode.lm) store.add(new ChatProvider(controller));
  const statusBar = store.add(new StatusBar());
  const notice = new FailureNotice(context.globalState);
  const signIn = store.add(new SignIn(controller));
  const extensionId = context.extension.id;
  store.add(registerCommands({ controller, apiKey, panel, signIn, channel, extensionId }));

  let kind: HostState['kind'] | undefined;
  const show = (state: HostState): void => {
    statusBar.render(state);
    panel.render(state);
    if (state.kind === kind) return;
    kind = state.kind;
    void vscode.commands.executeCommand('setContext', contextKeys.state, kind);
  };
  store.add(controller.onDidChange(show));
  store.add(controller.onDidFail((failure) => void notice.show(failure)));
  const watch = store.add(new OptionsWatch({ logger, controller, buildOptions }));
  store.add(
    config.onDidChange(() => {
      statusBar.setVisible(config.read().showStatusBar);
      watch.notice();
    }),
  );
  store.add(apiKey.onDidChange(watch.notice));

  const { autoStart, showStatusBar } = config.read();
  statusBar.setVisible(showStatusBar);
  show(controller.state);
  if (autoStart) void controller.start({ unasked: true });

  shutdown = () => controller.shutdown();
  logger.log('info', `activated in ${(performance.now() - began).toFixed(1)} ms`);
  return createExports(controller, apiKey);
}

export async function deactivate(): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, shutdownMs).unref());
  await Promise.race([shutdown?.(), late]);
}
