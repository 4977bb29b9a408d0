/** One turn as its client saw it, whichever way it went. */

export interface Delivery {
  /** When the upstream wrote the delta, and when it was here; milliseconds of the shared clock. */
  readonly writtenMs: number;
  readonly arrivedMs: number;
}

export interface TurnTimes {
  /** Until the first text of the answer; for an answer in one piece, until its end. */
  readonly firstMs: number;
  readonly totalMs: number;
  /** One for each delta; empty unless they were asked for. */
  readonly deliveries: readonly Delivery[];
}

/** One client: one turn at a time. */
export interface Connection {
  /** @param watch Note when each delta arrives. Rejects when the answer is not the whole one. */
  turn(watch: boolean): Promise<TurnTimes>;
  close(): void;
}
