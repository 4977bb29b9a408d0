/**
 * Attaches to a Lingma client that runs already (protocol §1.4). It belongs to the user: it is
 * looked for, never started and never ended.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError, toGatewayError } from '../../base/errors';
import type { Logger } from '../../observe/log';
import { headerFraming } from '../framing';
import type { MessageSocket } from '../rpc';
import { openSocket } from '../socket';
import { isAlive } from '../workDir';
import type { Connection, Connector } from './connector';
import { type AttachTarget, discover, type DiscoverySystem, type Endpoint } from './discovery';
import { openLocalSocket } from './streamSocket';

/** How often a client that has gone is looked for again. */
const SEARCH_EVERY_MS = 1_000;

export interface AttachOptions {
  readonly target: AttachTarget;
  readonly logger: Logger;
}

export class AttachConnector implements Connector {
  readonly #options: AttachOptions;
  readonly #system: DiscoverySystem;
  #found = false;

  constructor(options: AttachOptions, system: DiscoverySystem = thisSystem) {
    this.#options = options;
    this.#system = system;
  }

  /**
   * Rejects with `start_failed`, which tells what was tried, when no client answers. Once there was
   * one it waits for the next instead, however long: people close their editor and open it again.
   */
  async connect(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      const { endpoints, problems } = discover(this.#options.target, this.#system);
      const failures = [...problems];
      for (const endpoint of endpoints) {
        try {
          return this.#attached(endpoint, await dial(endpoint, signal));
        } catch (error) {
          if (signal.aborted) throw error;
          failures.push(toGatewayError(error).message.replace(/\.$/, ''));
        }
      }
      if (!this.#found) throw nothingFound(failures);
      this.#options.logger.log('debug', `still no client: ${failures.join('; ')}`);
      await sleep(SEARCH_EVERY_MS, undefined, { signal });
    }
  }

  #attached(endpoint: Endpoint, socket: MessageSocket): Connection {
    this.#found = true;
    const where = endpoint.kind === 'local' ? endpoint.path : endpoint.url;
    this.#options.logger.log('info', `attached to the client at ${where}`);
    const cwd = mkdtempSync(path.join(tmpdir(), 'lingma-gateway-'));
    return {
      peer: 'shared',
      socket,
      framing: headerFraming,
      pid: endpoint.pid,
      port: endpoint.kind === 'websocket' ? endpoint.port : null,
      cwd,
      // Its end is the end of the connection.
      ended: new Promise(() => undefined),
      stop: () => {
        socket.close();
        rmSync(cwd, { recursive: true, force: true });
        return Promise.resolve();
      },
    };
  }
}

function dial(endpoint: Endpoint, signal: AbortSignal): Promise<MessageSocket> {
  return endpoint.kind === 'local'
    ? openLocalSocket(endpoint.path, signal)
    : openSocket(endpoint.url, signal);
}

const thisSystem: DiscoverySystem = {
  platform: process.platform,
  home: homedir(),
  env: process.env,
  read: (file) => orUndefined(() => readFileSync(file, 'utf8')),
  modifiedMs: (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs,
  isAlive,
  pipes: () => orUndefined(() => readdirSync('\\\\.\\pipe\\')) ?? [],
};

function orUndefined<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function nothingFound(failures: readonly string[]): GatewayError {
  const tried = failures.length > 0 ? ` Tried: ${failures.join('; ')}.` : '';
  return new GatewayError({
    code: 'start_failed',
    status: 503,
    message:
      'No running Lingma client was found to attach to. Open Lingma (or the editor that runs it), ' +
      `or name its .info file or ws:// URL.${tried}`,
    retryable: true,
  });
}
