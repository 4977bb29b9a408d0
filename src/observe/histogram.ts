/** Counts measurements by size, as Prometheus wants it: each bucket holds all that are no larger. */

export interface HistogramReading {
  /** `[upper bound, measurements up to it]`, in rising order; `count` is the bucket without a bound. */
  readonly buckets: readonly (readonly [upTo: number, count: number])[];
  readonly count: number;
  readonly sum: number;
}

export class Histogram {
  readonly #buckets: { readonly upTo: number; count: number }[];
  #count = 0;
  #sum = 0;

  /** @param bounds Upper bounds of the buckets, rising. */
  constructor(bounds: readonly number[]) {
    this.#buckets = bounds.map((upTo) => ({ upTo, count: 0 }));
  }

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    for (const bucket of this.#buckets) if (value <= bucket.upTo) bucket.count++;
  }

  read(): HistogramReading {
    return {
      buckets: this.#buckets.map(({ upTo, count }) => [upTo, count] as const),
      count: this.#count,
      sum: this.#sum,
    };
  }
}
