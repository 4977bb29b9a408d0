/** The launcher's command line. */
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isLoopback, parseAddress } from '../base/address';
import { type GatewayError, invalidRequest } from '../base/errors';
import { ASK_MODES } from '../gateway/askMode';
import type { ConfigOrigins } from '../gateway/effectiveConfig';
import { bounds, defaults, type GatewayOptions } from '../gateway/options';
import { BLIND_MODEL_RULES } from '../gateway/vision';
import { LOG_FORMATS, type LoggingFlags } from './logging';
import { originsOf } from './origins';

export interface HeadlessFlags extends LoggingFlags {
  /** Where the options come from, and what else was decided here. */
  readonly origins: ConfigOrigins;
  readonly gateway: Omit<GatewayOptions, 'apiKey' | 'distDir'>;
  /** Empty = make one up for this run. */
  readonly apiKey: string;
  /** How long turns may go on after SIGTERM; 0 = stop at once. */
  readonly drainSeconds: number;
}

/** The environment variables that carry keys where a command line could be read by others. */
export const KEY_VARIABLE = 'LINGMA_GATEWAY_API_KEY';
export const CLIENT_KEYS_VARIABLE = 'LINGMA_GATEWAY_CLIENT_KEYS';

/** The form in which a client's key may be given without telling it. */
const DIGEST = /^sha256:([0-9a-f]{64})$/i;

type NamedKey = GatewayOptions['clientKeys'][number];

/** The shortest key that other machines may try: 96 random bits take as many characters. */
const MIN_EXPOSED_KEY = 16;

export const USAGE = `Usage: node dist/headless.js [options]

Serves Lingma on this machine. The first line on stdout, once ready, is JSON:
{"baseUrl":"http://127.0.0.1:PORT","apiKey":"…","demo":true|false}

  --lingma PROGRAM       the Lingma program; without it the usual places are
                         searched, then the embedded demo answers
  --attach [WHERE]       use a Lingma client that runs already instead of starting
                         one: an .info or .info.json file, a socket, a ws:// URL;
                         without WHERE the usual places are searched
  --agent-command LINE   run an agent that speaks the Agent Client Protocol on
                         stdin and stdout, such as 'qwen --acp', in place of Lingma
  --instances N          Lingma processes to run (default ${defaults.instances})
  --port P               port to listen on, 0 = any free one (default ${defaults.port})
  --host ADDRESS         IP address to listen on (default ${defaults.host}). Anything but
                         loopback needs a key of your own, of ${MIN_EXPOSED_KEY} characters or more
  --allowed-host NAME    a name by which clients may call, besides loopback and
                         ADDRESS; repeat it for more
  --api-key K            the gateway's own key, which opens everything (default:
                         $${KEY_VARIABLE}, else a random one for this run)
  --client-key NAME=KEY  a key for one client, which opens /v1/* only and has
                         sessions of its own; repeat it for more clients. Also
                         taken from $${CLIENT_KEYS_VARIABLE}, where
                         commas or line ends stand between them. KEY may be
                         sha256:HEX, the digest of the key in its place
  --cors-origin ORIGIN   a web page's origin, such as http://localhost:3000, that
                         may call with a key; repeat it for more; none by default
  --work-dir DIR         where the processes keep their data and your Lingma
                         sign-in (default: .lingma-gateway in your home folder)
  --pass-env NAME        a variable of the environment that Lingma gets beside those
                         that it needs, NAME* for all that begin so; repeat it for
                         more
  --max-turns-per-key N  requests one key may have at work, 0 = any number
                         (default ${defaults.maxTurnsPerKey})
  --max-in-flight N      turns one process runs at once, 0 = unlimited
                         (default ${defaults.maxInFlight}); further ones wait in line
  --session-max N        conversations kept warm, 0 = none (default ${defaults.sessionMax})
  --session-max-per-instance N
                         of these, on one process at most, 0 = any number
                         (default ${defaults.sessionMaxPerInstance})
  --session-ttl SECONDS  how long a conversation stays warm after its last turn,
                         0 = for ever (default ${defaults.sessionTtlSeconds})
  --idle-timeout SECONDS how long a turn may go without any sign from its process
                         (default ${defaults.idleTimeoutSeconds})
  --turn-timeout SECONDS how long a turn may take in all (default ${defaults.turnTimeoutSeconds})
  --ask-mode MODE        how Lingma takes a turn, chat or agent (default ${defaults.askMode}); a
                         client chooses by the model it names, as in org_auto@agent
  --remote-images        fetch images of which a client sends the address only, from
                         public addresses of the internet
  --images-without-vision refuse|placeholder
                         what becomes of images for a model that takes none: the
                         turn is refused, or a text stands in their place
                         (default ${defaults.blindModels})
  --drain-seconds N      at SIGTERM serve on for up to N seconds, until no turn has run
                         for five, while /healthz says 503 (default 0: stop at
                         once); a second signal stops at once
  --capture-bodies       keep the texts of the latest turns in memory, secrets taken
                         out, for GET /internal/requests/ID
  --log-format FORMAT    text, or json: one object a line (default text)
  --log-file FILE        write the log there instead of to stderr; at 10 MiB it
                         becomes FILE.1 and begins anew
  --verbose              log what the processes write
  --help                 show this text`;

