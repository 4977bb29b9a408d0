/** Looks every few seconds whether something has come to be, in a process that may end meanwhile. */
import type { Disposable } from '../../base/disposable';

export class Lookout implements Disposable {
  readonly #look: () => Promise<void>;
  #everyMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watching = false;
  #looking = false;

  /** @param look Does not reject; no second one begins before it has settled. */
  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  /** Begins, or goes on with this interval; the first look comes after the first one. */
  watch(everyMs: number): void {
    this.#everyMs = everyMs;
    if (this.#watching) return;
    this.#watching = true;
    this.#schedule();
  }

  dispose(): void {
    this.#watching = false;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    // What the look brings about may end the watch and begin it again, before the look is over.
    if (!this.#watching || this.#looking) return;
    this.#timer = setTimeout(() => {
      this.#looking = true;
      void this.#look().then(() => {
        this.#looking = false;
        this.#schedule();
      });
    }, this.#everyMs);
    this.#timer.unref();
  }
}
