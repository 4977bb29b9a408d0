/** The extension's settings: their shape, defaults and limits, and how they become gateway options. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseAddress, parseHostName } from '../base/address';
import { type GatewayError, invalidRequest } from '../base/errors';
import { parseOrigin } from '../base/origin';
import { ASK_MODES } from '../gateway/askMode';
import { bounds, defaults, type GatewayOptions } from '../gateway/options';
import { BLIND_MODEL_RULES } from '../gateway/vision';
import { settingIds, type SettingName } from './ids';

const connections = ['spawn', 'attach'] as const;
export type Connection = (typeof connections)[number];

export interface Settings {
  /** Start the gateway when the window opens. */
  readonly autoStart: boolean;
  /** TCP port; 0 picks a free one. */
  readonly port: number;
  /** Absolute path of the Lingma program; empty = look for it, then use the demo. */
  readonly lingmaPath: string;
  /** Start Lingma, or use a client of it that runs already. */
  readonly connection: Connection;
  /** What to attach to: an info file, a socket or a `ws://` URL; empty = search the usual places. */
  readonly attachTo: string;
  /** Command line of an agent to run in place of Lingma; empty = none. */
  readonly agentCommand: string;
  readonly instances: number;
  /** Turns one instance runs at once; 0 = unlimited. */
  readonly maxInFlight: number;
  /** Sessions the cache keeps; 0 switches reuse off. */
  readonly sessionMax: number;
  /** Sessions kept on one instance; 0 = as many as `sessionMax` allows. */
  readonly sessionMaxPerInstance: number;
  /** Seconds a session stays reusable after its last turn; 0 = for ever. */
  readonly sessionTtl: number;
  /** Seconds a turn may go without any sign from its process. */
  readonly idleTimeout: number;
  /** Seconds a turn may take in all. */
  readonly turnTimeout: number;
  /** How Lingma takes a turn whose model name does not say it. */
  readonly askMode: GatewayOptions['askMode'];
  /** Fetch images of which clients send the address only. */
  readonly remoteImages: boolean;
  /** What becomes of images for a model that takes none. */
  readonly imagesWithoutVision: GatewayOptions['blindModels'];
  /** Variables of the environment that Lingma gets beside those that it needs. */
  readonly passEnvironment: readonly string[];
  /** Glob of a client's model name → model id, or `default`. */
  readonly modelAliases: Readonly<Record<string, string>>;
  /** Origins of web pages that may call. */
  readonly corsOrigins: readonly string[];
  /** IP address to listen on. */
  readonly host: string;
  /** Names by which the gateway may be called, besides those of loopback. */
  readonly allowedHosts: readonly string[];
  /** Requests with a body that one key may have at work; 0 = any number. */
  readonly maxTurnsPerKey: number;
  /** Keep the texts of the latest turns in memory. */
  readonly captureBodies: boolean;
  readonly showStatusBar: boolean;
}

export const settingDefaults: Settings = {
  autoStart: true,
  port: defaults.port,
  lingmaPath: '',
  connection: 'spawn',
  attachTo: '',
  agentCommand: '',
  instances: defaults.instances,
  maxInFlight: defaults.maxInFlight,
  sessionMax: defaults.sessionMax,
  sessionMaxPerInstance: defaults.sessionMaxPerInstance,
  sessionTtl: defaults.sessionTtlSeconds,
  idleTimeout: defaults.idleTimeoutSeconds,
  turnTimeout: defaults.turnTimeoutSeconds,
  askMode: defaults.askMode,
  remoteImages: defaults.remoteImages,
  imagesWithoutVision: defaults.blindModels,
  passEnvironment: defaults.passEnvironment,
  modelAliases: defaults.modelAliases,
  corsOrigins: defaults.corsOrigins,
  host: defaults.host,
  allowedHosts: defaults.allowedHosts,
  maxTurnsPerKey: defaults.maxTurnsPerKey,
  captureBodies: defaults.captureBodies,
  showStatusBar: true,
};

/** Inclusive limits of the numeric settings. */
export const settingBounds = {
  port: bounds.port,
  maxTurnsPerKey: bounds.maxTurnsPerKey,
  instances: bounds.instances,
  maxInFlight: bounds.maxInFlight,
  sessionMax: bounds.sessionMax,
  sessionMaxPerInstance: bounds.sessionMaxPerInstance,
  sessionTtl: bounds.sessionTtlSeconds,
  idleTimeout: bounds.idleTimeoutSeconds,
  turnTimeout: bounds.turnTimeoutSeconds,
} as const satisfies Partial<Record<SettingName, { min: number; max: number }>>;

