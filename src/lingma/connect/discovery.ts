/**
 * Where a running shared client can be reached (protocol §1.4). Pure: the system is looked at
 * through `DiscoverySystem`, so that every search order can be tested on any machine.
 */
import path from 'node:path';
import { type GatewayError, invalidRequest } from '../../base/errors';
import { isRecord } from '../../base/json';

/** What somebody chose to attach to. */
export type AttachTarget =
  | { readonly kind: 'search' }
  | { readonly kind: 'url'; readonly url: string }
  /** A unix socket or a Windows pipe. */
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'infoFile'; readonly file: string };

/** One place to dial. */
export type Endpoint =
  | {
      readonly kind: 'websocket';
      readonly url: string;
      readonly port: number | null;
      readonly pid: number | null;
    }
  | { readonly kind: 'local'; readonly path: string; readonly pid: number | null };

/** What the search found: places to dial, best first, and why others are not among them. */
export interface Discovery {
  readonly endpoints: readonly Endpoint[];
  readonly problems: readonly string[];
}

export interface DiscoverySystem {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file's text; undefined when it cannot be read. */
  read(file: string): string | undefined;
  /** When a file was last written, in milliseconds; undefined when it does not exist. */
  modifiedMs(file: string): number | undefined;
  isAlive(pid: number): boolean;
  /** Names of the Windows pipes there are. */
  pipes(): readonly string[];
}

/** What an `.info` or `.info.json` says. */
export interface ClientInfo {
  readonly port: number | undefined;
  readonly pid: number | undefined;
  readonly ipcPath: string | undefined;
}

const PIPE_PREFIX = '\\\\.\\pipe\\';

/**
 * Reads the target as people write it: nothing or `auto`, a `ws://` URL, a pipe or `*.sock`, or the
 * path of an `.info` file. Throws `invalid_request` for a URL that is none of a WebSocket.
 */
export function parseAttachTarget(text: string, home: string): AttachTarget {
  const written = text.trim();
  if (written === '' || written === 'auto') return { kind: 'search' };
  if (written.startsWith(PIPE_PREFIX)) return { kind: 'local', path: written };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) {
    const url = webSocketUrl(written);
    if (url === undefined) throw notAttachable(written);
    return { kind: 'url', url };
  }
  const file = /^~[/\\]/.test(written) ? path.join(home, written.slice(2)) : path.resolve(written);
  return file.endsWith('.sock') ? { kind: 'local', path: file } : { kind: 'infoFile', file };
}

/** Everything worth dialling for `target`, in order. */
export function discover(target: AttachTarget, system: DiscoverySystem): Discovery {
  switch (target.kind) {
    case 'url':
      return { endpoints: [webSocket(target.url, null)], problems: [] };
    case 'local':
      return { endpoints: [{ kind: 'local', path: target.path, pid: null }], problems: [] };
    case 'infoFile':
      return fromInfoFiles([target.file], system, 'named');
    case 'search':
      return search(system);
  }
}

function search(system: DiscoverySystem): Discovery {
  const { env, platform } = system;
  const named = env['LINGMA_PROXY_WS_URL']?.trim();
  if (named) {
    const url = webSocketUrl(named);
    if (url !== undefined) return { endpoints: [webSocket(url, null)], problems: [] };
    return { endpoints: [], problems: [`LINGMA_PROXY_WS_URL is no WebSocket URL: ${named}`] };
  }
  const info = env['LINGMA_SHARED_CLIENT_INFO']?.trim();
  const fromInfo = info
    ? fromInfoFiles([info], system, 'named')
    : fromInfoFiles(infoFilePaths(system), system, 'usual');
  const pipe = env['LINGMA_IPC_PIPE']?.trim();
  const before = platform === 'win32' && pipe ? [local(pipeName(pipe))] : [];
  const after = platform === 'win32' ? latestPipe(system) : sockets(system);
  return {
    endpoints: [...before, ...fromInfo.endpoints, ...(pipe && platform === 'win32' ? [] : after)],
    problems: fromInfo.problems,
  };
}

/** The vendor's places for `.info.json` and `.info`, in order (protocol §1.4). */
export function infoFilePaths(
  system: Pick<DiscoverySystem, 'platform' | 'home' | 'env'>,
): string[] {
  const { platform, home, env } = system;
  const join = joinOn(platform);
  const bases = [
    configFolder(system),
    join(home, '.qodercn', 'vscode'),
    join(home, '.qodercn'),
    join(home, '.lingma', 'vscode'),
    join(home, '.lingma'),
    join(home, '.qoder-cn', 'shared_client'),
    join(home, '.qoder-cn', 'vscode'),
    join(home, '.qoder-cn'),
    ...(platform === 'win32'
      ? ['APPDATA', 'LOCALAPPDATA', 'ProgramData'].flatMap((name) => env[name] ?? [])
      : []),
  ];
  const folders = bases.flatMap((base) =>
    ['QoderCN', 'Qoder', 'Lingma', ''].flatMap((product) => [
      ...['SharedClientCache', 'sharedClientCache'].map((cache) => join(base, product, cache)),
      ...(product === '' ? [base] : []),
    ]),
  );
  return unique(
    folders.flatMap((folder) => [join(folder, '.info.json'), join(folder, '.info')]),
    platform,
  );
}

