/** Which flag or variable each option of the launcher comes from. */
import type { ConfigOrigins, HostConfig, OptionOrigins, Origin } from '../gateway/effectiveConfig';
import type { GatewayOptions } from '../gateway/options';
import { CLIENT_KEYS_VARIABLE, type FlagName, type HeadlessFlags, KEY_VARIABLE } from './flags';

type Option = keyof GatewayOptions;
type HostFlags = Pick<HeadlessFlags, 'logLevel' | 'logFormat' | 'logFile' | 'drainSeconds'>;

/** Most options have one flag; without any it is this launcher that decides. */
const FLAGS_OF: Readonly<Record<Option, readonly FlagName[]>> = {
  apiKey: ['api-key'],
  clientKeys: ['client-key'],
  host: ['host'],
  port: ['port'],
  corsOrigins: ['cors-origin'],
  allowedHosts: ['allowed-host'],
  maxTurnsPerKey: ['max-turns-per-key'],
  source: ['lingma', 'attach', 'agent-command'],
  instances: ['instances'],
  maxInFlight: ['max-in-flight'],
  sessionMax: ['session-max'],
  sessionMaxPerInstance: ['session-max-per-instance'],
  sessionTtlSeconds: ['session-ttl'],
  idleTimeoutSeconds: ['idle-timeout'],
  turnTimeoutSeconds: ['turn-timeout'],
  workDir: ['work-dir'],
  workDirConflict: ['work-dir'],
  passEnvironment: ['pass-env'],
  modelAliases: [],
  askMode: ['ask-mode'],
  remoteImages: ['remote-images'],
  blindModels: ['images-without-vision'],
  captureBodies: ['capture-bodies'],
  distDir: [],
};

const HOST_FLAGS_OF: Readonly<Record<keyof HostFlags, FlagName>> = {
  logLevel: 'verbose',
  logFormat: 'log-format',
  logFile: 'log-file',
  drainSeconds: 'drain-seconds',
};

/** @param given Names of the flags that are on the command line. */
export function originsOf(
  given: ReadonlySet<string>,
  env: Readonly<Record<string, string | undefined>>,
  host: HostFlags,
): ConfigOrigins {
  const flagOrigin = (flags: readonly FlagName[]): Origin | undefined => {
    const flag = flags.find((name) => given.has(name));
    return flag && { from: 'flag', name: `--${flag}` };
  };
  const fromEnvironment = (name: string): Origin | undefined =>
    env[name] ? { from: 'environment', name } : undefined;
  const entries = (Object.keys(FLAGS_OF) as Option[]).map(
    (name) => [name, flagOrigin(FLAGS_OF[name])] as const,
  );
  const options: OptionOrigins = {
    ...Object.fromEntries(entries.flatMap(([name, origin]) => (origin ? [[name, origin]] : []))),
    apiKey: flagOrigin(FLAGS_OF.apiKey) ?? fromEnvironment(KEY_VARIABLE) ?? { from: 'generated' },
    // Flags and variable are taken together; the flags are the ones that somebody just typed.
    clientKeys: flagOrigin(FLAGS_OF.clientKeys) ??
      fromEnvironment(CLIENT_KEYS_VARIABLE) ?? { from: 'default' },
  };
  const hostConfig: HostConfig = Object.fromEntries(
    (Object.keys(HOST_FLAGS_OF) as (keyof HostFlags)[]).map((name) => [
      name,
      { value: host[name], origin: flagOrigin([HOST_FLAGS_OF[name]]) ?? { from: 'default' } },
    ]),
  );
  return { options: () => options, host: () => hostConfig };
}
