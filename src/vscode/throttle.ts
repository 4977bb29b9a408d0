import type { Disposable } from '../base/disposable';

/** Runs `action` at most once per interval: at once when it was quiet, else when the interval ends. */
export class Throttle implements Disposable {
  readonly #action: () => void;
  readonly #intervalMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again = false;
  #disposed = false;

  constructor(action: () => void, intervalMs: number) {
    this.#action = action;
    this.#intervalMs = intervalMs;
  }

  schedule(): void {
    if (this.#disposed) return;
    if (this.#timer) {
      this.#again = true;
      return;
    }
    this.#run();
  }

  #run(): void {
    this.#again = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#again) this.#run();
    }, this.#intervalMs);
    this.#action();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }
}
