/** Finds the Lingma program (protocol §1.2): explicit path → environment → the vendor's places. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { GatewayError } from '../base/errors';

/** The environment variable that names the program. */
export const BINARY_VARIABLE = 'LINGMA_SERVICE_BINARY';

export interface LocateEnvironment {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What to run as Lingma. */
export interface Program {
  readonly command: string;
  /** Arguments that come before `start`: the script's path when `command` is an interpreter. */
  readonly args: readonly string[];
  /** The path to show to people. */
  readonly path: string;
  readonly demo: boolean;
}

/**
 * The program to spawn. An explicit path (setting, flag or environment) must exist: falling back
 * from it in silence would run something the user did not choose. With none given and none found
 * the embedded demo stands in.
 */
export function locateProgram(
  explicitPath: string,
  demoScript: string,
  environment: LocateEnvironment = currentEnvironment(),
): Program {
  const chosen = explicitPath.trim() || environment.env[BINARY_VARIABLE]?.trim();
  if (chosen) {
    const resolved = path.resolve(expandHome(chosen, environment.home));
    if (!isFile(resolved)) throw binaryNotFound(resolved);
    return asProgram(resolved, environment.platform);
  }
  const found = candidatePaths(environment).find((file) =>
    isExecutable(file, environment.platform),
  );
  if (found) return asProgram(found, environment.platform);
  return { command: process.execPath, args: [demoScript], path: demoScript, demo: true };
}

/** The vendor's places in order of preference, for this system. */
export function candidatePaths(environment: LocateEnvironment): string[] {
  const { platform, home, env } = environment;
  const program = platform === 'win32' ? 'Lingma.exe' : 'Lingma';
  const inEach = (folders: readonly string[]): string[] =>
    platformFolders(environment).flatMap((folder) =>
      folders.map((parent) => path.join(parent, folder, program)),
    );
  return [
    ...inEach(desktopFolders(environment)),
    ...inEach(versionFolders(path.join(home, '.lingma', 'bin'))),
    ...(platform === 'linux'
      ? [
          path.join('/usr/local/bin', program),
          ...inEach([path.join(home, '.config', 'lingma', 'bin')]),
        ]
      : []),
    ...(env['PATH'] ?? '')
      .split(path.delimiter)
      .filter(Boolean)
      .map((folder) => path.join(folder, program)),
  ];
}

/** Version folders, newest first, compared as numbers: 1.10 is newer than 1.9 (protocol §1.2). */
export function versionFolders(parent: string): string[] {
  let names: string[];
  try {
    names = readdirSync(parent);
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+(\.\d+)*/.test(name))
    .sort(
      (left, right) =>
        compareVersions(versionNumbers(right), versionNumbers(left)) || (left < right ? -1 : 1),
    )
    .map((name) => path.join(parent, name));
}

function versionNumbers(name: string): number[] {
  return (/^\d+(\.\d+)*/.exec(name)?.[0] ?? '').split('.').map(Number);
}

function compareVersions(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function desktopFolders({ platform, home, env }: LocateEnvironment): string[] {
  if (platform === 'darwin') {
    const inApp = 'Applications/Lingma.app/Contents/Resources/app/resources/bin';
    return [path.join('/', inApp), path.join(home, inApp)];
  }
  if (platform === 'win32') {
    const localPrograms = env['LOCALAPPDATA'] && path.join(env['LOCALAPPDATA'], 'Programs');
    return [localPrograms, env['ProgramFiles']]
      .filter((folder): folder is string => Boolean(folder))
      .map((folder) => path.join(folder, 'Lingma', 'resources', 'app', 'resources', 'bin'));
  }
  return [];
}

/** The vendor's name for this system; Apple silicon can also run the Intel build. */
function platformFolders({ platform, arch }: LocateEnvironment): string[] {
  if (platform === 'win32') return ['x86_64_windows'];
  const machine = arch === 'arm64' ? 'aarch64' : 'x86_64';
  if (platform !== 'darwin') return [`${machine}_linux`];
  return machine === 'aarch64' ? ['aarch64_darwin', 'x86_64_darwin'] : ['x86_64_darwin'];
}

/** A script runs with our own Node, so that a stand-in needs neither a shebang nor execute rights. */
function asProgram(file: string, platform: NodeJS.Platform): Program {
  if (/\.[cm]?js$/.test(file)) {
    return { command: process.execPath, args: [file], path: file, demo: false };
  }
  if (!isExecutable(file, platform)) throw notExecutable(file);
  return { command: file, args: [], path: file, demo: false };
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isExecutable(file: string, platform: NodeJS.Platform): boolean {
  if (!isFile(file)) return false;
  if (platform === 'win32') return true;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function expandHome(file: string, home: string): string {
  return file === '~' || file.startsWith('~/') ? path.join(home, file.slice(1)) : file;
}

function currentEnvironment(): LocateEnvironment {
  return { platform: process.platform, arch: process.arch, home: homedir(), env: process.env };
}

function binaryNotFound(file: string): GatewayError {
  return new GatewayError({
    code: 'binary_not_found',
    status: 503,
    message:
      `There is no Lingma program at ${file}. Correct the path ` +
      '(setting lingmaGateway.lingmaPath, flag --lingma), or leave it empty to use the demo.',
  });
}

function notExecutable(file: string): GatewayError {
  return new GatewayError({
    code: 'binary_not_found',
    status: 503,
    message: `${file} may not be executed. Allow it (chmod +x), or choose another program.`,
  });
}
