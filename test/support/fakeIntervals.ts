/** An interval that runs when the test says so. */
export interface FakeInterval {
  readonly ms: number;
  readonly refreshed: number;
  fire(): void;
}

/** Takes the place of `setInterval`, for as long as it is not restored. */
export class FakeIntervals {
  readonly #running = new Set<FakeInterval>();
  readonly #original = { setInterval: globalThis.setInterval, clearInterval };

  constructor() {
    const running = this.#running;
    const start = (fire: () => void, ms: number) => {
      const timer = {
        ms,
        fire,
        refreshed: 0,
        refresh() {
          this.refreshed++;
          return this;
        },
      };
      running.add(timer);
      return timer;
    };
    const stop = (timer: FakeInterval | undefined) => {
      if (timer) running.delete(timer);
    };
    Object.assign(globalThis, { setInterval: start, clearInterval: stop });
  }

  running(): FakeInterval[] {
    return [...this.#running];
  }

  restore(): void {
    Object.assign(globalThis, this.#original);
  }
}