/** The vendor's unix sockets (protocol §1.4). */
export function socketPaths(system: Pick<DiscoverySystem, 'platform' | 'home' | 'env'>): string[] {
  const join = joinOn(system.platform);
  const config = configFolder(system);
  const { home } = system;
  return [
    join(config, 'QoderCN', 'SharedClientCache', 'qodercn.sock'),
    join(config, 'Qoder', 'SharedClientCache', 'qodercn.sock'),
    join(config, 'Qoder', 'SharedClientCache', 'qoder.sock'),
    join(config, 'Lingma', 'SharedClientCache', 'lingma.sock'),
    join(home, '.qodercn', 'vscode', 'sharedClientCache', 'qodercn.sock'),
    join(home, '.qodercn', 'qodercn.sock'),
    join(home, '.lingma', 'vscode', 'sharedClientCache', 'lingma.sock'),
    join(home, '.lingma', 'lingma.sock'),
  ];
}

/** What such a file says, in either of its forms; undefined when it says nothing usable. */
export function parseInfo(text: string): ClientInfo | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return trimmed.startsWith('{') ? parseJsonInfo(trimmed) : parseLineInfo(trimmed);
}

function parseJsonInfo(text: string): ClientInfo | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Half of it has been written so far, perhaps.
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { websocketPort, pid, ipcServerPath } = value;
  return clientInfo(textOf(websocketPort), textOf(pid), textOf(ipcServerPath));
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function parseLineInfo(text: string): ClientInfo | undefined {
  const [port = '', pid = '', ipcPath = ''] = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return clientInfo(port, pid, ipcPath);
}

function clientInfo(port: string, pid: string, ipcPath: string): ClientInfo | undefined {
  const info = {
    port: wholeNumber(port, 65_535),
    pid: wholeNumber(pid, Number.MAX_SAFE_INTEGER),
    ipcPath: ipcPath || undefined,
  };
  return info.port === undefined && info.ipcPath === undefined ? undefined : info;
}

/** A number from 1 to `most`. */
function wholeNumber(text: string, most: number): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= most ? value : undefined;
}

/** @param expected `named` files have to exist; the usual ones may. */
function fromInfoFiles(
  files: readonly string[],
  system: DiscoverySystem,
  expected: 'named' | 'usual',
): Discovery {
  const endpoints: Endpoint[] = [];
  const problems: string[] = [];
  for (const file of files) {
    const text = system.read(file);
    if (text === undefined) {
      if (expected === 'named') problems.push(`${file} cannot be read`);
      continue;
    }
    const info = parseInfo(text);
    if (info === undefined) problems.push(`${file} names neither a port nor a socket`);
    else if (info.pid !== undefined && !system.isAlive(info.pid)) {
      problems.push(`${file} was left by process ${info.pid}, which has ended`);
    } else endpoints.push(...endpointsOf(info, system.platform));
  }
  return { endpoints, problems };
}

/** Windows: pipe, then WebSocket; elsewhere the other way round (protocol §1.4). */
function endpointsOf(info: ClientInfo, platform: NodeJS.Platform): Endpoint[] {
  const pid = info.pid ?? null;
  const sockets = info.port ? [webSocket(`ws://127.0.0.1:${info.port}/`, pid)] : [];
  const { ipcPath } = info;
  if (ipcPath === undefined) return sockets;
  const isPipe = platform === 'win32';
  const locals: Endpoint[] = [{ kind: 'local', path: isPipe ? pipeName(ipcPath) : ipcPath, pid }];
  return isPipe ? [...locals, ...sockets] : [...sockets, ...locals];
}

/** The unix sockets there are, the one written last first. */
function sockets(system: DiscoverySystem): Endpoint[] {
  const named = system.env['LINGMA_IPC_SOCKET']?.trim();
  if (named) return [local(named)];
  return socketPaths(system)
    .flatMap((file) => {
      const modifiedMs = system.modifiedMs(file);
      return modifiedMs === undefined ? [] : [{ file, modifiedMs }];
    })
    .sort((left, right) => right.modifiedMs - left.modifiedMs)
    .map(({ file }) => local(file));
}

function latestPipe(system: DiscoverySystem): Endpoint[] {
  const last = system
    .pipes()
    .filter((name) => /^(lingma|qodercn)-/.test(name))
    .sort()
    .at(-1);
  return last === undefined ? [] : [local(pipeName(last))];
}

function local(path: string): Endpoint {
  return { kind: 'local', path, pid: null };
}

function webSocket(url: string, pid: number | null): Endpoint {
  const { hostname, port } = new URL(url);
  const here = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  return { kind: 'websocket', url, pid, port: here && port ? Number(port) : null };
}

/** The URL with its path, or undefined when it is none of a WebSocket. */
function webSocketUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return /^wss?:$/.test(url.protocol) && url.hostname ? url.href : undefined;
}

function pipeName(name: string): string {
  return name.startsWith('\\\\') ? name : PIPE_PREFIX + name;
}

function configFolder({ platform, home, env }: Pick<DiscoverySystem, 'platform' | 'home' | 'env'>) {
  const join = joinOn(platform);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (platform === 'win32') return env['APPDATA'] ?? join(home, 'AppData', 'Roaming');
  const configured = env['XDG_CONFIG_HOME'] ?? '';
  return configured === '' ? join(home, '.config') : configured;
}

/** Paths as that system writes them, whichever this one is. */
function joinOn(platform: NodeJS.Platform): (...parts: string[]) => string {
  const system = platform === 'win32' ? path.win32 : path.posix;
  return (...parts) => system.join(...parts);
}

/** Without repetitions, where names are the same in any case as well. */
function unique(files: readonly string[], platform: NodeJS.Platform): string[] {
  const seen = new Set<string>();
  return files.filter((file) => {
    const name = platform === 'win32' || platform === 'darwin' ? file.toLowerCase() : file;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function notAttachable(text: string): GatewayError {
  return invalidRequest(
    undefined,
    `${text} is nothing to attach to. Give a ws:// URL, the path of an .info file, a socket, or ` +
      'nothing at all to search the usual places (setting lingmaGateway.attachTo, flag --attach).',
  );
}