const spec = {
  lingma: { type: 'string' },
  attach: { type: 'string' },
  'agent-command': { type: 'string' },
  instances: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  'allowed-host': { type: 'string', multiple: true },
  'max-turns-per-key': { type: 'string' },
  'api-key': { type: 'string' },
  'client-key': { type: 'string', multiple: true },
  'cors-origin': { type: 'string', multiple: true },
  'work-dir': { type: 'string' },
  'pass-env': { type: 'string', multiple: true },
  'max-in-flight': { type: 'string' },
  'session-max': { type: 'string' },
  'session-max-per-instance': { type: 'string' },
  'session-ttl': { type: 'string' },
  'idle-timeout': { type: 'string' },
  'turn-timeout': { type: 'string' },
  'ask-mode': { type: 'string' },
  'remote-images': { type: 'boolean' },
  'images-without-vision': { type: 'string' },
  'drain-seconds': { type: 'string' },
  'capture-bodies': { type: 'boolean' },
  'log-format': { type: 'string' },
  'log-file': { type: 'string' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export type FlagName = keyof typeof spec;

/** The flags, checked. Throws `invalid_request` with one line that names the flag at fault. */
export function parseFlags(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): HeadlessFlags | 'help' {
  const values = parse(argv);
  if (values.help) return 'help';
  const workDir = values['work-dir'];
  const apiKey = apiKeyOf(values['api-key'], env[KEY_VARIABLE]);
  for (const name of ['lingma', 'agent-command', 'api-key', 'work-dir', 'log-file'] as const) {
    if (values[name]?.trim() === '') throw flagError(name, `--${name} needs a value`);
  }
  const host = {
    drainSeconds: integer('drain-seconds', values['drain-seconds'], 0, { min: 0, max: 3_600 }),
    logLevel: values.verbose ? 'debug' : 'info',
    logFormat: oneOf('log-format', LOG_FORMATS, values['log-format'], 'text'),
    logFile: values['log-file'] ?? '',
  } as const;
  return {
    ...host,
    apiKey,
    origins: originsOf(new Set(Object.keys(values)), env, host),
    gateway: {
      clientKeys: clientKeysOf(values['client-key'] ?? [], env[CLIENT_KEYS_VARIABLE] ?? ''),
      corsOrigins: values['cors-origin'] ?? defaults.corsOrigins,
      source: sourceOf(values),
      instances: integer('instances', values.instances, defaults.instances, bounds.instances),
      host: hostOf(values.host ?? defaults.host, apiKey),
      port: integer('port', values.port, defaults.port, bounds.port),
      allowedHosts: values['allowed-host'] ?? defaults.allowedHosts,
      maxTurnsPerKey: integer(
        'max-turns-per-key',
        values['max-turns-per-key'],
        defaults.maxTurnsPerKey,
        bounds.maxTurnsPerKey,
      ),
      maxInFlight: integer(
        'max-in-flight',
        values['max-in-flight'],
        defaults.maxInFlight,
        bounds.maxInFlight,
      ),
      sessionMax: integer(
        'session-max',
        values['session-max'],
        defaults.sessionMax,
        bounds.sessionMax,
      ),
      sessionMaxPerInstance: integer(
        'session-max-per-instance',
        values['session-max-per-instance'],
        defaults.sessionMaxPerInstance,
        bounds.sessionMaxPerInstance,
      ),
      sessionTtlSeconds: integer(
        'session-ttl',
        values['session-ttl'],
        defaults.sessionTtlSeconds,
        bounds.sessionTtlSeconds,
      ),
      idleTimeoutSeconds: integer(
        'idle-timeout',
        values['idle-timeout'],
        defaults.idleTimeoutSeconds,
        bounds.idleTimeoutSeconds,
      ),
      turnTimeoutSeconds: integer(
        'turn-timeout',
        values['turn-timeout'],
        defaults.turnTimeoutSeconds,
        bounds.turnTimeoutSeconds,
      ),
      workDir: workDir ?? path.join(homedir(), '.lingma-gateway'),
      // A folder somebody named is meant; of the default any free one will do.
      workDirConflict: workDir === undefined ? 'next' : 'fail',
      passEnvironment: values['pass-env'] ?? defaults.passEnvironment,
      askMode: oneOf('ask-mode', ASK_MODES, values['ask-mode'], defaults.askMode),
      remoteImages: values['remote-images'] ?? defaults.remoteImages,
      blindModels: oneOf(
        'images-without-vision',
        BLIND_MODEL_RULES,
        values['images-without-vision'],
        defaults.blindModels,
      ),
      captureBodies: values['capture-bodies'] ?? defaults.captureBodies,
      modelAliases: defaults.modelAliases,
    },
  };
}

/** Beyond loopback anybody may try keys, so there must be one that is meant for that. */
function hostOf(text: string, apiKey: string): string {
  const address = parseAddress(text);
  if (address === undefined) {
    throw flagError('host', `--host takes an IP address, such as 0.0.0.0 or ::1, not "${text}"`);
  }
  if (isLoopback(address) || apiKey.length >= MIN_EXPOSED_KEY) return address;
  throw flagError(
    'host',
    `--host ${text} can be reached from other machines, which takes a key of your own: give one of ` +
      `${MIN_EXPOSED_KEY} characters or more (--api-key or ${KEY_VARIABLE})`,
  );
}

/** One source at most: two would be two gateways. */
function sourceOf(values: ReturnType<typeof parse>): GatewayOptions['source'] {
  const { lingma, attach, instances, 'agent-command': command } = values;
  const named = Object.entries({ lingma, attach, 'agent-command': command })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`);
  if (named.length > 1) {
    throw flagError(undefined, `${named.join(' and ')} contradict each other: give only one`);
  }
  if (command !== undefined) return { kind: 'agent', command };
  if (attach === undefined) return { kind: 'lingma', program: lingma ?? '' };
  if (instances !== undefined && Number(instances) > 1) {
    throw flagError('instances', '--attach uses the one client that runs: leave --instances out');
  }
  return { kind: 'attach', target: attach };
}

/** `--attach` may stand alone, which Node's parser does not know. */
function withAttachTarget(argv: readonly string[]): string[] {
  return argv.map((argument, index) => {
    const next = argv[index + 1];
    const alone = argument === '--attach' && (next === undefined || next.startsWith('-'));
    return alone ? '--attach=auto' : argument;
  });
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: withAttachTarget(argv),
      options: spec,
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (error) {
    // Node's message goes on with advice about `--`; its first sentence says what is wrong.
    const message = error instanceof Error ? error.message : String(error);
    throw flagError(undefined, message.split(/\.\s|\n/)[0] ?? message);
  }
}

function apiKeyOf(flag: string | undefined, variable: string | undefined): string {
  return usableKey(
    flag ?? variable ?? '',
    flag === undefined ? undefined : 'api-key',
    flag === undefined ? KEY_VARIABLE : '--api-key',
  );
}

/** Flags and variable together: each names keys, so neither has to stand back for the other. */
function clientKeysOf(flags: readonly string[], variable: string): NamedKey[] {
  const listed = variable
    .split(/[,\r\n]/)
    .map((entry) => entry.trim())
    .filter(Boolean);
  return [
    ...flags.map((entry) => namedKey(entry, 'client-key', '--client-key')),
    ...listed.map((entry) => namedKey(entry, undefined, CLIENT_KEYS_VARIABLE)),
  ];
}

/** The first `=` ends the name: many keys end with some. The rest is the key ring's to judge. */
function namedKey(entry: string, flag: string | undefined, source: string): NamedKey {
  const end = entry.indexOf('=');
  const [name, key] = [entry.slice(0, end), entry.slice(end + 1)];
  if (end < 1 || key === '') throw flagError(flag, `${source} takes NAME=KEY, both not empty`);
  const digest = DIGEST.exec(key)?.[1]?.toLowerCase();
  return digest === undefined ? { name, key: usableKey(key, flag, source) } : { name, digest };
}

/** The key, refused when no header could carry it unchanged: no client could ever match it. */
function usableKey(key: string, flag: string | undefined, source: string): string {
  if (key === key.trim() && /^[\x20-\x7e\xa0-\xff]*$/.test(key)) return key;
  // The key itself stays out of the message: this line may end up in a log.
  const rule = 'takes printable Latin-1 characters without white space at either end';
  throw flagError(flag, `${source} ${rule}`);
}

function oneOf<T extends string>(
  name: string,
  choices: readonly T[],
  text: string | undefined,
  fallback: T,
): T {
  if (text === undefined) return fallback;
  const chosen = choices.find((known) => known === text);
  if (chosen !== undefined) return chosen;
  throw flagError(name, `--${name} takes ${choices.join(' or ')}, not "${text}"`);
}

function integer(
  name: string,
  text: string | undefined,
  fallback: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max) {
    throw flagError(name, `--${name} takes a whole number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

function flagError(name: string | undefined, message: string): GatewayError {
  return invalidRequest(name && `--${name}`, message);
}
