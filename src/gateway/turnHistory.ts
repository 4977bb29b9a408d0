/** The turns of the last hour, in intervals of a minute. */
import type { Clock } from '../base/clock';
import type { HistorySample } from './activity';

const INTERVAL_MS = 60_000;
const INTERVALS = 60;
/** Measurements of one kind kept of an interval. */
const KEPT = 64;

/** A turn that is over. */
export interface PastTurn {
  /** Undefined for a turn that never got its place. */
  readonly hit: boolean | undefined;
  readonly failed: boolean;
  /** Milliseconds; undefined for a turn that was not answered to its end. */
  readonly ttftMs: number | undefined;
  readonly durationMs: number | undefined;
}

interface Interval {
  readonly number: number;
  hits: number;
  misses: number;
  failed: number;
  readonly ttft: Sketch;
  readonly duration: Sketch;
}

export class TurnHistory {
  readonly #clock: Clock;
  /** Each interval at its number modulo their count; one of another number is out of date. */
  readonly #intervals: (Interval | undefined)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a turn in the interval in which it ended. */
  add({ hit, failed, ttftMs, durationMs }: PastTurn): void {
    const interval = this.#now();
    if (hit !== undefined) interval[hit ? 'hits' : 'misses']++;
    if (failed) interval.failed++;
    if (ttftMs !== undefined) interval.ttft.add(ttftMs);
    if (durationMs !== undefined) interval.duration.add(durationMs);
  }

  /** The last hour, the oldest interval first; the last one is not over yet. */
  read(): HistorySample[] {
    const last = this.#number();
    return Array.from({ length: INTERVALS }, (_, index) => {
      const number = last - INTERVALS + 1 + index;
      const known = this.#intervals[place(number)];
      const interval = known?.number === number ? known : undefined;
      return {
        atMs: number * INTERVAL_MS,
        hits: interval?.hits ?? 0,
        misses: interval?.misses ?? 0,
        failed: interval?.failed ?? 0,
        ttftMs: interval?.ttft.median() ?? null,
        durationMs: interval?.duration.median() ?? null,
      };
    });
  }

  #now(): Interval {
    const number = this.#number();
    const known = this.#intervals[place(number)];
    if (known?.number === number) return known;
    const fresh = {
      number,
      hits: 0,
      misses: 0,
      failed: 0,
      ttft: new Sketch(),
      duration: new Sketch(),
    };
    this.#intervals[place(number)] = fresh;
    return fresh;
  }

  /** By the time that people read: a clock that is put back merely begins intervals anew. */
  #number(): number {
    return Math.floor(this.#clock.epochMs() / INTERVAL_MS);
  }
}

function place(number: number): number {
  return ((number % INTERVALS) + INTERVALS) % INTERVALS;
}

/**
 * A bounded sample of measurements: all of them, until there are too many; then every second one,
 * every fourth, and so on, spread evenly over the interval.
 */
class Sketch {
  #kept: number[] = [];
  #seen = 0;
  #step = 1;

  add(value: number): void {
    if (this.#seen++ % this.#step !== 0) return;
    if (this.#kept.length === KEPT) {
      this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
      this.#step *= 2;
    }
    this.#kept.push(value);
  }

  /** Rounded to a tenth; of an even number the lower one of the two in the middle. */
  median(): number | undefined {
    const sorted = [...this.#kept].sort((left, right) => left - right);
    const middle = sorted[Math.floor((sorted.length - 1) / 2)];
    return middle === undefined ? undefined : Math.round(middle * 10) / 10;
  }
}
