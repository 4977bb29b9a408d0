/** Runs the built headless launcher as a user does: a process, its first line, its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import type { GatewaySnapshot } from '../../src/gateway/snapshot';
import { readRecords } from './demoRecords';
import { removeFolder } from './tempDir';

const LAUNCHER = path.resolve('dist/headless.js');

export interface LaunchOptions {
  readonly flags?: readonly string[];
  /** Added to the environment; `DEMO_LINGMA_*` are the demo's knobs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of Node itself, in front of the launcher. */
  readonly nodeFlags?: readonly string[];
}

/** What the demo process recorded: an inbound message, or an event of its own. */
export interface DemoRecord {
  readonly dir: 'in' | 'event';
  readonly pid: number;
  readonly event?: string;
  readonly message?: { readonly method?: string; readonly params?: Record<string, unknown> };
  readonly [key: string]: unknown;
}

export class HeadlessGateway {
  readonly child: ChildProcess;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly demo: boolean;
  readonly #scratch: string;
  readonly #log: () => string;

  private constructor(
    child: ChildProcess,
    log: () => string,
    scratch: string,
    ready: { baseUrl: string; apiKey: string; demo: boolean },
  ) {
    this.child = child;
    this.#log = log;
    this.#scratch = scratch;
    this.baseUrl = ready.baseUrl;
    this.apiKey = ready.apiKey;
    this.demo = ready.demo;
  }

  /** Starts the launcher on any free port with a work folder of its own, and waits for it. */
  static async launch({
    flags = [],
    env = {},
    nodeFlags = [],
  }: LaunchOptions = {}): Promise<HeadlessGateway> {
    const scratch = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
    const run = runLauncher(
      ['--port', '0', '--work-dir', path.join(scratch, 'work'), ...flags],
      { DEMO_LINGMA_RECORD: path.join(scratch, 'record.jsonl'), ...env },
      nodeFlags,
    );
    const line = await run.firstLine;
    if (line === undefined) throw new Error(`the launcher ended: ${await run.stderr}`);
    return new HeadlessGateway(
      run.child,
      run.log,
      scratch,
      JSON.parse(line) as { baseUrl: string; apiKey: string; demo: boolean },
    );
  }

  /** The official client, without retries that could hide a failure. */
  openai(apiKey = this.apiKey): OpenAI {
    return new OpenAI({ baseURL: `${this.baseUrl}/v1`, apiKey, maxRetries: 0 });
  }

  fetch(pathname: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.baseUrl + pathname, {
      ...init,
      headers: { authorization: `Bearer ${this.apiKey}`, ...(init.headers as object) },
    });
  }

  async stats(): Promise<GatewaySnapshot> {
    return (await (await this.fetch('/internal/stats')).json()) as GatewaySnapshot;
  }

  /** One sample of `/metrics`, by name and labels as they stand in the text. */
  async metric(sample: string): Promise<number> {
    const text = await (await this.fetch('/metrics')).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
    if (!line) throw new Error(`no sample ${sample} in:\n${text}`);
    return Number(line.slice(sample.length + 1));
  }

  /** Everything the demo processes have recorded so far, in order. */
  records(): DemoRecord[] {
    const file = path.join(this.#scratch, 'record.jsonl');
    return existsSync(file) ? readRecords(file) : [];
  }

  /** Parameters of the calls of one method that reached Lingma, in order. */
  upstream(method: string): Record<string, unknown>[] {
    return this.records().flatMap((record) =>
      record.message?.method === method ? [record.message.params ?? {}] : [],
    );
  }

  /** Mistakes in our protocol traffic that the demo noticed. */
  upstreamProblems(): DemoRecord[] {
    return this.records().filter(({ event }) => event === 'problem');
  }

  /** What it has written to stderr so far. */
  get log(): string {
    return this.#log();
  }

  get workDir(): string {
    return path.join(this.#scratch, 'work');
  }

  /** Ends the launcher as a service manager would; gives its exit code and how long it took. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; ms: number }> {
    const startedAt = performance.now();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill(signal);
      await exited;
    }
    await removeFolder(this.#scratch);
    return { code: this.child.exitCode, ms: performance.now() - startedAt };
  }
}

/** The launcher with any flags, for tests of how it refuses to start. */
export function runLauncher(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
  nodeFlags: readonly string[] = [],
): {
  child: ChildProcess;
  firstLine: Promise<string | undefined>;
  /** What it has written to stderr so far. */
  log: () => string;
  /** All of it, once the process is over. */
  stderr: Promise<string>;
  exitCode: Promise<number | null>;
} {
  const child = spawn(process.execPath, [...nodeFlags, LAUNCHER, ...flags], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (written += chunk));
  const lines = createInterface({ input: child.stdout });
  const closed = once(child, 'close');
  return {
    child,
    firstLine: Promise.race([
      once(lines, 'line').then(([line]) => String(line)),
      closed.then(() => undefined),
    ]),
    log: () => written,
    stderr: closed.then(() => written),
    exitCode: closed.then(() => child.exitCode),
  };
}

/**
 * Polls until `probe` gives a truthy value; fails naming `what` after `limitMs`, which is only there
 * to end a wait in vain: a busy machine takes seconds to start a process.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  limitMs = 15_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`${what} did not happen in ${limitMs} ms`);
    await sleep(20);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
