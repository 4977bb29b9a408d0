/** Programs under measurement: started in a folder of their own, ended with the bench. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** No program takes this long to start or to end. */
const limitMs = 20_000;
const logLength = 4_096;

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** A program that runs. */
export class Running {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #killWithUs: () => void;
  #log = '';
  #lines = '';

  constructor({ command, args, env, cwd }: Program) {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#killWithUs = () => void child.kill('SIGKILL');
    process.once('exit', this.#killWithUs);
    child.once('error', (error) => (this.#log += error.message));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#lines = (this.#lines + text).slice(0, logLength);
      this.#log = (this.#log + text).slice(-logLength);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-logLength);
    });
  }

  /** Waits until the port takes connections. */
  async listens(port: number): Promise<void> {
    await this.#until(`listen on ${port}`, () => canConnect(port));
  }

  /** The first line that it writes to stdout. */
  async firstLine(): Promise<string> {
    await this.#until('write a line', () => this.#lines.includes('\n'));
    return this.#lines.split('\n')[0] ?? '';
  }

  async stop(): Promise<void> {
    process.off('exit', this.#killWithUs);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), limitMs);
    await exited;
    clearTimeout(force);
  }

  async #until(what: string, reached: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!(await reached())) {
      if (performance.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(`${this.#child.spawnfile} did not ${what}:\n${this.#log}`);
      }
      await sleep(50);
    }
  }
}

/** Resident memory in bytes; undefined where the system does not tell. */
export function residentBytes(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
