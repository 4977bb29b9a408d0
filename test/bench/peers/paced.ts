/** Streams at the pace of a model: how late each delta arrives, and how even they are. */
import { cpuTimeMs } from '../cpuTime';
import { quantile } from '../statistics';
import type { Lane } from './lanes';
import type { TurnTimes } from './turnTimes';

/** One round: a stream on each connection, all at once. */
export interface PacedFigures {
  /** Between two deltas of a stream. */
  readonly gapP50Ms: number;
  readonly gapP99Ms: number;
  /** From the moment the upstream wrote a delta to its arrival. */
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  /** CPU time of the contender, and the deltas it was spent on. */
  readonly cpuMs: number;
  readonly deltas: number;
}

export async function pacedRound(lane: Lane, streams: number): Promise<PacedFigures> {
  const crowd = await lane.connect(streams);
  const cpuNow = (): number => (lane.contender ? (cpuTimeMs(lane.contender.pid) ?? NaN) : NaN);
  try {
    const cpuBeganMs = cpuNow();
    const turns = await Promise.all(crowd.clients.map((client) => client.turn(true)));
    const late = turns.flatMap(({ deliveries }) =>
      deliveries.map(({ writtenMs, arrivedMs }) => arrivedMs - writtenMs),
    );
    const gaps = turns.flatMap(gapsOf);
    return {
      gapP50Ms: quantile(gaps, 0.5),
      gapP99Ms: quantile(gaps, 0.99),
      lateP50Ms: quantile(late, 0.5),
      lateP99Ms: quantile(late, 0.99),
      cpuMs: cpuNow() - cpuBeganMs,
      deltas: late.length,
    };
  } finally {
    crowd.close();
  }
}

function gapsOf({ deliveries }: TurnTimes): number[] {
  return deliveries
    .slice(1)
    .map(({ arrivedMs }, index) => arrivedMs - (deliveries[index]?.arrivedMs ?? NaN));
}
