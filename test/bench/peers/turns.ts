/** Turns one after the other on each connection: latency, requests per second, CPU per request. */
import { cpuTimeMs } from '../cpuTime';
import { median, quantile } from '../statistics';
import type { Lane } from './lanes';
import type { Connection, TurnTimes } from './turnTimes';

const WARM_UP_CLIENTS = 4;

export interface TurnLimits {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** One round of one lane. */
export interface TurnFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Until the first text, the median. */
  readonly firstMs: number;
  readonly perSecond: number;
  /** CPU time of the contender over the whole round, and the turns it was spent on. */
  readonly cpuMs: number;
  readonly turns: number;
}

export async function turnRound(
  lane: Lane,
  connections: number,
  { warmUpMs, measureMs }: TurnLimits,
): Promise<TurnFigures> {
  const crowd = await lane.connect(connections);
  const cpuNow = (): number => (lane.contender ? (cpuTimeMs(lane.contender.pid) ?? NaN) : NaN);
  try {
    const cpuBeganMs = cpuNow();
    const fromMs = performance.now() + warmUpMs;
    const untilMs = fromMs + measureMs;
    const times: TurnTimes[] = [];
    let warmUps = 0;
    let endedMs = fromMs;
    const work = async (client: Connection): Promise<void> => {
      let measured = 0;
      for (let now = 0; now < untilMs || measured === 0;) {
        const began = performance.now();
        const one = await client.turn(false);
        now = performance.now();
        if (began < fromMs) {
          warmUps++;
        } else {
          measured++;
          times.push(one);
          endedMs = Math.max(endedMs, now);
        }
      }
    };
    await Promise.all(crowd.clients.map(work));
    const totals = times.map(({ totalMs }) => totalMs);
    return {
      p50Ms: quantile(totals, 0.5),
      p99Ms: quantile(totals, 0.99),
      firstMs: median(times.map(({ firstMs }) => firstMs)),
      perSecond: (1_000 * times.length) / (endedMs - fromMs),
      cpuMs: cpuNow() - cpuBeganMs,
      turns: warmUps + times.length,
    };
  } finally {
    crowd.close();
  }
}

/** Runs the lane until its programs have compiled what is hot; a lane that fails is left to its rounds. */
export async function warmUp(lane: Lane, turns: number, limitMs: number): Promise<void> {
  const crowd = await lane.connect(WARM_UP_CLIENTS);
  const untilMs = performance.now() + limitMs;
  let left = turns;
  try {
    await Promise.all(
      crowd.clients.map(async (client) => {
        while (left-- > 0 && performance.now() < untilMs) await client.turn(false);
      }),
    );
  } catch {
    // Said where its figures would stand.
  } finally {
    crowd.close();
  }
}
