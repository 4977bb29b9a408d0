/** A window without VS Code: the controller with real gateways, the demo, and real neighbours. */
import path from 'node:path';
import type { GatewayOptions } from '../../src/gateway/options';
import type { Logger } from '../../src/observe/log';
import { GatewayController } from '../../src/vscode/controller';
import { type Settings, settingDefaults, toGatewayOptions } from '../../src/vscode/settings';
import { LocalGateway } from '../../src/vscode/windows/localGateway';
import { userWindows } from '../../src/vscode/windows/windows';

export interface WindowOptions {
  /** As VS Code's SecretStorage of this window has it. */
  readonly apiKey: string;
  readonly workDir: string;
  readonly logger: Logger;
  /** Read anew for each start. */
  readonly settings: Partial<Settings>;
}

/** Windows of one user share `XDG_STATE_HOME`, which the test has set. */
export function openWindow({ apiKey, workDir, logger, settings }: WindowOptions): {
  controller: GatewayController;
  buildOptions: () => Promise<GatewayOptions>;
} {
  const windows = userWindows(logger);
  const distDir = path.resolve('dist');
  const defaults = { ...settingDefaults, lingmaPath: path.join(distDir, 'demo.js') };
  const buildOptions = (): Promise<GatewayOptions> =>
    Promise.resolve(toGatewayOptions({ ...defaults, ...settings }, { apiKey, workDir, distDir }));
  const controller = new GatewayController({
    logger,
    buildOptions,
    createGateway: (options, host) =>
      Promise.resolve(new LocalGateway(options, { logger, windows: host })),
    windows: () => Promise.resolve(windows),
    lookoutMs: 200,
  });
  return { controller, buildOptions };
}
