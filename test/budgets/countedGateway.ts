/** The built launcher with its work counted, in front of the bench's upstream. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { UpstreamReport } from '../bench/peers/plan';
import { Upstream } from '../bench/peers/upstreamProcess';

/** What `counter.cjs` counts. */
export interface Counts {
  readonly clientWrites: number;
  readonly lingmaWrites: number;
  readonly parses: number;
  readonly parsedChars: number;
  readonly stringifies: number;
  readonly hashedBytes: number;
  readonly timers: number;
  /** In use at that moment. */
  readonly heapBytes: number;
}

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

export interface CountedAnswer {
  readonly text: string;
  readonly continued: boolean;
}

/** So much room for young objects that none of them is collected while turns are counted. */
const NURSERY_MIB = 128;

export class CountedGateway {
  readonly upstream: Upstream;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #baseUrl: string;
  readonly #apiKey: string;

  private constructor(
    upstream: Upstream,
    child: ChildProcess,
    folder: string,
    ready: { baseUrl: string; apiKey: string },
  ) {
    this.upstream = upstream;
    this.#child = child;
    this.#folder = folder;
    this.#baseUrl = ready.baseUrl;
    this.#apiKey = ready.apiKey;
  }

  static async start(): Promise<CountedGateway> {
    const upstream = await Upstream.start();
    const folder = mkdtempSync(path.join(tmpdir(), 'lingma-budgets-'));
    const child = spawn(
      process.execPath,
      [
        ...['--expose-gc', `--min-semi-space-size=${NURSERY_MIB}`],
        ...[`--max-semi-space-size=${NURSERY_MIB}`],
        ...['--require', path.join(__dirname, 'counter.cjs'), path.resolve('dist/headless.js')],
        ...['--attach', `ws://127.0.0.1:${upstream.port}/`, '--port', '0'],
        // Room for all: to give one up and to delete it is work of another turn.
        ...['--work-dir', path.join(folder, 'work'), '--session-max', '10000'],
        ...['--session-max-per-instance', '0'],
      ],
      { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] },
    );
    if (child.stdout === null) throw new Error('the launcher has no stdout');
    const lines = createInterface(child.stdout);
    const first = await Promise.race([
      once(lines, 'line').then(([line]) => String(line)),
      once(child, 'exit').then(() => undefined),
    ]);
    if (first === undefined) throw new Error('the launcher ended');
    const ready = JSON.parse(first) as { baseUrl: string; apiKey: string };
    return new CountedGateway(upstream, child, folder, ready);
  }

  /** A turn of Chat Completions. */
  async ask(messages: readonly Message[], stream: boolean): Promise<CountedAnswer> {
    const response = await fetch(`${this.#baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bench-model', messages, stream }),
    });
    const body = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${body}`);
    const continued = (response.headers.get('x-lingma-session') ?? '').startsWith('continued');
    return { text: stream ? streamedText(body) : wholeText(body), continued };
  }

  /** Everything counted since the start. @param collect Collect garbage first. */
  async counts(collect = false): Promise<Counts> {
    const told = once(this.#child, 'message') as Promise<[Counts]>;
    this.#child.send({ collect });
    const [counts] = await told;
    return counts;
  }

  /** What the upstream has counted since it was asked last. */
  report(): Promise<UpstreamReport> {
    return this.upstream.report();
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
    await this.upstream.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Choices {
  readonly choices: readonly {
    readonly message?: { readonly content: string };
    readonly delta?: { readonly content?: string };
  }[];
}

function wholeText(body: string): string {
  return (JSON.parse(body) as Choices).choices[0]?.message?.content ?? '';
}

function streamedText(body: string): string {
  return [...body.matchAll(/^data: (\{.*)$/gm)]
    .map(([, json = '']) => (JSON.parse(json) as Choices).choices[0]?.delta?.content ?? '')
    .join('');
}
