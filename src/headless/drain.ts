/** Leaving without losing a turn: what SIGTERM does with `--drain-seconds`. */
import type { Clock } from '../base/clock';
import type { GatewaySnapshot } from '../gateway/snapshot';

/** A balancer that asks `/healthz` every second or two has noticed by then, and sends nothing more. */
export const QUIET_MS = 5_000;
const LOOK_EVERY_MS = 100;

export interface DrainDependencies {
  readonly snapshot: () => Pick<GatewaySnapshot, 'concurrency' | 'turns'>;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** Resolves once no turn has run or waited for `QUIET_MS`, and after `limitMs` at the latest. */
export async function drained(limitMs: number, deps: DrainDependencies): Promise<void> {
  const beganAtMs = deps.clock.monotonicMs();
  let busyAtMs = beganAtMs;
  let ended = countEnded(deps.snapshot());
  for (;;) {
    const nowMs = deps.clock.monotonicMs();
    const snapshot = deps.snapshot();
    const endedNow = countEnded(snapshot);
    const { inFlight, queued } = snapshot.concurrency;
    // A turn may have come and gone since the last look.
    if (inFlight + queued > 0 || endedNow !== ended) busyAtMs = nowMs;
    ended = endedNow;
    if (nowMs - busyAtMs >= QUIET_MS || nowMs - beganAtMs >= limitMs) return;
    await deps.sleep(LOOK_EVERY_MS);
  }
}

function countEnded({ turns }: Pick<GatewaySnapshot, 'turns'>): number {
  return turns.completed + turns.failed + turns.cancelled;
}