export interface SettingsReading {
  readonly settings: Settings;
  /** One line for each value that could not be taken as it was written. */
  readonly corrections: readonly string[];
}

/**
 * Reads every setting through `read`. settings.json is typed by hand, so nothing is trusted: a
 * value of the wrong type gives the default, a number out of bounds the nearest bound.
 */
export function readSettings(read: (name: SettingName) => unknown): SettingsReading {
  const corrections: string[] = [];

  function correct<T>(name: SettingName, written: unknown, taken: T): T {
    const shown = typeof written === 'string' ? `"${written}"` : String(written);
    corrections.push(`${settingIds[name]}: ${shown} is not usable, ${String(taken)} is used`);
    return taken;
  }

  function boolean(
    name: 'autoStart' | 'remoteImages' | 'captureBodies' | 'showStatusBar',
  ): boolean {
    const value = read(name) ?? settingDefaults[name];
    return typeof value === 'boolean' ? value : correct(name, value, settingDefaults[name]);
  }

  function integer(name: keyof typeof settingBounds): number {
    const value = read(name) ?? settingDefaults[name];
    if (typeof value !== 'number' || Number.isNaN(value)) {
      return correct(name, value, settingDefaults[name]);
    }
    const { min, max } = settingBounds[name];
    const clamped = Math.min(max, Math.max(min, Math.trunc(value)));
    return clamped === value ? value : correct(name, value, clamped);
  }

  function path(name: 'lingmaPath'): string {
    const value = read(name) ?? '';
    return typeof value === 'string' ? expandHome(value.trim()) : correct(name, value, '');
  }

  function text(name: 'attachTo' | 'agentCommand'): string {
    const value = read(name) ?? '';
    return typeof value === 'string' ? value.trim() : correct(name, value, '');
  }

  function connection(name: 'connection'): Connection {
    const value = read(name) ?? settingDefaults[name];
    const known = connections.find((candidate) => candidate === value);
    return known ?? correct(name, value, settingDefaults[name]);
  }

  function askMode(name: 'askMode'): Settings['askMode'] {
    const value = read(name) ?? settingDefaults[name];
    const known = ASK_MODES.find((candidate) => candidate === value);
    return known ?? correct(name, value, settingDefaults[name]);
  }

  function blindModels(name: 'imagesWithoutVision'): Settings['imagesWithoutVision'] {
    const value = read(name) ?? settingDefaults[name];
    const known = BLIND_MODEL_RULES.find((candidate) => candidate === value);
    return known ?? correct(name, value, settingDefaults[name]);
  }

  function aliases(name: 'modelAliases'): Record<string, string> {
    const value = read(name) ?? settingDefaults[name];
    if (typeof value !== 'object' || Array.isArray(value)) {
      correct(name, value, 'the default');
      return { ...settingDefaults[name] };
    }
    const entries = Object.entries(value).filter((entry): entry is [string, string] => {
      if (typeof entry[1] === 'string') return true;
      correct(name, entry[0], 'no alias');
      return false;
    });
    // VS Code merges an object setting into its default. So an empty model id is the way to drop a
    // default alias, and the user's own globs go first.
    const kept = entries.filter(([, model]) => model.trim() !== '');
    const isDefault = ([glob]: [string, string]): boolean => glob in settingDefaults.modelAliases;
    return Object.fromEntries([
      ...kept.filter((entry) => !isDefault(entry)),
      ...kept.filter((entry) => isDefault(entry)),
    ]);
  }

  function list(
    name: 'corsOrigins' | 'allowedHosts',
    parse: (text: string) => string | undefined,
    nothing: string,
  ): string[] {
    const value = read(name) ?? [];
    if (!Array.isArray(value)) {
      correct(name, value, nothing);
      return [];
    }
    return value.flatMap((item: unknown) => {
      const parsed = typeof item === 'string' ? parse(item) : undefined;
      if (parsed === undefined) correct(name, item, nothing);
      return parsed ?? [];
    });
  }

  function address(name: 'host'): string {
    const value = read(name) ?? settingDefaults[name];
    const parsed = typeof value === 'string' ? parseAddress(value) : undefined;
    return parsed ?? correct(name, value, settingDefaults[name]);
  }

  function names(name: 'passEnvironment'): string[] {
    const value = read(name) ?? [];
    if (!Array.isArray(value)) {
      correct(name, value, 'no variable');
      return [];
    }
    return value.flatMap((item: unknown) => {
      if (typeof item === 'string' && item.trim() !== '') return item.trim();
      correct(name, item, 'no variable');
      return [];
    });
  }

  const settings: Settings = {
    autoStart: boolean('autoStart'),
    port: integer('port'),
    lingmaPath: path('lingmaPath'),
    connection: connection('connection'),
    attachTo: text('attachTo'),
    agentCommand: text('agentCommand'),
    instances: integer('instances'),
    maxInFlight: integer('maxInFlight'),
    sessionMax: integer('sessionMax'),
    sessionMaxPerInstance: integer('sessionMaxPerInstance'),
    sessionTtl: integer('sessionTtl'),
    idleTimeout: integer('idleTimeout'),
    turnTimeout: integer('turnTimeout'),
    askMode: askMode('askMode'),
    remoteImages: boolean('remoteImages'),
    imagesWithoutVision: blindModels('imagesWithoutVision'),
    passEnvironment: names('passEnvironment'),
    modelAliases: aliases('modelAliases'),
    corsOrigins: list('corsOrigins', parseOrigin, 'no origin'),
    host: address('host'),
    allowedHosts: list('allowedHosts', parseHostName, 'no host'),
    maxTurnsPerKey: integer('maxTurnsPerKey'),
    captureBodies: boolean('captureBodies'),
    showStatusBar: boolean('showStatusBar'),
  };
  return { settings, corrections };
}

