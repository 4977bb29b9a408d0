/** Which setting each option of the gateway comes from. */
import type { ConfigOrigins, OptionOrigins, Origin } from '../gateway/effectiveConfig';
import type { GatewayOptions } from '../gateway/options';
import { settingIds, type SettingName } from './ids';
import type { Settings } from './settings';

/** Options that no setting decides are left out. */
const SETTINGS_OF: Partial<Record<keyof GatewayOptions, readonly SettingName[]>> = {
  host: ['host'],
  port: ['port'],
  corsOrigins: ['corsOrigins'],
  allowedHosts: ['allowedHosts'],
  maxTurnsPerKey: ['maxTurnsPerKey'],
  source: ['agentCommand', 'connection', 'attachTo', 'lingmaPath'],
  instances: ['instances'],
  maxInFlight: ['maxInFlight'],
  sessionMax: ['sessionMax'],
  sessionMaxPerInstance: ['sessionMaxPerInstance'],
  sessionTtlSeconds: ['sessionTtl'],
  idleTimeoutSeconds: ['idleTimeout'],
  turnTimeoutSeconds: ['turnTimeout'],
  passEnvironment: ['passEnvironment'],
  modelAliases: ['modelAliases'],
  askMode: ['askMode'],
  remoteImages: ['remoteImages'],
  blindModels: ['imagesWithoutVision'],
  captureBodies: ['captureBodies'],
};

export interface SettingsSource {
  read(): Settings;
  /** Whether somebody has written a value for it, be it the default. */
  isSet(name: SettingName): boolean;
}

export function settingOrigins(source: SettingsSource): ConfigOrigins {
  const origin = (names: readonly SettingName[]): Origin => {
    const name = names.find((candidate) => source.isSet(candidate));
    return name ? { from: 'setting', name: settingIds[name] } : { from: 'default' };
  };
  return {
    options: (): OptionOrigins => ({
      ...Object.fromEntries(
        Object.entries(SETTINGS_OF).map(([option, names]) => [option, origin(names)]),
      ),
      apiKey: { from: 'secretStorage' },
    }),
    // What concerns the window that runs the gateway, and not the gateway.
    host: () => {
      const { autoStart, showStatusBar } = source.read();
      return {
        autoStart: { value: autoStart, origin: origin(['autoStart']) },
        showStatusBar: { value: showStatusBar, origin: origin(['showStatusBar']) },
      };
    },
  };
}
