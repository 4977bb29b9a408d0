/** Everything that is measured, running: ours and the peers, each in front of the same upstream. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { installClient } from '../../../scripts/conformance/install.mjs';
import { freePort } from '../../../scripts/ports.mjs';
import { distFolder, plainEnvironment, projectFolder } from '../paths';
import type { Peer, Wire } from './peers';
import { type Program, Running } from './processes';
import { plain, type Workload } from './workloads';

const readyLine = v.object({ baseUrl: v.string(), apiKey: v.string() });
const bareLine = v.object({ port: v.number() });

export interface Contender {
  readonly name: string;
  /** A bare hop speaks Lingma's protocol as ours does, and is no rival. */
  readonly kind: 'ours' | 'bare hop' | 'peer';
  readonly pid: number;
  readonly port: number;
  answers(workload: Workload, wire: Wire): boolean;
  headers(wire: Wire): Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The built launcher, attached to the upstream. */
export async function startOurs(
  upstreamPort: number,
  flags: readonly string[] = [],
): Promise<Contender> {
  const folder = scratchFolder();
  const running = new Running({
    command: process.execPath,
    args: [
      ...[path.join(distFolder, 'headless.js'), '--attach', `ws://127.0.0.1:${upstreamPort}/`],
      ...['--port', '0', '--max-in-flight', '0', '--work-dir', path.join(folder, 'work'), ...flags],
    ],
    env: { ...plainEnvironment(), NODE_ENV: 'production' },
    cwd: folder,
  });
  const { baseUrl, apiKey } = v.parse(readyLine, JSON.parse(await running.firstLine()));
  return {
    ...{ name: 'ours', kind: 'ours', pid: running.pid, answers: () => true },
    port: Number(new URL(baseUrl).port),
    headers: () => ({ authorization: `Bearer ${apiKey}` }),
    stop: () => end(running, folder),
  };
}

/** A hop to the upstream with nothing of a gateway in it. */
export async function startBareHop(upstreamPort: number): Promise<Contender> {
  const folder = scratchFolder();
  const running = new Running({
    command: process.execPath,
    args: ['--import', 'tsx', path.join(__dirname, 'bareHop.ts'), String(upstreamPort)],
    env: { ...plainEnvironment(), NODE_ENV: 'production' },
    cwd: projectFolder,
  });
  const { port } = v.parse(bareLine, JSON.parse(await running.firstLine()));
  return {
    ...{ name: 'bare hop', kind: 'bare hop', pid: running.pid, port },
    answers: (workload, wire) => workload === plain && wire === 'chat',
    headers: () => ({}),
    stop: () => end(running, folder),
  };
}

/** Installs the peer where this machine does not have it, and starts it. */
export async function startPeer(peer: Peer, upstreamPort: number): Promise<Contender> {
  await installClient(peer.package);
  const folder = scratchFolder();
  const start = { upstreamPort, port: await freePort(), folder };
  const program: Program = peer.program(start);
  const running = new Running(program);
  await running.listens(start.port);
  return {
    ...{ name: peer.package.name, kind: 'peer', pid: running.pid, port: start.port },
    answers: (_, wire) => peer.wires.includes(wire),
    headers: (wire) => peer.headers(wire, start),
    stop: () => end(running, folder),
  };
}

function scratchFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'lingma-bench-'));
}

async function end(running: Running, folder: string): Promise<void> {
  await running.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
