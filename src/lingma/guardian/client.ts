/** The gateway's side of the guardian (see main.ts). */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Disposable } from '../../base/disposable';
import { nodeEnvironment } from '../environment';

/** A guardian that ends more often than this ends by itself, and so would the next one. */
const MAX_REPLACEMENTS = 5;

export class Guardian implements Disposable {
  readonly #script: string;
  readonly #watched = new Set<number>();
  #child: ChildProcess;
  #replacements = 0;
  #disposed = false;

  /** @param script Path of the built guardian (`dist/guardian.js`). */
  constructor(script: string) {
    this.#script = script;
    this.#child = this.#spawn();
  }

  watch(pid: number): void {
    this.#watched.add(pid);
    this.#tell(`watch ${pid}`);
  }

  forget(pid: number): void {
    this.#watched.delete(pid);
    this.#tell(`forget ${pid}`);
  }

  /** Ends the guardian, and with it whatever it still watches. */
  dispose(): void {
    this.#disposed = true;
    this.#child.stdin?.end();
  }

  #spawn(): ChildProcess {
    const child = spawn(process.execPath, [this.#script], {
      // A group of its own: what signals the gateway's group must not end its guardian as well.
      detached: true,
      env: nodeEnvironment(),
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    });
    // A guardian that cannot run costs a safety net, not the service.
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    child.once('exit', () => {
      this.#replace();
    });
    child.unref();
    return child;
  }

  /** Somebody killed the guardian: another one takes over its whole watch. */
  #replace(): void {
    if (this.#disposed || this.#replacements >= MAX_REPLACEMENTS) return;
    this.#replacements++;
    this.#child = this.#spawn();
    for (const pid of this.#watched) this.#tell(`watch ${pid}`);
  }

  #tell(line: string): void {
    if (this.#child.stdin?.writable) this.#child.stdin.write(`${line}\n`);
  }
}
