/** A launcher under test with everything that is checked after each fault. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GatewaySnapshot } from '../../src/gateway/snapshot';
import { eventually, HeadlessGateway, isAlive, type LaunchOptions } from '../support/headless';
import { Chat, type ChatOptions } from './chat';
import { Witness } from './witness';
import { removeFolder } from '../support/tempDir';

/** Named, because an installed Lingma would go before the demo. */
const DEMO = path.resolve('dist/demo.js');
const PROGRAM = path.resolve('test/faults/program.mjs');
/** Longest wait for everything to be as if nothing had happened. */
const CALM_LIMIT_MS = 45_000;

export interface RigOptions extends LaunchOptions {
  /**
   * The environment of each process in the order of their starts, over all instances; later ones
   * have nothing of their own. `FAULT_THIEF` makes somebody else take the port before the process:
   * `mute` says nothing, `stranger` is some other web server.
   */
  readonly incarnations?: readonly Readonly<Record<string, string>>[];
}

export class Rig {
  readonly gateway: HeadlessGateway;
  readonly witness: Witness;
  readonly #folder: string;

  private constructor(gateway: HeadlessGateway, witness: Witness, folder: string) {
    this.gateway = gateway;
    this.witness = witness;
    this.#folder = folder;
  }

  static async launch({
    flags = [],
    env = {},
    nodeFlags = [],
    incarnations = [],
  }: RigOptions = {}): Promise<Rig> {
    const folder = mkdtempSync(path.join(tmpdir(), 'lingma-fault-'));
    const record = path.join(folder, 'record.jsonl');
    writeFileSync(path.join(folder, 'plan.json'), JSON.stringify(incarnations));
    const gateway = await HeadlessGateway.launch({
      flags: [
        ...['--lingma', incarnations.length > 0 ? PROGRAM : DEMO],
        ...['--pass-env', 'FAULT_*'],
        ...flags,
      ],
      env: { DEMO_LINGMA_RECORD: record, FAULT_FOLDER: folder, FAULT_DEMO: DEMO, ...env },
      nodeFlags,
    });
    return new Rig(gateway, new Witness(record), folder);
  }

  /** The id of the launcher's process. */
  get pid(): number {
    const { pid } = this.gateway.child;
    assert.ok(pid !== undefined);
    return pid;
  }

  chat(name: string, options?: ChatOptions): Chat {
    const { baseUrl, apiKey } = this.gateway;
    return new Chat({ baseUrl, apiKey, witness: this.witness }, name, options);
  }

  /** The processes that take turns now. */
  async pids(): Promise<number[]> {
    const { instances } = await this.gateway.stats();
    return instances.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  }

  /** Sends one signal to every process that takes turns. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    for (const pid of await this.pids()) signalIfThere(pid, signal);
  }

  /** Kills every process that takes turns and waits until the gateway knows. */
  async crash(): Promise<void> {
    const killed = new Set(await this.pids());
    for (const pid of killed) signalIfThere(pid, 'SIGKILL');
    await eventually('the gateway notices', async () => {
      return !(await this.pids()).some((pid) => killed.has(pid));
    });
  }

  /** Waits until so many turns are under way. */
  async running(turns = 1): Promise<void> {
    await eventually(`${turns} running turns`, async () => {
      return (await this.gateway.stats()).concurrency.inFlight >= turns;
    });
  }

  /**
   * The invariant after every fault: nothing runs or waits, every instance is ready, the processes
   * are those the gateway knows and no others, and no session was ever told what is not its own.
   */
  async calm(): Promise<GatewaySnapshot> {
    let seen: unknown;
    const snapshot = await eventually(
      'calm',
      async () => {
        const stats = await this.gateway.stats();
        const known = new Set(stats.instances.map(({ pid }) => pid));
        const strangers = this.#processes().filter((pid) => !known.has(pid));
        seen = { stats, strangers };
        return isCalm(stats) && strangers.length === 0 ? stats : undefined;
      },
      CALM_LIMIT_MS,
    ).catch((error: unknown) => {
      throw new Error(`not calm: ${JSON.stringify(seen)}`, { cause: error });
    });
    assert.deepEqual(this.witness.violations(), []);
    return snapshot;
  }

  /** Every process that ever took turns, or was started to, and still lives. */
  #processes(): number[] {
    const started = childrenOf(this.pid).filter(isLingma);
    return [...new Set([...this.witness.pids, ...started])].filter(isAlive);
  }

  /** Ends the launcher, which has to exit with 0 and to leave nobody behind. */
  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.gateway.child;
    const pids = exitCode === null && signalCode === null ? childrenOf(this.pid) : [];
    const { code, ms } = await this.gateway.stop();
    const violations = this.witness.violations();
    await removeFolder(this.#folder);
    assert.deepEqual(violations, []);
    assert.equal(code, 0);
    assert.ok(ms < 5_000, `stopping took ${Math.round(ms)} ms`);
    await eventually(
      'the end of its children',
      () => ![...pids, ...this.witness.pids].some(isAlive),
    );
  }
}

export function isCalm({ concurrency, sessionCache, instances }: GatewaySnapshot): boolean {
  return (
    concurrency.inFlight === 0 &&
    concurrency.queued === 0 &&
    sessionCache.leased === 0 &&
    instances.every(({ state }) => state === 'ready')
  );
}

/** Children of a process, from the process table. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** Open descriptors of a process. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Resident memory of a process in MB. */
export function residentMbOf(pid: number): number {
  const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1024;
}

/** Whether the process was still there to be signalled. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** The middle one of some figures; 0 when there are none. */
export function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

function parentOf(pid: number): number | undefined {
  try {
    // The name in front may hold anything, its own brackets included.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(fields[1]);
  } catch {
    return undefined;
  }
}

/** Whether a process was started as Lingma; the guardian is not. */
function isLingma(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--socketPort=');
  } catch {
    return false;
  }
}
