interface Timeout {
  due: number;
  readonly ms: number;
  readonly fire: () => void;
  refresh(): Timeout;
}

/** Takes the place of `setTimeout`: time passes only when the test says so. */
export class FakeTimeouts {
  #nowMs = 0;
  readonly #running = new Set<Timeout>();

  /** Runs `body` under a clock of its own. */
  static async during(body: (clock: FakeTimeouts) => Promise<void>): Promise<void> {
    const original = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
    const clock = new FakeTimeouts();
    Object.assign(globalThis, {
      setTimeout: (fire: () => void, ms: number) => clock.#start(fire, ms),
      clearTimeout: (timer: Timeout | undefined) => {
        if (timer) clock.#running.delete(timer);
      },
    });
    try {
      await body(clock);
    } finally {
      Object.assign(globalThis, original);
    }
  }

  get running(): number {
    return this.#running.size;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#running].sort((left, right) => left.due - right.due);
      if (!next || next.due > endMs) break;
      this.#nowMs = next.due;
      this.#running.delete(next);
      next.fire();
    }
    this.#nowMs = endMs;
  }

  #start(fire: () => void, ms: number): Timeout {
    const timer: Timeout = {
      due: this.#nowMs + ms,
      ms,
      fire,
      refresh: () => {
        timer.due = this.#nowMs + ms;
        this.#running.add(timer);
        return timer;
      },
    };
    this.#running.add(timer);
    return timer;
  }
}
