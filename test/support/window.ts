/** A window without VS Code: the controller with real gateways, the demo, and real neighbours. */
import path from 'node:path';
import type { GatewayOptions } from '../../src/gateway/options';
import type { Logger } from '../../src/observe/log';
import { ApiKey, type SecretStore } from '../../src/vscode/apiKey';
import { GatewayController } from '../../src/vscode/controller';
import type { KeyDependencies } from '../../src/vscode/keys/dependencies';
import { KeyMirror } from '../../src/vscode/keys/keyMirror';
import { KeyStore } from '../../src/vscode/keys/keyStore';
import { type Settings, settingDefaults, toGatewayOptions } from '../../src/vscode/settings';
import { LocalGateway } from '../../src/vscode/windows/localGateway';
import { userWindows } from '../../src/vscode/windows/windows';
import { FakeSecrets } from './secrets';

export interface WindowOptions {
  /** As VS Code's SecretStorage of this window has it; by default what `secrets` gives. */
  readonly apiKey?: string;
  /** The SecretStorage of its editor, where the window is to keep clients' keys. */
  readonly secrets?: SecretStore;
  readonly workDir: string;
  readonly logger: Logger;
  /** Read anew for each start. */
  readonly settings: Partial<Settings>;
}

/** Windows of one user share `XDG_STATE_HOME`, which the test has set. */
export function openWindow({
  apiKey,
  workDir,
  logger,
  settings,
  secrets = new FakeSecrets(),
}: WindowOptions): {
  controller: GatewayController;
  buildOptions: () => Promise<GatewayOptions>;
  keys: KeyDependencies & { readonly apiKey: ApiKey };
} {
  const windows = userWindows(logger);
  const ownKey = new ApiKey(secrets, () => windows.keys());
  const store = new KeyStore(secrets, () => windows.keys(), logger, 50);
  const distDir = path.resolve('dist');
  const defaults = { ...settingDefaults, lingmaPath: path.join(distDir, 'demo.js') };
  const buildOptions = async (): Promise<GatewayOptions> => {
    const clientKeys = await store.given();
    const host = { apiKey: apiKey ?? (await ownKey.get()), clientKeys, workDir, distDir };
    return toGatewayOptions({ ...defaults, ...settings }, host);
  };
  const controller = new GatewayController({
    logger,
    buildOptions,
    createGateway: (options, host) =>
      Promise.resolve(new LocalGateway(options, { logger, windows: host, keyKeeper: store })),
    windows: () => Promise.resolve(windows),
    lookoutMs: 200,
  });
  new KeyMirror({ controller, store, logger });
  return { controller, buildOptions, keys: { controller, apiKey: ownKey, store } };
}
