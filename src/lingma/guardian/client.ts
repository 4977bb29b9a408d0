/** The gateway's side of the guardian (see main.ts). */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Disposable } from '../../base/disposable';
import { nodeEnvironment } from '../environment';

export class Guardian implements Disposable {
  readonly #child: ChildProcess;

  /** @param script Path of the built guardian (`dist/guardian.js`). */
  constructor(script: string) {
    this.#child = spawn(process.execPath, [script], {
      // A group of its own: what signals the gateway's group must not end its guardian as well.
      detached: true,
      env: nodeEnvironment(),
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    });
    // A guardian that cannot run costs a safety net, not the service.
    this.#child.on('error', () => undefined);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.unref();
  }

  watch(pid: number): void {
    this.#tell(`watch ${pid}`);
  }

  forget(pid: number): void {
    this.#tell(`forget ${pid}`);
  }

  /** Ends the guardian, and with it whatever it still watches. */
  dispose(): void {
    this.#child.stdin?.end();
  }

  #tell(line: string): void {
    if (this.#child.stdin?.writable) this.#child.stdin.write(`${line}\n`);
  }
}