/**
 * The options of the next gateway; `host` is what settings do not decide. Throws `invalid_request`
 * for settings that contradict each other.
 */
export function toGatewayOptions(
  settings: Settings,
  host: Pick<GatewayOptions, 'apiKey' | 'workDir' | 'distDir'> &
    Partial<Pick<GatewayOptions, 'clientKeys'>>,
): GatewayOptions {
  return {
    clientKeys: [],
    ...host,
    port: settings.port,
    source: sourceOf(settings),
    instances: settings.instances,
    maxInFlight: settings.maxInFlight,
    sessionMax: settings.sessionMax,
    sessionMaxPerInstance: settings.sessionMaxPerInstance,
    sessionTtlSeconds: settings.sessionTtl,
    idleTimeoutSeconds: settings.idleTimeout,
    turnTimeoutSeconds: settings.turnTimeout,
    askMode: settings.askMode,
    remoteImages: settings.remoteImages,
    blindModels: settings.imagesWithoutVision,
    captureBodies: settings.captureBodies,
    passEnvironment: settings.passEnvironment,
    modelAliases: settings.modelAliases,
    corsOrigins: settings.corsOrigins,
    host: settings.host,
    allowedHosts: settings.allowedHosts,
    maxTurnsPerKey: settings.maxTurnsPerKey,
    // A second window on a port of its own gets a folder of its own, and with it its own sign-in.
    workDirConflict: 'next',
  };
}

/** An agent goes before a program: a path that was set earlier may stay. */
function sourceOf(settings: Settings): GatewayOptions['source'] {
  const { connection, attachTo, agentCommand, lingmaPath } = settings;
  if (connection === 'spawn') {
    return agentCommand
      ? { kind: 'agent', command: agentCommand }
      : { kind: 'lingma', program: lingmaPath };
  }
  if (agentCommand) throw contradiction();
  return { kind: 'attach', target: attachTo };
}

function contradiction(): GatewayError {
  return invalidRequest(
    undefined,
    `${settingIds.connection} says attach, but ${settingIds.agentCommand} names an agent to start. ` +
      'Empty the command, or set the connection to spawn.',
  );
}

/** The names of the options that differ; empty when a running gateway can stay as it is. */
export function changedOptions(before: GatewayOptions, after: GatewayOptions): string[] {
  const names = Object.keys(after) as (keyof GatewayOptions)[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function expandHome(path: string): string {
  return /^~[/\\]/.test(path) ? join(homedir(), path.slice(2)) : path;
}
