/** Time as a dependency, so that tests own it. */
export interface Clock {
  /** Milliseconds that only ever grow; for time-outs and latencies. */
  monotonicMs(): number;
  /**
   * As `monotonicMs`, but time in which the machine slept counts, too; for the age of what others may
   * have given up by then. A clock that is set changes nothing.
   */
  continuousMs(): number;
  /** Milliseconds since the Unix epoch; only for what people and wire formats see. */
  epochMs(): number;
}

/** What the system says about time, in milliseconds. */
export interface TimeSources {
  /** Counts sleep on some systems; on Linux it does not. */
  readonly monotonicMs: () => number;
  readonly epochMs: () => number;
  /** Since the machine was started, its sleep included: in whole seconds on macOS, and dear to ask. */
  readonly uptimeMs: () => number;
}

/** The wall clock and the monotonic one may part by so much before it is asked why. */
const JUMP_MS = 2_000;

/** A clock over the given sources. */
export function createClock({ monotonicMs, epochMs, uptimeMs }: TimeSources): Clock {
  const apart = (): number => epochMs() - monotonicMs();
  let knownApart = apart();
  const startedAwakeMs = uptimeMs() - monotonicMs();
  let sleptMs = 0;
  return {
    monotonicMs,
    epochMs,
    continuousMs() {
      const nowApart = apart();
      if (Math.abs(nowApart - knownApart) > JUMP_MS) {
        knownApart = nowApart;
        // Somebody has set the clock, or the machine has slept: only then the uptime has run ahead.
        const aheadMs = uptimeMs() - monotonicMs() - startedAwakeMs;
        if (aheadMs - sleptMs > JUMP_MS / 2) sleptMs = aheadMs;
      }
      return monotonicMs() + sleptMs;
    },
  };
}
