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
export type HostConfig = EffectiveConfig;

export interface ConfigEntry {
  readonly value: unknown;
  readonly origin: Origin;
}

/** By the names of the options, and of what the host has decided. */
export type EffectiveConfig = Readonly<Record<string, ConfigEntry>>;

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
  passEnvironment: shownNames,
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
): EffectiveConfig {
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

function showSource(source: Source): object {
  switch (source.kind) {
    case 'lingma':
      return source;
    case 'attach':
      return { kind: 'attach', target: shownAddress(source.target) };
    case 'agent':
      return { kind: 'agent', program: shownProgram(source.command) };
  }
}

/** Names of variables without values: some tools take `NAME=VALUE`, so somebody will write it. */
export function shownNames(names: readonly string[]): string[] {
  return names.map((name) => name.replace(/=.*$/s, '=…'));
}

/** An address without its query; nothing but its scheme where a user may stand in it. */
export function shownAddress(address: string): string {
  // A password may hold any character, so nobody can tell where it ends.
  if (address.includes('@')) return address.replace(/:\/\/.*$/s, '://…');
  return address.replace(/[?#].*$/s, '?…');
}

/** The program of a command line: its arguments, or a variable in front of it, may hold a key. */
export function shownProgram(command: string): string {
  const [, program = '', rest = ''] = /^("[^"]*"|'[^']*'|\S*)(.*)$/s.exec(command.trim()) ?? [];
  return `${program.replace(/=.*$/s, '=…')}${rest === '' ? '' : ' …'}`;
}
