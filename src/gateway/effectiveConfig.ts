/**
 * `/internal/effective-config`: every option, its value now, and where it comes from. What is secret
 * cannot get into it: the values of such options are never read, whatever becomes of the rest.
 */
import { REDACTED } from '../observe/redact';
import type { LiveOptions } from './liveOptions';
import { LIVE_OPTION_NAMES } from './liveOptions';
import type { GatewayOptions, Source } from './options';

/** Where a value comes from; `name` is the flag, the variable or the setting as users write it. */
export type Origin =
  | { readonly from: 'default' }
  | { readonly from: 'flag' | 'environment' | 'setting'; readonly name: string }
  /** Made up for this run. */
  | { readonly from: 'generated' }
  /** Kept by the editor. */
  | { readonly from: 'secretStorage' }
  /** Changed over HTTP since it started. */
  | { readonly from: 'request' };

export type OptionOrigins = Readonly<Partial<Record<keyof GatewayOptions, Origin>>>;

/** What has been decided outside of the gateway's options, such as the format of the log. */
export type HostConfig = Readonly<Record<string, ConfigEntry>>;

export interface ConfigEntry {
  readonly value: unknown;
  readonly origin: Origin;
}

/** Whoever made the options knows where they come from. */
export interface ConfigOrigins {
  /** Options that are not in it have their defaults. Asked anew each time. */
  readonly options: () => OptionOrigins;
  readonly host: () => HostConfig;
}

type SecretOption = 'apiKey' | 'clientKeys';

/**
 * How each option is shown. A new one does not compile before somebody has said here whether it may
 * be shown at all.
 */
const SHOWN: {
  readonly [K in Exclude<keyof GatewayOptions, SecretOption>]: (
    value: GatewayOptions[K],
  ) => unknown;
} = {
  host: asItIs,
  port: asItIs,
  corsOrigins: asItIs,
  allowedHosts: asItIs,
  maxTurnsPerKey: asItIs,
  source: showSource,
  instances: asItIs,
  maxInFlight: asItIs,
  sessionMax: asItIs,
  sessionMaxPerInstance: asItIs,
  sessionTtlSeconds: asItIs,
  idleTimeoutSeconds: asItIs,
  turnTimeoutSeconds: asItIs,
  workDir: asItIs,
  workDirConflict: asItIs,
  passEnvironment: namesOnly,
  modelAliases: asItIs,
  askMode: asItIs,
  remoteImages: asItIs,
  blindModels: asItIs,
  captureBodies: asItIs,
  distDir: asItIs,
};

/**
 * @param given The options as the gateway was given them last.
 * @param live Those of them that may change, as they are now.
 */
export function describeConfig(
  given: GatewayOptions,
  live: LiveOptions,
  origins: ConfigOrigins | undefined,
): Record<string, ConfigEntry> {
  const known = origins?.options() ?? {};
  const originOf = (name: keyof GatewayOptions): Origin => known[name] ?? { from: 'default' };
  const changed = new Set<string>(
    LIVE_OPTION_NAMES.filter((name) => JSON.stringify(given[name]) !== JSON.stringify(live[name])),
  );
  const now = { ...given, ...live };
  const entry = (name: keyof typeof SHOWN): [string, ConfigEntry] => {
    // Each is shown by the function of its own name, which no type can follow through a loop.
    const show = SHOWN[name] as (value: unknown) => unknown;
    const origin: Origin = changed.has(name) ? { from: 'request' } : originOf(name);
    return [name, { value: show(now[name]), origin }];
  };
  return {
    apiKey: { value: REDACTED, origin: originOf('apiKey') },
    // Their names stand in the log and in the statistics as well.
    clientKeys: {
      value: given.clientKeys.map(({ name }: { readonly name: string }) => name),
      origin: originOf('clientKeys'),
    },
    ...Object.fromEntries(
      (Object.keys(SHOWN) as (keyof typeof SHOWN)[]).map((name) => entry(name)),
    ),
    ...origins?.host(),
  };
}

function asItIs(value: unknown): unknown {
  return value;
}

/** Some tools take `NAME=VALUE` where we take a name, so somebody will write it. */
function namesOnly(names: readonly string[]): unknown {
  return names.map((name) => name.replace(/=.*$/s, '=…'));
}

/**
 * The arguments of an agent, a variable before it, and the user or the query of an address may hold
 * what is nobody's business.
 */
function showSource(source: Source): object {
  switch (source.kind) {
    case 'lingma':
      return source;
    case 'attach':
      return {
        kind: 'attach',
        target: source.target.replace(/[?#].*$/s, '?…').replace(/:\/\/.*@/s, '://…@'),
      };
    case 'agent': {
      const [program = ''] = /^\s*("[^"]*"|'[^']*'|\S*)/.exec(source.command) ?? [];
      return { kind: 'agent', program: program.trim().replace(/=.*$/s, '=…') };
    }
  }
}
