/**
 * One Lingma process from spawn to exit (protocol §1.1): free ports, an own work folder, readiness
 * by dialling, drained output, and an end that leaves nothing behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../base/errors';
import type { Logger } from '../observe/log';
import { nodeEnvironment, programEnvironment } from './environment';
import { isGroupAlive, killTree } from './killTree';
import type { Program } from './locate';
import type { MessageSocket } from './rpc';
import { openSocket } from './socket';
import { makePrivate } from './workDir';

const START_LIMIT_MS = 20_000;
const DIAL_EVERY_MS = 100;
/** How long a polite request to end may take before the process is killed. */
const STOP_GRACE_MS = 2_000;
/** How long killed processes may take to vanish; zombies that nobody reaps never do. */
const KILL_LIMIT_MS = 500;
const GROUP_POLL_MS = { first: 5, max: 100 };
const STDERR_TAIL_CHARS = 4_096;

export interface SpawnOptions {
  readonly program: Program;
  readonly workDir: string;
  readonly logger: Logger;
  /** Told of the process as soon as it exists and again when it is gone with all its helpers. */
  readonly onSpawn: (pid: number) => void;
  readonly onGone: (pid: number) => void;
}

export class LingmaProcess {
  readonly pid: number;
  readonly port: number;
  /** Settles when the process itself has ended, with words for people. */
  readonly exited: Promise<string>;
  /** Settles when nobody of its group is left either: Lingma may be a script or have helpers. */
  readonly #gone: Promise<void>;
  readonly #child: ChildProcess;
  #stopping = false;
  #killed = false;
  /** Whether anybody is left; once not, the system may give the id to strangers. */
  #anyLeft = true;

  private constructor(child: ChildProcess, pid: number, port: number, exited: Promise<string>) {
    this.#child = child;
    this.pid = pid;
    this.port = port;
    this.exited = exited;
    this.#gone = exited.then(async () => {
      // Without their leader, helpers would go on in a work folder that its successor needs.
      if (!this.#stopping && isGroupAlive(pid)) this.#kill();
      await groupGone(pid);
      this.#anyLeft = false;
    });
  }

  /**
   * Spawns a process and connects to it. Rejects with `start_failed`, which carries the end of
   * what the process wrote, when it exits or stays silent; nothing is left running then.
   */
  static async start(
    options: SpawnOptions,
    signal: AbortSignal,
  ): Promise<{ process: LingmaProcess; socket: MessageSocket }> {
    const [socketPort, httpPort] = await freePorts(2);
    const child = spawnProgram(options, socketPort, httpPort);
    const stderr = drain(child, options.logger);
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => {
        resolve(error.message);
      });
      child.once('exit', (code, exitSignal) => {
        resolve(exitSignal ? `ended by ${exitSignal}` : `exit code ${code ?? 'unknown'}`);
      });
    });
    const { pid } = child;
    if (pid === undefined) throw startFailed(options.program, await exited, '', false);
    options.onSpawn(pid);
    const process = new LingmaProcess(child, pid, socketPort, exited);
    void process.#gone.then(() => {
      options.onGone(pid);
    });

    const dialling = new AbortController();
    try {
      const socket = await Promise.race([
        dial(socketPort, AbortSignal.any([signal, dialling.signal])),
        exited.then((how) => {
          throw startFailed(options.program, how, stderr(), true);
        }),
      ]);
      return { process, socket };
    } catch (error) {
      dialling.abort();
      await process.stop();
      if (error instanceof GatewayError) throw error;
      const limit = `did not answer on its port within ${START_LIMIT_MS / 1000} s`;
      throw startFailed(options.program, limit, stderr(), true);
    }
  }

  /** Asks the process and its helpers to end, then makes them; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (!this.#anyLeft) return;
    if (!this.#killed) {
      killTree(this.pid, 'SIGTERM');
      if (await within(STOP_GRACE_MS, this.#gone)) return;
      this.#kill();
    }
    await this.exited;
    // Whoever is left after that stays known to the guardian.
    await within(KILL_LIMIT_MS, this.#gone);
  }

  #kill(): void {
    this.#killed = true;
    killTree(this.pid, 'SIGKILL');
    this.#child.kill('SIGKILL');
  }
}

/** Resolves when nobody is left in the group; does not keep our own process alive for that. */
async function groupGone(pid: number): Promise<void> {
  for (let waitMs = GROUP_POLL_MS.first; isGroupAlive(pid); waitMs *= 2) {
    await sleep(Math.min(waitMs, GROUP_POLL_MS.max), undefined, { ref: false });
  }
}

/** Whether `event` happens in time. */
async function within(limitMs: number, event: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const happened = await Promise.race([
    event.then(() => true),
    sleep(limitMs, false, { signal: timer.signal }).catch(() => true),
  ]);
  timer.abort();
  return happened;
}

function spawnProgram(options: SpawnOptions, socketPort: number, httpPort: number): ChildProcess {
  const { program, workDir } = options;
  const ours = program.command === process.execPath;
  return spawn(
    program.command,
    [
      ...program.args,
      'start',
      '--transportType=websocket',
      `--workDir=${workDir}`,
      `--socketPort=${socketPort}`,
      `--httpPort=${httpPort}`,
    ],
    {
      // An empty folder of its own: a process that acts on its working directory finds nothing.
      cwd: makePrivate(path.join(workDir, 'cwd')),
      env: ours ? nodeEnvironment() : programEnvironment(),
      // Leads a process group, so that its descendants can be ended with it.
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
}

/** Reads all output, since a full pipe would stop the process; gives the end of stderr. */
function drain(child: ChildProcess, logger: Logger): () => string {
  let tail = '';
  child.stdout?.resume();
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (chunk: string) => {
    tail = (tail + chunk).slice(-STDERR_TAIL_CHARS);
    logger.log('debug', chunk.slice(0, STDERR_TAIL_CHARS).trimEnd());
  });
  return () => tail.trim();
}

async function dial(port: number, signal: AbortSignal): Promise<MessageSocket> {
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await openSocket(`ws://127.0.0.1:${port}/`, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      if (performance.now() > deadline) throw new Error('dial time-out', { cause: error });
    }
    await sleep(DIAL_EVERY_MS, undefined, { signal });
  }
}

/** Free TCP ports, all different. Another program may take one before its use; callers retry. */
async function freePorts(count: 2): Promise<[number, number]>;
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            resolve(server);
          });
        }),
    ),
  );
  return Promise.all(
    servers.map((server) => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      return new Promise<number>((resolve) => {
        server.close(() => {
          resolve(port);
        });
      });
    }),
  );
}

/** @param retryable Whether another attempt, with other ports, could end differently. */
function startFailed(
  program: Program,
  how: string,
  stderr: string,
  retryable: boolean,
): GatewayError {
  const said = stderr ? ` It wrote: ${stderr.slice(-1_000)}` : '';
  return new GatewayError({
    code: 'start_failed',
    status: 503,
    message: `Lingma (${program.path}) did not start: ${how}.${said}`,
    retryable,
  });
}
