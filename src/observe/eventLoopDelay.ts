/** How late this process gets to what is due: what everything it does has to wait for. */
import type { Clock } from '../base/clock';
import type { Disposable } from '../base/disposable';
import { Histogram, type HistogramReading } from './histogram';

/** Ten looks a second cost next to nothing, and no stall that a person would feel is missed. */
const EVERY_MS = 100;
/** Seconds. */
const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** A timer this late means that the whole machine slept. */
const ASLEEP_MS = 60_000;

/** Looks from its creation until it is disposed, and keeps no process alive for that. */
export class EventLoopDelay implements Disposable {
  readonly #histogram = new Histogram(BOUNDS);
  readonly #timer: NodeJS.Timeout;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    let lastMs = clock.monotonicMs();
    this.#timer = setInterval(() => {
      const nowMs = clock.monotonicMs();
      const lateMs = Math.max(0, nowMs - lastMs - EVERY_MS);
      lastMs = nowMs;
      if (lateMs < ASLEEP_MS) this.#histogram.add(lateMs / 1000);
    }, EVERY_MS);
    this.#timer.unref();
  }

  /** Seconds that timers came late, since its creation. */
  read(): HistogramReading {
    return this.#histogram.read();
  }

  dispose(): void {
    clearInterval(this.#timer);
  }
}
