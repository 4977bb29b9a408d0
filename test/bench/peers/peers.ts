/** The peers, the only place that knows their packages and how they are set up. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { clientFolder } from '../../../scripts/conformance/install.mjs';
import { benchFolder, plainEnvironment } from '../paths';
import type { Program } from './processes';

/** What clients say and are answered in. */
export type Wire = 'chat' | 'messages';

/** A package of npm, pinned: another version is another program. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Below node_modules. */
  readonly program: readonly string[];
}

interface Start {
  readonly upstreamPort: number;
  readonly port: number;
  /** An empty folder, which is also its home. */
  readonly folder: string;
}

export interface Peer {
  readonly package: Package;
  readonly wires: readonly Wire[];
  /** Only where the peer is told its upstream with each request. */
  headers(wire: Wire, start: Start): Readonly<Record<string, string>>;
  /** Writes its configuration and says how to start it. */
  program(start: Start): Program;
}

const goArch = process.arch === 'x64' ? 'amd64' : process.arch;

const portkey: Peer = {
  package: {
    name: 'portkey',
    version: '1.15.2',
    packages: { '@portkey-ai/gateway': '1.15.2' },
    program: ['@portkey-ai', 'gateway', 'build', 'start-server.js'],
  },
  wires: ['chat', 'messages'],
  headers: (wire, { upstreamPort }) => ({
    authorization: 'Bearer bench',
    'x-portkey-provider': wire === 'chat' ? 'openai' : 'anthropic',
    'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
  }),
  program: ({ port, folder }) => ({
    command: process.execPath,
    args: [
      ...['--require', path.join(benchFolder, 'peers', 'loopback.cjs')],
      ...[programOf(portkey), `--port=${port}`, '--headless'],
    ],
    env: environment(folder, { TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' }),
    cwd: folder,
  }),
};

const ccproxy: Peer = {
  package: {
    name: 'ccproxy',
    version: '0.1.0',
    packages: { ccproxy: '0.1.0' },
    // The Go program itself, as its wrapper starts it.
    program: ['ccproxy', 'bin', `ccproxy-${process.platform}-${goArch}`],
  },
  wires: ['messages'],
  headers: () => ({ 'x-api-key': 'bench', 'anthropic-version': '2023-06-01' }),
  program: ({ upstreamPort, port, folder }) => {
    writeConfig(path.join(folder, '.ccproxy', 'settings.json'), {
      server: { port, host: '127.0.0.1' },
      providers: {
        openai: {
          apiKey: 'sk-bench',
          baseURL: `http://127.0.0.1:${upstreamPort}/v1`,
          responseStyle: 'openai',
        },
      },
      models: {
        bigModel: 'bench-model@openai',
        smallModel: 'bench-model@openai',
        preferredProvider: 'openai',
      },
    });
    const args = ['server', '--port', String(port)];
    return { command: programOf(ccproxy), args, env: environment(folder), cwd: folder };
  },
};

const claudeCodeRouter: Peer = {
  package: {
    name: 'claude-code-router',
    version: '2.0.0',
    packages: { '@musistudio/claude-code-router': '2.0.0' },
    program: ['@musistudio', 'claude-code-router', 'dist', 'cli.js'],
  },
  wires: ['messages'],
  headers: () => ({ 'x-api-key': 'bench', 'anthropic-version': '2023-06-01' }),
  program: ({ upstreamPort, port, folder }) => {
    writeConfig(path.join(folder, '.claude-code-router', 'config.json'), {
      PORT: port,
      HOST: '127.0.0.1',
      LOG: false,
      NON_INTERACTIVE_MODE: true,
      Providers: [
        {
          name: 'bench',
          api_base_url: `http://127.0.0.1:${upstreamPort}/v1/chat/completions`,
          api_key: 'sk-bench',
          models: ['bench-model'],
        },
      ],
      Router: { default: 'bench,bench-model' },
    });
    const args = [programOf(claudeCodeRouter), 'start'];
    return {
      ...{ command: process.execPath, args, cwd: folder },
      env: environment(folder, { SERVICE_PORT: String(port) }),
    };
  },
};

export const peers: readonly Peer[] = [portkey, ccproxy, claudeCodeRouter];

function programOf({ package: pinned }: Peer): string {
  return path.join(clientFolder(pinned), 'node_modules', ...pinned.program);
}

function environment(home: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...plainEnvironment(), HOME: home, USERPROFILE: home, NODE_ENV: 'production', ...more };
}

function writeConfig(file: string, config: object): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(config));
}
