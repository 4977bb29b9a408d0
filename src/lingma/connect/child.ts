/** A program of ours from its spawn to its end, which leaves nothing behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../observe/log';
import { isGroupAlive, killTree } from '../killTree';

/** How long a polite request to end may take before the process is killed. */
const STOP_GRACE_MS = 2_000;
/** How long killed processes may take to vanish; zombies that nobody reaps never do. */
const KILL_LIMIT_MS = 500;
const GROUP_POLL_MS = { first: 5, max: 100 };
const STDERR_TAIL_CHARS = 4_096;

/** Who is told of our processes: a guardian, which ends them when we are killed. */
export interface ProcessWatch {
  /** Told of a process as soon as it exists and again when it is gone with all its helpers. */
  readonly onSpawn: (pid: number) => void;
  readonly onGone: (pid: number) => void;
}

export interface ChildOptions extends ProcessWatch {
  readonly command: string;
  readonly args: readonly string[];
  /** The arguments are one line for `cmd.exe`, quoted already. */
  readonly verbatim?: boolean;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whether its stdin and stdout are the caller's; without that, what it prints is thrown away. */
  readonly speaks: boolean;
  readonly logger: Logger;
}

export class Child {
  readonly process: ChildProcess;
  /** Undefined when it could not be spawned; `exited` says why. */
  readonly pid: number | undefined;
  /** Settles when the process itself has ended, with words for people. */
  readonly exited: Promise<string>;
  /** Settles when nobody of its group is left either: the program may be a script or have helpers. */
  readonly #gone: Promise<void>;
  #stderr = '';
  #stopping = false;
  #killed = false;
  /** Whether anybody is left; once not, the system may give the id to strangers. */
  #anyLeft = true;

  constructor(options: ChildOptions) {
    const { command, args, verbatim, cwd, env, speaks, logger } = options;
    this.process = spawn(command, args, {
      cwd,
      env,
      // Leads a process group, so that its descendants can be ended with it.
      detached: process.platform !== 'win32',
      windowsHide: true,
      windowsVerbatimArguments: verbatim ?? false,
      stdio: [speaks ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    this.pid = this.process.pid;
    this.exited = new Promise<string>((resolve) => {
      this.process.once('error', (error) => {
        resolve(error.message);
      });
      this.process.once('exit', (code, signal) => {
        resolve(signal ? `ended by ${signal}` : `exit code ${code ?? 'unknown'}`);
      });
    });
    // A full pipe would stop the process, so everything is read.
    if (!speaks) this.process.stdout?.resume();
    this.process.stderr?.setEncoding('utf8');
    this.process.stderr?.on('data', (chunk: string) => {
      this.#stderr = (this.#stderr + chunk).slice(-STDERR_TAIL_CHARS);
      logger.log('debug', chunk.slice(0, STDERR_TAIL_CHARS).trimEnd());
    });
    const { pid } = this;
    if (pid === undefined) this.#anyLeft = false;
    else options.onSpawn(pid);
    this.#gone = this.exited.then(async () => {
      if (pid === undefined) return;
      // Without their leader, helpers would go on in a work folder that its successor needs.
      if (!this.#stopping && isGroupAlive(pid)) this.#kill(pid);
      await groupGone(pid);
      this.#anyLeft = false;
      options.onGone(pid);
    });
  }

  /** The end of what it wrote to stderr. */
  get stderr(): string {
    return this.#stderr.trim();
  }

  /** Asks the process and its helpers to end, then makes them; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (!this.#anyLeft || this.pid === undefined) return;
    if (!this.#killed) {
      killTree(this.pid, 'SIGTERM');
      if (await within(STOP_GRACE_MS, this.#gone)) return;
      this.#kill(this.pid);
    }
    await this.exited;
    // Whoever is left after that stays known to the guardian.
    await within(KILL_LIMIT_MS, this.#gone);
  }

  #kill(pid: number): void {
    this.#killed = true;
    killTree(pid, 'SIGKILL');
    this.process.kill('SIGKILL');
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
