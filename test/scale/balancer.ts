/** HAProxy with the configuration that is shipped, on loopback ports of its own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../../scripts/ports.mjs';
import { eventually } from '../support/headless';
import { removeFolder } from '../support/tempDir';

const CONFIGURATION = path.resolve('docs/deploy/haproxy.cfg');

/** The gateways by the names they have there, in the order of its lines. */
export const NAMES = ['a', 'b', 'c'] as const;

export type ServerName = (typeof NAMES)[number];

export class Balancer {
  readonly baseUrl: string;
  /** Where its own metrics are. */
  readonly adminUrl: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #socket: string;
  #log = '';

  private constructor(
    child: ChildProcess,
    folder: string,
    ports: { readonly clients: number; readonly admin: number },
  ) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = path.join(folder, 'admin.sock');
    this.baseUrl = `http://127.0.0.1:${ports.clients}`;
    this.adminUrl = `http://127.0.0.1:${ports.admin}`;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.#log += chunk));
    }
  }

  /** Starts it in front of two or three gateways, and waits until it has seen all of them. */
  static async launch(gatewayPorts: readonly number[]): Promise<Balancer> {
    const folder = mkdtempSync(path.join(tmpdir(), 'lingma-scale-'));
    const ports = { clients: await freePort(), admin: await freePort() };
    const servers = NAMES.slice(0, gatewayPorts.length);
    const addresses = servers.map((name, index) => [
      `LINGMA_GATEWAY_${name.toUpperCase()}`,
      `127.0.0.1:${gatewayPorts[index] ?? 0}`,
    ]);
    const child = spawn('haproxy', ['-db', '-f', CONFIGURATION], {
      env: {
        PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
        LINGMA_BALANCER: `127.0.0.1:${ports.clients}`,
        LINGMA_BALANCER_ADMIN: `127.0.0.1:${ports.admin}`,
        LINGMA_BALANCER_SOCKET: path.join(folder, 'admin.sock'),
        LINGMA_BALANCER_USER: userInfo().username,
        ...(Object.fromEntries(addresses) as Record<string, string>),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await Promise.race([
      once(child, 'spawn'),
      once(child, 'error').then(([error]) => {
        throw new Error('HAProxy is not installed (Debian: apt install haproxy)', { cause: error });
      }),
    ]);
    const balancer = new Balancer(child, folder, ports);
    await eventually('HAProxy serves', () =>
      fetch(`${balancer.baseUrl}/healthz`).then(
        ({ ok }) => ok,
        () => child.exitCode !== null && assert.fail(balancer.log),
      ),
    );
    for (const name of servers) await balancer.sees(name, 'UP');
    return balancer;
  }

  /** What it has written: one line per request. */
  get log(): string {
    return this.#log;
  }

  /** One command on its socket; gives the answer. */
  async command(line: string): Promise<string> {
    const socket = createConnection(this.#socket);
    socket.end(`${line}\n`);
    return (await text(socket)).trim();
  }

  /** Takes a gateway out, or back in, by hand. */
  async setState(name: ServerName, state: 'drain' | 'ready'): Promise<void> {
    assert.equal(await this.command(`set server gateways/${name} state ${state}`), '');
  }

  /** What it thinks of a gateway: `UP`, `DOWN`, `DRAIN` and their like. */
  async status(name: ServerName): Promise<string> {
    const [head = '', ...rows] = (await this.command('show stat')).split('\n');
    const column = head.replace(/^# /, '').split(',').indexOf('status');
    const row = rows.find((line) => line.startsWith(`gateways,${name},`));
    assert.ok(row !== undefined && column > 0);
    return row.split(',')[column] ?? '';
  }

  /** Waits until it thinks so of a gateway. */
  async sees(name: ServerName, status: string): Promise<void> {
    await eventually(
      `${name} is ${status}`,
      async () => (await this.status(name)) === status,
      10_000,
    );
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      // At once: HAProxy waits for connections that clients keep alive when asked more kindly.
      this.#child.kill('SIGTERM');
      await exited;
    }
    await removeFolder(this.#folder);
  }
}
