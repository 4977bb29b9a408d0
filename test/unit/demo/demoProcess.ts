import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { freePort } from '../../../scripts/ports.mjs';
import { removeFolder } from '../../support/tempDir';

/** One JSON-RPC message as a test looks at it. */
export interface Message {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

const program = path.resolve(import.meta.dirname, '../../../dist/demo.js');

/** Ends a wait in vain; a busy machine takes seconds to start a process. */
const PATIENCE_MS = 15_000;

/** A frame written by hand: this file shares nothing with the demo. */
export function frame(message: object): string {
  const json = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
}

/** A client of the demo that acknowledges every request, unless told otherwise. */
export class RawClient {
  readonly received: Message[] = [];
  /** Each WebSocket message as it came. */
  readonly raw: { readonly bytes: Buffer; readonly binary: boolean }[] = [];
  acknowledges = true;
  closeCode: number | undefined;
  readonly #wakers = new Set<() => void>();
  #bytes = Buffer.alloc(0);
  #nextId = 1;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, binary) => {
      this.raw.push({ bytes: data, binary });
      this.#bytes = Buffer.concat([this.#bytes, data]);
      for (let message = this.#take(); message !== undefined; message = this.#take()) {
        this.received.push(message);
        if (this.acknowledges && message.method !== undefined && message.id !== undefined) {
          this.send({ jsonrpc: '2.0', id: message.id, result: {} });
        }
      }
      this.#wake();
    });
    socket.on('close', (code) => {
      this.closeCode = code;
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  /** Rejects when the handshake is refused. */
  static async connect(
    port: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { ...headers } });
    const client = new RawClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Connects and does the handshake. */
  static async ready(port: number): Promise<RawClient> {
    const client = await RawClient.connect(port);
    await client.call('initialize', {});
    return client;
  }

  send(message: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(frame(message));
  }

  /** Sends a request and returns its id. */
  post(method: string, params: object, id: number | string = this.#nextId++): number | string {
    this.send({ jsonrpc: '2.0', id, method, params });
    return id;
  }

  /** Sends a request and waits for its reply. */
  async call(method: string, params: object): Promise<Message> {
    return this.reply(this.post(method, params));
  }

  reply(id: number | string): Promise<Message> {
    return this.until(
      `reply ${id}`,
      (message) => message.id === id && message.method === undefined,
    );
  }

  finish(requestId: string): Promise<Message> {
    return this.event('chat/finish', requestId);
  }

  event(method: string, requestId: string): Promise<Message> {
    return this.until(
      `${method} ${requestId}`,
      (message) => message.method === method && message.params?.['requestId'] === requestId,
    );
  }

  /** The events of one request, in order. */
  eventsOf(requestId: string): Message[] {
    return this.received.filter((message) => message.params?.['requestId'] === requestId);
  }

  /** The texts of the answer deltas of one request. */
  deltas(requestId: string): unknown[] {
    return this.eventsOf(requestId)
      .filter((message) => message.method === 'chat/answer')
      .map((message) => message.params?.['text']);
  }

  async until(what: string, wanted: (message: Message) => boolean): Promise<Message> {
    let found: Message | undefined;
    await this.#when(what, () => {
      found = this.received.find(wanted);
      return found !== undefined;
    });
    if (found === undefined) throw new Error(`no ${what}`);
    return found;
  }

  async closed(): Promise<number> {
    await this.#when('close', () => this.closeCode !== undefined);
    return this.closeCode ?? 0;
  }

  async #when(what: string, isSo: () => boolean): Promise<void> {
    const limit = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      const left = limit - performance.now();
      if (left <= 0) throw new Error(`waited in vain for ${what}`);
      const cancelled = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wakers.add(resolve);
        }),
        delay(left, undefined, { signal: cancelled.signal }).catch(() => undefined),
      ]);
      cancelled.abort();
    }
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  #take(): Message | undefined {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const length = Number(
      /content-length: (\d+)/i.exec(this.#bytes.toString('latin1', 0, end))?.[1],
    );
    const start = end + 4;
    if (this.#bytes.length < start + length) return undefined;
    const json = this.#bytes.toString('utf8', start, start + length);
    this.#bytes = this.#bytes.subarray(start + length);
    return JSON.parse(json) as Message;
  }
}

/** How a child ended. */
export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function environment(knobs: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('DEMO_LINGMA_'),
  );
  return { ...Object.fromEntries(inherited), ...knobs };
}

/** Runs the demo with these arguments to its end. */
export async function runDemo(
  args: readonly string[],
  knobs: Readonly<Record<string, string>> = {},
): Promise<Exit> {
  const child = spawn(process.execPath, [program, ...args], { env: environment(knobs) });
  return collect(child);
}

async function collect(child: ChildProcess): Promise<Exit> {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

/** The demo as a child of the test, in a work directory of its own. */
export class DemoProcess {
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  #ended = false;

  private constructor(
    readonly workDir: string,
    readonly socketPort: number,
    readonly httpPort: number,
    knobs: Readonly<Record<string, string>>,
  ) {
    const args = DemoProcess.args(workDir, socketPort, httpPort);
    this.#child = spawn(process.execPath, [program, ...args], { env: environment(knobs) });
    this.exit = collect(this.#child).finally(() => {
      this.#ended = true;
    });
  }

  static args(workDir: string, socketPort: number, httpPort: number): string[] {
    return [
      'start',
      '--transportType=websocket',
      `--workDir=${workDir}`,
      `--socketPort=${socketPort}`,
      `--httpPort=${httpPort}`,
    ];
  }

  /** Starts a process and waits until it listens. */
  static async start(
    knobs: Readonly<Record<string, string>> = {},
    workDir?: string,
  ): Promise<DemoProcess> {
    const demo = await DemoProcess.launch(knobs, workDir);
    const limit = performance.now() + PATIENCE_MS;
    while (!demo.log().includes('Communication servers ready')) {
      if (performance.now() > limit || demo.#ended) {
        await demo.stop();
        throw new Error(`the demo did not start: ${(await demo.exit).stderr}`);
      }
      await delay(10);
    }
    return demo;
  }

  /** Starts a process that need not come up. */
  static async launch(
    knobs: Readonly<Record<string, string>> = {},
    workDir = mkdtempSync(path.join(tmpdir(), 'demo-lingma-')),
  ): Promise<DemoProcess> {
    return new DemoProcess(workDir, await freePort(), await freePort(), knobs);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** True once the process has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  read(file: string): string | undefined {
    try {
      return readFileSync(path.join(this.workDir, file), 'utf8');
    } catch {
      return undefined;
    }
  }

  log(): string {
    return this.read('logs/lingma.log') ?? '';
  }

  /** Ends the process for good and removes its work directory. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit;
    await removeFolder(this.workDir);
  }
}

/** The parameters of a good `chat/ask` for a new session. */
export function askParams(requestId: string, questionText: string, more: object = {}): object {
  return {
    requestId,
    sessionId: '',
    sessionType: 'chat',
    mode: 'chat',
    chatTask: 'FREE_INPUT',
    questionText,
    chatContext: { text: questionText, localeLang: 'en', preferredLanguage: 'en' },
    stream: true,
    isReply: false,
    source: 1,
    taskDefinitionType: 'system',
    codeLanguage: '',
    extra: { context: [], modelConfig: { key: 'org_auto' } },
    targetAgent: '',
    pluginPayloadConfig: {
      isEnableAutoMemory: false,
      isEnableProjectRule: false,
      isEnableAskAgent: false,
    },
    shellType: 'zsh',
    customModel: null,
    ...more,
  };
}
