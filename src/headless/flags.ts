/** The launcher's command line. */
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type GatewayError, invalidRequest } from '../base/errors';
import { bounds, defaults, type GatewayOptions } from '../gateway/options';
import type { LogLevel } from '../observe/log';

export interface HeadlessFlags {
  readonly gateway: Omit<GatewayOptions, 'apiKey' | 'distDir'>;
  /** Empty = make one up for this run. */
  readonly apiKey: string;
  readonly logLevel: LogLevel;
}

/** The environment variable that carries the key where a command line could be read by others. */
const KEY_VARIABLE = 'LINGMA_GATEWAY_API_KEY';

export const USAGE = `Usage: node dist/headless.js [options]

Serves Lingma on 127.0.0.1. The first line on stdout, once ready, is JSON:
{"baseUrl":"http://127.0.0.1:PORT","apiKey":"…","demo":true|false}

  --lingma PROGRAM       the Lingma program; without it the usual places are
                         searched, then the embedded demo answers
  --instances N          Lingma processes to run (default ${defaults.instances})
  --port P               port on 127.0.0.1, 0 = any free one (default ${defaults.port})
  --api-key K            key clients must send (default: $${KEY_VARIABLE},
                         else a random one for this run)
  --work-dir DIR         where the processes keep their data and your Lingma
                         sign-in (default: .lingma-gateway in your home folder)
  --max-in-flight N      turns one process runs at once, 0 = unlimited
                         (default ${defaults.maxInFlight}); further ones wait in line
  --session-max N        conversations kept warm, 0 = none (default ${defaults.sessionMax})
  --session-ttl SECONDS  how long a conversation stays warm after its last turn,
                         0 = for ever (default ${defaults.sessionTtlSeconds})
  --verbose              log what the processes write
  --help                 show this text`;

const spec = {
  lingma: { type: 'string' },
  instances: { type: 'string' },
  port: { type: 'string' },
  'api-key': { type: 'string' },
  'work-dir': { type: 'string' },
  'max-in-flight': { type: 'string' },
  'session-max': { type: 'string' },
  'session-ttl': { type: 'string' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** The flags, checked. Throws `invalid_request` with one line that names the flag at fault. */
export function parseFlags(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): HeadlessFlags | 'help' {
  const values = parse(argv);
  if (values.help) return 'help';
  const workDir = values['work-dir'];
  for (const name of ['lingma', 'api-key', 'work-dir'] as const) {
    if (values[name]?.trim() === '') throw flagError(name, `--${name} needs a value`);
  }
  return {
    apiKey: apiKeyOf(values['api-key'], env[KEY_VARIABLE]),
    logLevel: values.verbose ? 'debug' : 'info',
    gateway: {
      program: values.lingma ?? '',
      instances: integer('instances', values.instances, defaults.instances, bounds.instances),
      port: integer('port', values.port, defaults.port, bounds.port),
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
      sessionTtlSeconds: integer(
        'session-ttl',
        values['session-ttl'],
        defaults.sessionTtlSeconds,
        bounds.sessionTtlSeconds,
      ),
      workDir: workDir ?? path.join(homedir(), '.lingma-gateway'),
      // A folder somebody named is meant; of the default any free one will do.
      workDirConflict: workDir === undefined ? 'next' : 'fail',
      modelAliases: defaults.modelAliases,
    },
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: spec, strict: true, allowPositionals: false })
      .values;
  } catch (error) {
    // Node's message goes on with advice about `--`; its first sentence says what is wrong.
    const message = error instanceof Error ? error.message : String(error);
    throw flagError(undefined, message.split(/\.\s|\n/)[0] ?? message);
  }
}

/** The key, refused when no header could carry it unchanged: no client could ever match it. */
function apiKeyOf(flag: string | undefined, variable: string | undefined): string {
  const key = flag ?? variable ?? '';
  if (key === key.trim() && /^[\x20-\x7e\xa0-\xff]*$/.test(key)) return key;
  // The key itself stays out of the message: this line may end up in a log.
  throw flagError(
    flag === undefined ? undefined : 'api-key',
    `${flag === undefined ? KEY_VARIABLE : '--api-key'} takes printable Latin-1 characters ` +
      'without white space at either end',
  );
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
