/** Time as a dependency, so that tests own it. */
export interface Clock {
  /** Milliseconds that only ever grow; for ages, time-outs and latencies. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; only for what people and wire formats see. */
  epochMs(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
};
