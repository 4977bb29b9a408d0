/**
 * Spawns a Lingma process and connects to it (protocol §1.1): free ports, an own work folder,
 * readiness by dialling.
 */
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../base/errors';
import type { Logger } from '../../observe/log';
import { lingmaEnvironment, nodeEnvironment } from '../environment';
import { headerFraming } from '../framing';
import type { Program } from '../locate';
import type { MessageSocket } from '../rpc';
import { openSocket } from '../socket';
import { makePrivate } from '../workDir';
import { Child, type ProcessWatch } from './child';
import type { Connection, Connector } from './connector';

const START_LIMIT_MS = 20_000;
const DIAL_EVERY_MS = 100;

export interface SpawnOptions extends ProcessWatch {
  readonly program: Program;
  readonly workDir: string;
  /** Variables it gets beside those that Lingma needs. */
  readonly passEnvironment?: readonly string[];
  readonly logger: Logger;
}

export class SpawnConnector implements Connector {
  readonly #options: SpawnOptions;
  readonly #pickPorts: () => Promise<[number, number]>;

  constructor(options: SpawnOptions, pickPorts = freePorts) {
    this.#options = options;
    this.#pickPorts = pickPorts;
  }

  /**
   * Rejects with `start_failed`, which carries the end of what the process wrote, when it exits or
   * stays silent. The next attempt takes other ports: somebody may have been quicker on these.
   */
  async connect(signal: AbortSignal): Promise<Connection> {
    const { program, workDir, passEnvironment, logger, onSpawn, onGone } = this.#options;
    const [port, httpPort] = await this.#pickPorts();
    const ours = program.command === process.execPath;
    const cwd = makePrivate(path.join(workDir, 'cwd'));
    const child = new Child({
      command: program.command,
      args: [
        ...program.args,
        'start',
        '--transportType=websocket',
        `--workDir=${workDir}`,
        `--socketPort=${port}`,
        `--httpPort=${httpPort}`,
      ],
      cwd,
      env: ours ? nodeEnvironment(passEnvironment) : lingmaEnvironment(passEnvironment),
      speaks: false,
      logger,
      onSpawn,
      onGone,
    });
    const { pid } = child;
    if (pid === undefined) throw startFailed(program, await child.exited, '', false);

    const dialling = new AbortController();
    try {
      const socket = await Promise.race([
        dial(port, AbortSignal.any([signal, dialling.signal])),
        child.exited.then((how) => {
          throw startFailed(program, how, child.stderr, true);
        }),
      ]);
      return {
        peer: 'spawned',
        socket,
        framing: headerFraming,
        pid,
        port,
        cwd,
        ended: child.exited.then((how) => `The Lingma process ended (${how}).`),
        stop: () => child.stop(),
      };
    } catch (error) {
      dialling.abort();
      await child.stop();
      if (error instanceof GatewayError) throw error;
      const limit = `did not answer on its port within ${START_LIMIT_MS / 1000} s`;
      throw startFailed(program, limit, child.stderr, true);
    }
  }
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

/** Two different free TCP ports. Another program may take one before its use; callers retry. */
async function freePorts(): Promise<[number, number]> {
  const [first, second] = await Promise.all([listen(), listen()]);
  return Promise.all([first.release(), second.release()]);
}

/** Listens on a free port; `release` gives the port up and tells which it was. */
function listen(): Promise<{ release(): Promise<number> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      resolve({
        release: () =>
          new Promise((released) => {
            server.close(() => {
              released(port);
            });
          }),
      });
    });
  });
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
