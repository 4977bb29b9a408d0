import { directiveHelp } from './directives';
import { type Knobs, UsageError, describeKnobs, readKnobs } from './knobs';

/** Everything a run needs to know: the standard arguments of protocol §1.1 and the knobs. */
export interface RunOptions {
  readonly workDir: string;
  readonly socketPort: number;
  readonly httpPort: number;
  readonly knobs: Knobs;
}

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly run: RunOptions }
  /** A standard agent on stdin and stdout (protocol §4c). */
  | { readonly kind: 'agent'; readonly knobs: Knobs };

type StandardFlag = 'transportType' | 'workDir' | 'socketPort' | 'httpPort';

function splitArguments(args: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const argument of args) {
    const match = /^--([A-Za-z][A-Za-z-]*)=(.*)$/s.exec(argument);
    const [, name, value] = match ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError(`unexpected argument ${argument}: flags are written --name=value`);
    }
    if (values.has(name)) throw new UsageError(`--${name} is given twice`);
    values.set(name, value);
  }
  return values;
}

function port(name: string, text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 65_535) return value;
  throw new UsageError(`--${name}=${text}: expected a port from 1 to 65535`);
}

/**
 * Reads `start --transportType=websocket --workDir=… --socketPort=… --httpPort=…` or `--acp`, and the
 * knobs behind it (protocol §1.1, §4c, §8.2). Throws {@link UsageError} on anything else.
 */
export function readCommandLine(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Command {
  if (argv.includes('--help')) return { kind: 'help' };
  const [command, ...rest] = argv;
  if (command === '--acp') return { kind: 'agent', knobs: readKnobs(splitArguments(rest), env) };
  if (command !== 'start') {
    throw new UsageError(`expected the command "start", got ${JSON.stringify(command ?? '')}`);
  }
  const flags = splitArguments(rest);
  const take = (name: StandardFlag): string => {
    const value = flags.get(name) ?? '';
    flags.delete(name);
    if (value === '') throw new UsageError(`--${name}=… is missing`);
    return value;
  };
  const transport = take('transportType');
  if (transport !== 'websocket') {
    throw new UsageError(`--transportType=${transport}: only websocket is supported`);
  }
  const workDir = take('workDir');
  const socketPort = port('socketPort', take('socketPort'));
  const httpPort = port('httpPort', take('httpPort'));
  if (socketPort === httpPort) throw new UsageError('--socketPort and --httpPort must differ');
  return { kind: 'run', run: { workDir, socketPort, httpPort, knobs: readKnobs(flags, env) } };
}

/** The text of `--help`. */
export function usage(): string {
  return `A stand-in for the Lingma process: same command line, same protocol, no account, no model.

Usage:
  node demo.js start --transportType=websocket --workDir=DIR --socketPort=PORT --httpPort=PORT
                     [--knob=value …]
  node demo.js --acp [--knob=value …]        a standard agent on stdin and stdout

Knobs (flag, then environment variable; the flag wins; default in brackets):
${describeKnobs()}

Directives (the last lines of a prompt, each on its own line):
${directiveHelp}

Exit codes: 0 stopped by a signal, 1 could not listen, 2 wrong command line or environment.
`;
}
