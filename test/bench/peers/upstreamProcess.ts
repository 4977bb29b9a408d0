/** The fake upstream in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { plainEnvironment } from '../paths';
import type { Plan, UpstreamMessage, UpstreamOrder, UpstreamReport } from './plan';

export class Upstream {
  readonly #child: ChildProcess;
  #port = 0;
  /** Whoever waits for the next message; it answers orders one after the other. */
  #waiting: ((message: UpstreamMessage | undefined) => void) | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: UpstreamMessage) => {
      this.#waiting?.(message);
    });
    child.once('exit', () => {
      this.#waiting?.(undefined);
    });
  }

  static async start(): Promise<Upstream> {
    const upstream = new Upstream(
      fork(path.join(__dirname, 'upstream.ts'), [], {
        env: plainEnvironment(),
        execArgv: ['--import', 'tsx'],
      }),
    );
    const message = await upstream.#next();
    if (message.kind !== 'listening') throw new Error(`the upstream began with ${message.kind}`);
    upstream.#port = message.port;
    return upstream;
  }

  get port(): number {
    return this.#port;
  }

  /** Answers turns like this from now on. */
  async answer(plan: Plan): Promise<void> {
    await this.#order({ kind: 'plan', plan });
  }

  /** What it has counted since it was asked last. */
  async report(): Promise<UpstreamReport> {
    const message = await this.#order({ kind: 'report' });
    if (message.kind !== 'report') throw new Error(`the upstream reported ${message.kind}`);
    return message.report;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  #order(order: UpstreamOrder): Promise<UpstreamMessage> {
    const answer = this.#next();
    this.#child.send(order);
    return answer;
  }

  #next(): Promise<UpstreamMessage> {
    return new Promise((resolve, reject) => {
      this.#waiting = (message) => {
        if (message) resolve(message);
        else reject(new Error('the fake upstream ended'));
      };
    });
  }
}
