import { REUSE_REASONS } from '../../../src/conversation/events';
import type { GatewaySnapshot, InstanceSnapshot, TurnTotals } from '../../../src/gateway/snapshot';

const noReasons = Object.fromEntries(
  REUSE_REASONS.map((reason) => [reason, 0]),
) as TurnTotals['reasons'];

/** What `vscode.l10n.t` does without translations. */
export function t(message: string, ...args: (string | number)[]): string {
  return message.replace(/\{(\d+)\}/g, (hole, index: string) =>
    String(args[Number(index)] ?? hole),
  );
}

export function instance(change: Partial<InstanceSnapshot> = {}): InstanceSnapshot {
  return {
    id: 'lingma-1',
    state: 'ready',
    draining: false,
    incarnation: 1,
    pid: 4711,
    port: 37_510,
    pinnedSessions: 0,
    inFlight: 0,
    restarts: 0,
    turns: 0,
    uptimeSeconds: 1,
    signedIn: null,
    problem: null,
    ...change,
  };
}

export function snapshot(change: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  return {
    version: '0.1.0',
    state: 'ready',
    problem: null,
    baseUrl: 'http://127.0.0.1:8317',
    demo: false,
    program: '/opt/lingma/Lingma',
    uptimeSeconds: 1,
    instances: [instance()],
    sessionCache: {
      enabled: true,
      size: 1,
      max: 256,
      ttl_sec: 1800,
      hit_total: 0,
      miss_total: 0,
      hit_rate: 0,
      evict_total: 0,
      expire_total: 0,
      invalidate_total: 0,
      leased: 0,
    },
    concurrency: {
      inFlight: 0,
      queued: 0,
      oldestWaitMs: 0,
      waits: { buckets: [], count: 0, sum: 0 },
      refused: { full: 0, timeout: 0 },
      maxInFlightPerInstance: 4,
    },
    turns: {
      completed: 0,
      failed: 0,
      cancelled: 0,
      signedOut: 0,
      sentMessages: 0,
      totalMessages: 0,
      sentBytes: 0,
      totalBytes: 0,
      inputTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
      ttftSeconds: { buckets: [], count: 0, sum: 0 },
      durationSeconds: { buckets: [], count: 0, sum: 0 },
      reasons: noReasons,
    },
    ...change,
  };
}
