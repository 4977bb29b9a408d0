/** One agent in a world of its own: folders, configuration, and runs that end with all they began. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGroup } from '../../../scripts/vscode/processes.mjs';
import type { CliClient } from './client';

/** Nobody listens there, so a call that leaves this machine fails at once. */
const DEAD_PROXY = 'http://127.0.0.1:9';

const OFFLINE = {
  HTTP_PROXY: DEAD_PROXY,
  HTTPS_PROXY: DEAD_PROXY,
  NO_PROXY: '127.0.0.1,localhost',
};

/** How one run ended. */
export interface Ending {
  /** `code 0`, `signal SIGINT`. */
  readonly how: string;
  /** Both of its outputs, as they came. */
  readonly output: string;
}

export class Agent {
  readonly #client: CliClient;
  readonly #scratch: string;
  readonly #env: Readonly<Record<string, string>>;
  #runs = 0;

  constructor(client: CliClient, endpoint: { readonly baseUrl: string; readonly apiKey: string }) {
    this.#client = client;
    this.#scratch = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
    for (const name of ['home', 'work', 'tmp']) mkdirSync(path.join(this.#scratch, name));
    const home = path.join(this.#scratch, 'home');
    this.#env = {
      // For the tools that the agents call; nothing else of this environment reaches them.
      PATH: [path.dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
      HOME: home,
      TMPDIR: path.join(this.#scratch, 'tmp'),
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      ...(client.honoursNoProxy ? OFFLINE : {}),
      ...client.setUp({ home, work: this.work, ...endpoint }),
    };
  }

  /** The folder it works in. */
  get work(): string {
    return path.join(this.#scratch, 'work');
  }

  /** Runs one prompt to its end; rejects when that takes longer than the client's patience. */
  async run(
    prompt: string,
    { again = false, detailed = false }: { again?: boolean; detailed?: boolean } = {},
  ): Promise<Ending> {
    const run = this.#start(prompt, again, detailed);
    const giveUp = new AbortController();
    try {
      const how = await Promise.race([
        run.exited,
        sleep(1000 * this.#client.patienceSeconds, undefined, { signal: giveUp.signal }),
      ]);
      if (how !== undefined) return { how, output: run.output() };
      throw new Error(
        `no end after ${String(this.#client.patienceSeconds)} s; so far:\n${run.output()}`,
      );
    } finally {
      giveUp.abort();
      await run.stop();
    }
  }

  /** Starts a prompt and, once `when` resolves, interrupts it as Ctrl-C would. */
  async interrupt(prompt: string, when: () => Promise<unknown>): Promise<Ending> {
    const run = this.#start(prompt, false, false);
    try {
      await when();
      process.kill(-run.pid, 'SIGINT');
      const late = sleep(10_000, 'still running 10 s after SIGINT', { ref: false });
      return { how: await Promise.race([run.exited, late]), output: run.output() };
    } finally {
      await run.stop();
    }
  }

  remove(): void {
    rmSync(this.#scratch, { recursive: true, force: true, maxRetries: 5 });
  }

  #start(
    prompt: string,
    again: boolean,
    detailed: boolean,
  ): ReturnType<typeof startGroup> & { output: () => string } {
    const logFile = path.join(this.#scratch, `run-${String(++this.#runs)}.log`);
    const [command, ...first] = this.#client.command();
    const args = [...first, ...this.#client.args(prompt, { again, detailed })];
    const group = startGroup(command, args, { cwd: this.work, env: this.#env, logFile });
    return { ...group, output: () => readFileSync(logFile, 'utf8') };
  }
}
