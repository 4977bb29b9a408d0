/**
 * A command line as people write it in a setting, split without a shell: nothing in it is expanded,
 * so nothing in it can surprise.
 */
import path from 'node:path';
import { type GatewayError, invalidRequest } from '../../base/errors';

/** A program and its arguments, ready to be spawned without a shell. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** The arguments are one line for `cmd.exe`, quoted already. */
  readonly verbatim: boolean;
}

/** What finding a program depends on. */
export interface CommandEnvironment {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isFile: (file: string) => boolean;
}

/**
 * Words separated by white space. Single or double quotes keep words together and are dropped; a
 * backslash takes the meaning from a quote, a space or a backslash after it, except on Windows,
 * where it belongs to paths. Throws `invalid_request` for an open quote and for an empty line.
 */
export function splitCommandLine(line: string, platform: NodeJS.Platform): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    const next = line.charAt(index + 1);
    if (character === '\\' && quote !== "'" && escapes(next, quote, platform)) {
      word = (word ?? '') + next;
      index++;
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== undefined) throw badCommandLine(`its quote ${quote} is never closed`);
  if (word !== undefined) words.push(word);
  if (!words[0]) throw badCommandLine('it names no program');
  return words;
}

function escapes(next: string, quote: string | undefined, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return false;
  return (
    next === '\\' || next === '"' || (quote === undefined && (next === "'" || /\s/.test(next)))
  );
}

/**
 * How to spawn these words. Elsewhere the system finds the program; Windows finds `.exe` only, so
 * PATH and PATHEXT are searched here, and a `.cmd` or `.bat` runs under `cmd.exe` with every
 * character that means something to it escaped.
 */
export function resolveCommand(
  words: readonly [string, ...string[]],
  environment: CommandEnvironment,
): Command {
  const [program, ...args] = words;
  if (environment.platform !== 'win32') return { command: program, args, verbatim: false };
  const file = findOnWindows(program, environment) ?? program;
  if (!/\.(cmd|bat)$/i.test(file)) return { command: file, args, verbatim: false };
  const line = [escapeMeta(path.win32.normalize(file)), ...args.map(escapeArgument)].join(' ');
  return {
    command: variable(environment.env, 'ComSpec') ?? 'cmd.exe',
    args: ['/d', '/s', '/c', `"${line}"`],
    verbatim: true,
  };
}

function findOnWindows(program: string, { env, isFile }: CommandEnvironment): string | undefined {
  const extensions = (variable(env, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD').split(';').filter(Boolean);
  const named = path.win32.extname(program) !== '';
  // Without an extension of its own a file is none that Windows would run.
  const names = named
    ? [program, ...extensions.map((extension) => program + extension)]
    : extensions.map((extension) => program + extension);
  // A bare name is looked for in PATH only: the working directory holds nothing of the user's.
  const folders = /[\\/]/.test(program)
    ? ['']
    : (variable(env, 'PATH') ?? '').split(';').filter(Boolean);
  const files = folders.flatMap((folder) => names.map((name) => path.win32.join(folder, name)));
  return files.find(isFile);
}

/** Windows does not tell the names of variables apart by case. */
function variable(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const key = Object.keys(env).find((key) => key.toLowerCase() === name.toLowerCase());
  const value = key === undefined ? '' : (env[key] ?? '');
  return value === '' ? undefined : value;
}

/** One argument of a batch file, which reads its line twice: quoted, then escaped for both times. */
function escapeArgument(argument: string): string {
  const quoted = `"${argument.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\*)$/, '$1$1')}"`;
  return escapeMeta(escapeMeta(quoted));
}

function escapeMeta(text: string): string {
  return text.replace(/[()\][%!^"`<>&|;, *?]/g, '^$&');
}

function badCommandLine(detail: string): GatewayError {
  return invalidRequest(
    undefined,
    `The agent's command line cannot be used: ${detail}. ` +
      'Correct it (setting lingmaGateway.agentCommand, flag --agent-command).',
  );
}
