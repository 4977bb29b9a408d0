import type { Disposable } from '../base/disposable';
import { type HostState, snapshotOf } from '../dashboard/protocol';

export interface DrainWatchOptions {
  /** Begins to show that this instance finishes its turns; the result ends it. */
  readonly show: (instanceId: string) => () => void;
  /** Milliseconds that a drain may take without a word. */
  readonly patienceMs: number;
}

/** Tells of instances that take their time to finish the turns they have. */
export class DrainWatch implements Disposable {
  readonly #options: DrainWatchOptions;
  readonly #ends = new Map<string, () => void>();

  constructor(options: DrainWatchOptions) {
    this.#options = options;
  }

  /** Call with every new state of the gateway. */
  look(state: HostState): void {
    const instances = snapshotOf(state)?.instances ?? [];
    const draining = new Set(instances.filter((one) => one.draining).map(({ id }) => id));
    for (const [id, end] of this.#ends) {
      if (draining.has(id)) continue;
      this.#ends.delete(id);
      end();
    }
    for (const id of draining) {
      if (!this.#ends.has(id)) this.#ends.set(id, this.#showLater(id));
    }
  }

  dispose(): void {
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
  }

  /** The result ends it, shown or not yet. */
  #showLater(id: string): () => void {
    let hide = (): void => undefined;
    const timer = setTimeout(() => {
      hide = this.#options.show(id);
    }, this.#options.patienceMs);
    return () => {
      clearTimeout(timer);
      hide();
    };
  }
}
