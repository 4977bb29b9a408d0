/** The extension's entry: builds the parts, ties them together, hands out the API. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from './base/disposable';
import { version } from './base/version';
import type { HostState } from './dashboard/protocol';
import { encodingCounter } from './gateway/encodingFile';
import type { GatewayOptions } from './gateway/options';
import type { LingmaGatewayExports } from './api';
import { createExports } from './vscode/api';
import { ActivityFeed } from './vscode/activityFeed';
import { ApiKey } from './vscode/apiKey';
import { ChatProvider } from './vscode/chatProvider';
import { registerCommands } from './vscode/commands';
import { Config } from './vscode/config';
import { connectionSource } from './vscode/connection';
import { GatewayController } from './vscode/controller';
import { DrainWatch } from './vscode/drainWatch';
import { FailureNotice } from './vscode/failureNotice';
import { contextKeys, displayName } from './vscode/ids';
import { KeyMirror } from './vscode/keys/keyMirror';
import { KeyStore } from './vscode/keys/keyStore';
import { channelLogger } from './vscode/log';
import { OptionsWatch } from './vscode/optionsWatch';
import { Panel } from './vscode/panel';
import { registerParticipant } from './vscode/participant/register';
import { RecentLog } from './vscode/recentLog';
import { PATIENCE_MS, showDrain } from './vscode/progress';
import { toGatewayOptions } from './vscode/settings';
import { registerSideBar } from './vscode/sideBar';
import { SignIn } from './vscode/signIn';
import { StatusBar } from './vscode/statusBar';
import type { Windows } from './vscode/windows/windows';

export type { LingmaGatewayApi, LingmaGatewayExports } from './api';

/** VS Code gives an extension 5 seconds to go; what is left over is the guardian's. */
const shutdownMs = 4000;

let shutdown: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): LingmaGatewayExports {
  const began = performance.now();
  const store = new DisposableStore();
  context.subscriptions.push(store);

  const channel = store.add(vscode.window.createOutputChannel(displayName, { log: true }));
  const recentLog = new RecentLog();
  const logger = channelLogger(channel, recentLog);
  const config = store.add(new Config(logger.child('settings')));
  let windows: Promise<Windows> | undefined;
  const otherWindows = (): Promise<Windows> =>
    (windows ??= import('./vscode/windows/windows').then(({ userWindows }) => userWindows(logger)));
  const apiKey = store.add(new ApiKey(context.secrets, async () => (await otherWindows()).keys()));
  const clientKeys = store.add(
    new KeyStore(context.secrets, async () => (await otherWindows()).keys(), logger.child('keys')),
  );
  const distDir = join(context.extensionPath, 'dist');
  const tokens = encodingCounter(distDir, logger);
  const buildOptions = async (): Promise<GatewayOptions> => {
    // The settings last: they may change while the system asks the user to unlock the key.
    const key = await apiKey.get();
    const given = await clientKeys.given();
    return toGatewayOptions(config.read(), {
      apiKey: key,
      clientKeys: given,
      workDir: vscode.Uri.joinPath(context.globalStorageUri, 'instances').fsPath,
      distDir,
    });
  };
  const controller = store.add(
    new GatewayController({
      logger,
      buildOptions,
      // The core is evaluated on the first start, not while VS Code waits for activation.
      createGateway: async (options, host) => {
        const { LocalGateway } = await import('./vscode/windows/localGateway');
        const { settingOrigins } = await import('./vscode/settingOrigins');
        const origins = settingOrigins(config);
        return new LocalGateway(options, {
          logger,
          tokens,
          windows: host,
          origins,
          keyKeeper: clientKeys,
        });
      },
      windows: otherWindows,
    }),
  );
  const feed = store.add(new ActivityFeed(controller, logger));
  const dashboard = { extensionUri: context.extensionUri, logger, controller, feed };
  const panel = store.add(new Panel(dashboard));
  store.add(registerSideBar(dashboard));
  // Some editors made from VS Code have no language models and no chat, or take none of ours.
  const offer = (what: string, register: () => Disposable): void => {
    try {
      store.add(register());
    } catch (error) {
      logger.log('warn', `this editor takes no ${what}: ${String(error)}`);
    }
  };
  const { lm } = vscode as { readonly lm?: Partial<typeof vscode.lm> };
  if (lm?.registerLanguageModelChatProvider) {
    offer('language models', () => new ChatProvider(controller, tokens, context.globalState));
  }
  const { extensionUri, workspaceState: memory } = context;
  offer('chat participant', () =>
    registerParticipant({ controller, logger, memory, extensionUri }),
  );
  const statusBar = store.add(new StatusBar());
  const notice = new FailureNotice();
  const signIn = store.add(new SignIn(controller));
  const extensionId = context.extension.id;
  const setup = {
    source: connectionSource(controller),
    state: () => controller.state,
    settings: () => config.read(),
    recentLog: () => recentLog.lines,
    logger: logger.child('setup'),
    storage: context.globalStorageUri,
    keys: { controller, apiKey, store: clientKeys },
    extensionVersion: version,
    store,
  };
  store.add(
    registerCommands({ controller, apiKey, panel, feed, signIn, channel, extensionId, setup }),
  );

  const drains = store.add(new DrainWatch({ show: showDrain, patienceMs: PATIENCE_MS }));
  let kind: HostState['kind'] | undefined;
  const show = (state: HostState): void => {
    statusBar.render(state);
    drains.look(state);
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
  store.add(clientKeys.onDidChange(watch.notice));
  store.add(new KeyMirror({ controller, store: clientKeys, logger: logger.child('keys') }));

  const { autoStart, showStatusBar } = config.read();
  statusBar.setVisible(showStatusBar);
  show(controller.state);
  if (autoStart) void controller.start();
  else controller.lookOut();

  shutdown = () => controller.shutdown();
  logger.log('info', `activated in ${(performance.now() - began).toFixed(1)} ms`);
  return createExports(controller, apiKey);
}

export async function deactivate(): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, shutdownMs).unref());
  await Promise.race([shutdown?.(), late]);
}
