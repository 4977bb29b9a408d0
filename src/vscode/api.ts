/**
 * What other extensions get from `activate`. The types are published in `src/api.d.ts`, which knows
 * nothing of ours; here each value is written out member by member, so that the compiler compares
 * the two in both directions: nothing published is missing, nothing else is handed out.
 */
import { stopping, toGatewayError } from '../base/errors';
import { type HostState, snapshotOf } from '../dashboard/protocol';
import { countReady, type GatewaySnapshot, signedOutIds } from '../gateway/snapshot';
import type {
  GatewayFailure,
  GatewayInstance,
  GatewayModel,
  GatewayState,
  GatewayStats,
  LingmaGatewayApi,
  LingmaGatewayExports,
} from '../api';
import type { ApiKey } from './apiKey';
import type { GatewayController } from './controller';

/** What the API needs of the controller. */
export type ApiSource = Pick<
  GatewayController,
  'state' | 'serving' | 'connection' | 'start' | 'onDidChange'
>;

/** Builds the exports of the extension. */
export function createExports(
  controller: ApiSource,
  apiKey: Pick<ApiKey, 'get'>,
): LingmaGatewayExports {
  const version1: LingmaGatewayApi = {
    get state() {
      return publicState(controller.state);
    },
    get baseUrl() {
      return snapshotOf(controller.state)?.baseUrl ?? undefined;
    },
    // Another window's gateway may have another key.
    apiKey: async () => (await controller.connection())?.apiKey ?? apiKey.get(),
    ensureRunning: async () => {
      const state = publicState(await controller.start());
      const connection = await controller.connection();
      if (state.kind === 'ready' && connection) return connection;
      // It was stopped while it started.
      throw state.kind === 'failed' ? failure(state.code, state.problem) : failureOf(stopping());
    },
    models: async () => {
      try {
        const models = await controller.serving?.models(new AbortController().signal);
        return (models ?? []).map(publicModel);
      } catch (thrown) {
        throw failureOf(thrown);
      }
    },
    stats: () => {
      const snapshot = snapshotOf(controller.state);
      return snapshot ? publicStats(snapshot) : undefined;
    },
    onDidChange: (listener: () => void) =>
      controller.onDidChange(() => {
        listener();
      }),
  };
  Object.freeze(version1);
  return {
    getAPI(version: number) {
      if (version === 1) return version1;
      throw new RangeError(`Lingma Gateway has no API version ${version}; it has version 1.`);
    },
  };
}

function publicState(state: HostState): GatewayState {
  switch (state.kind) {
    case 'stopped':
    case 'starting':
    case 'stopping':
      return { kind: state.kind };
    case 'failed':
      return { kind: 'failed', code: state.code, problem: state.problem };
    case 'ready': {
      const { role, snapshot } = state;
      // A gateway that is ready listens; the type does not know.
      if (snapshot.baseUrl === null) return { kind: 'starting' };
      const { ready } = countReady(snapshot);
      const signedOut = ready > 0 && signedOutIds(snapshot).length >= ready;
      return { kind: 'ready', role, baseUrl: snapshot.baseUrl, demo: snapshot.demo, signedOut };
    }
  }
}

function publicModel({ id, name, vision, reasoning }: GatewayModel): GatewayModel {
  return { id, name, vision, reasoning };
}

function publicStats(snapshot: GatewaySnapshot): GatewayStats {
  const { version, uptimeSeconds, instances, sessionCache, concurrency, turns } = snapshot;
  return {
    version,
    uptimeSeconds,
    instances: instances.map(publicInstance),
    sessionCache: {
      enabled: sessionCache.enabled,
      size: sessionCache.size,
      max: sessionCache.max,
      ttl_sec: sessionCache.ttl_sec,
      hit_total: sessionCache.hit_total,
      miss_total: sessionCache.miss_total,
      hit_rate: sessionCache.hit_rate,
      evict_total: sessionCache.evict_total,
      expire_total: sessionCache.expire_total,
      invalidate_total: sessionCache.invalidate_total,
      leased: sessionCache.leased,
    },
    concurrency: {
      inFlight: concurrency.inFlight,
      queued: concurrency.queued,
      maxInFlightPerInstance: concurrency.maxInFlightPerInstance,
    },
    turns: {
      completed: turns.completed,
      failed: turns.failed,
      cancelled: turns.cancelled,
      sentMessages: turns.sentMessages,
      totalMessages: turns.totalMessages,
      reasons: { ...turns.reasons },
    },
  };
}

function publicInstance(instance: GatewaySnapshot['instances'][number]): GatewayInstance {
  return {
    id: instance.id,
    state: instance.state,
    draining: instance.draining,
    incarnation: instance.incarnation,
    pid: instance.pid,
    pinnedSessions: instance.pinnedSessions,
    inFlight: instance.inFlight,
    restarts: instance.restarts,
    signedIn: instance.signedIn,
    problem: instance.problem,
  };
}

/** An error whose shape is the published one; our own class is nobody else's concern. */
function failure(code: string, message: string): GatewayFailure {
  return Object.assign(new Error(message), { code });
}

function failureOf(thrown: unknown): GatewayFailure {
  const { code, message } = toGatewayError(thrown);
  return failure(code, message);
}
