/**
 * What the gateway shows of itself: one plain object that feeds `/internal/stats`, the status bar,
 * the panel and the public API. Holds no secret and no conversation text.
 */
import type { ReuseReason } from '../conversation/events';
import type { HistogramReading } from '../observe/histogram';

export type InstanceState = 'stopped' | 'starting' | 'ready' | 'reconnecting' | 'failed' | 'closed';

export interface InstanceSnapshot {
  /** Stable name such as `lingma-1`; survives restarts. */
  readonly id: string;
  readonly state: InstanceState;
  /** True while it takes no new turns, because it will restart or leave when those it has are over. */
  readonly draining: boolean;
  /** Counts the processes this instance has had; sessions belong to one incarnation. */
  readonly incarnation: number;
  readonly pid: number | null;
  /** The process's WebSocket port on 127.0.0.1. */
  readonly port: number | null;
  /** Sessions the cache has pinned to this instance. */
  readonly pinnedSessions: number;
  /** Turns running on it now. */
  readonly inFlight: number;
  readonly restarts: number;
  /** Turns it has begun to answer, over all its processes. */
  readonly turns: number;
  /** Seconds since its process was ready; null while none is. */
  readonly uptimeSeconds: number | null;
  /** `true` logged in, `false` not, `null` not known (yet). */
  readonly signedIn: boolean | null;
  /** Why the instance is not ready, in words for people. */
  readonly problem: string | null;
}

/** The seed's counters under the seed's names; `hit_rate` is rounded to 4 places. */
export interface SessionCacheSnapshot {
  readonly enabled: boolean;
  readonly size: number;
  readonly max: number;
  readonly ttl_sec: number;
  readonly hit_total: number;
  readonly miss_total: number;
  readonly hit_rate: number;
  readonly evict_total: number;
  readonly expire_total: number;
  readonly invalidate_total: number;
  /** Sessions in the middle of a turn right now; part of `size`. */
  readonly leased: number;
}

export interface ConcurrencySnapshot {
  readonly inFlight: number;
  /** Turns that wait for a place right now. */
  readonly queued: number;
  /** Milliseconds that the first of them has waited; 0 when none waits. */
  readonly oldestWaitMs: number;
  /** Seconds that turns had to wait, however the wait ended; those with a place at once are not in it. */
  readonly waits: HistogramReading;
  /** Turns refused with 429: at once, as the queue was `full`, or after a wait (`timeout`). */
  readonly refused: { readonly full: number; readonly timeout: number };
  /** Turns one instance runs at once; 0 = unlimited. */
  readonly maxInFlightPerInstance: number;
}

export interface TurnTotals {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Of those that failed: Lingma refused them because nobody is signed in. */
  readonly signedOut: number;
  /** Messages that travelled to a process, and that requests held, over all turns. */
  readonly sentMessages: number;
  readonly totalMessages: number;
  /** The same in bytes of their texts; images are not counted. */
  readonly sentBytes: number;
  readonly totalBytes: number;
  /** Tokens of the turns that completed: asked, the part of them that sessions held, answered. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** Seconds that completed turns took to the first piece of the answer, and in all. */
  readonly ttftSeconds: HistogramReading;
  readonly durationSeconds: HistogramReading;
  /** Turns by how they related to the sessions in the cache. */
  readonly reasons: Readonly<Record<ReuseReason, number>>;
}

export type GatewayState = 'stopped' | 'starting' | 'ready' | 'failed' | 'stopping';

export interface GatewaySnapshot {
  readonly version: string;
  readonly state: GatewayState;
  /** Why the gateway failed, with the next step; null unless `state` is `failed`. */
  readonly problem: string | null;
  /** `http://127.0.0.1:PORT` while the gateway listens. */
  readonly baseUrl: string | null;
  /** True when the embedded demo stands in for Lingma. */
  readonly demo: boolean;
  /** The program that runs as Lingma; null before the first start, and when it is not ours to run. */
  readonly program: string | null;
  readonly uptimeSeconds: number;
  readonly instances: readonly InstanceSnapshot[];
  readonly sessionCache: SessionCacheSnapshot;
  readonly concurrency: ConcurrencySnapshot;
  readonly turns: TurnTotals;
}

/** Instances that take turns, of all there are. */
export function countReady(snapshot: Pick<GatewaySnapshot, 'instances'>): {
  ready: number;
  total: number;
} {
  const ready = snapshot.instances.filter((instance) => instance.state === 'ready').length;
  return { ready, total: snapshot.instances.length };
}

/** Ids of the instances that nobody is signed in to; one that does not say is not among them. */
export function signedOutIds(snapshot: Pick<GatewaySnapshot, 'instances'>): string[] {
  return snapshot.instances.filter(({ signedIn }) => signedIn === false).map(({ id }) => id);
}
