/** `/metrics`: the gateway's snapshot and request counts as Prometheus text. */
import type { RequestRecord } from '../http/server';
import { histogram, metric, type Sample } from '../observe/prometheus';
import { countReady, type GatewaySnapshot } from './snapshot';

/** Counts finished HTTP requests by route and status. */
export class RequestCounter {
  readonly #counts = new Map<string, { route: string; status: number; count: number }>();

  add({ route, status }: RequestRecord): void {
    const key = `${route} ${status}`;
    const known = this.#counts.get(key);
    if (known) known.count++;
    else this.#counts.set(key, { route, status, count: 1 });
  }

  samples(): Sample[] {
    return [...this.#counts.values()].map(({ route, status, count }) => [{ route, status }, count]);
  }
}

export function renderMetrics(snapshot: GatewaySnapshot, requests: RequestCounter): string {
  const { sessionCache: cache, concurrency, turns, instances } = snapshot;
  const { ready, total } = countReady(snapshot);
  const perInstance = (value: (instance: (typeof instances)[number]) => number): Sample[] =>
    instances.map((instance) => [{ instance: instance.id }, value(instance)]);
  return [
    // The original gateway's five, under its names.
    ...metric('gauge', 'gateway_session_cache_size', cache.size),
    ...metric('counter', 'gateway_session_cache_hit_total', cache.hit_total),
    ...metric('counter', 'gateway_session_cache_miss_total', cache.miss_total),
    ...metric('counter', 'gateway_session_cache_evict_total', cache.evict_total),
    ...metric('counter', 'gateway_session_cache_expire_total', cache.expire_total),
    ...metric('counter', 'gateway_session_cache_invalidate_total', cache.invalidate_total),

    ...metric('gauge', 'gateway_session_cache_leased', cache.leased),
    ...metric('counter', 'gateway_messages_sent_total', turns.sentMessages),
    ...metric('counter', 'gateway_messages_total', turns.totalMessages),
    ...metric('counter', 'gateway_text_bytes_sent_total', turns.sentBytes),
    ...metric('counter', 'gateway_text_bytes_total', turns.totalBytes),
    ...metric('counter', 'gateway_input_tokens_total', turns.inputTokens),
    ...metric('counter', 'gateway_cached_tokens_total', turns.cachedTokens),
    ...metric('counter', 'gateway_output_tokens_total', turns.outputTokens),
    ...metric(
      'counter',
      'gateway_session_reuse_total',
      Object.entries(turns.reasons).map(([reason, count]): Sample => [{ reason }, count]),
    ),
    ...metric('counter', 'gateway_turns_total', [
      [{ outcome: 'completed' }, turns.completed],
      [{ outcome: 'failed' }, turns.failed],
      [{ outcome: 'cancelled' }, turns.cancelled],
    ]),
    ...histogram('gateway_turn_ttft_seconds', turns.ttftSeconds),
    ...histogram('gateway_turn_duration_seconds', turns.durationSeconds),
    ...metric('gauge', 'gateway_turns_in_flight', concurrency.inFlight),
    ...metric('gauge', 'gateway_turns_queued', concurrency.queued),
    ...metric('gauge', 'gateway_queue_oldest_wait_seconds', concurrency.oldestWaitMs / 1000),
    ...histogram('gateway_queue_wait_seconds', concurrency.waits),
    ...metric('counter', 'gateway_queue_refused_total', [
      [{ reason: 'queue_full' }, concurrency.refused.full],
      [{ reason: 'queue_timeout' }, concurrency.refused.timeout],
    ]),
    ...metric('gauge', 'gateway_instances', total),
    ...metric('gauge', 'gateway_instances_ready', ready),
    ...metric(
      'gauge',
      'gateway_instance_signed_in',
      // Not known is no sample: neither 0 nor 1 would be true.
      instances
        .filter(({ signedIn }) => signedIn !== null)
        .map(({ id, signedIn }): Sample => [{ instance: id }, signedIn ? 1 : 0]),
    ),
    ...metric(
      'gauge',
      'gateway_instance_draining',
      perInstance((i) => (i.draining ? 1 : 0)),
    ),
    ...metric(
      'gauge',
      'gateway_instance_pinned_sessions',
      perInstance((i) => i.pinnedSessions),
    ),
    ...metric(
      'gauge',
      'gateway_instance_in_flight',
      perInstance((i) => i.inFlight),
    ),
    ...metric(
      'counter',
      'gateway_instance_restarts_total',
      perInstance((i) => i.restarts),
    ),
    ...metric(
      'counter',
      'gateway_instance_turns_total',
      perInstance((i) => i.turns),
    ),
    ...metric(
      'gauge',
      'gateway_instance_uptime_seconds',
      // No process has no age.
      instances.flatMap(({ id, uptimeSeconds }) =>
        uptimeSeconds === null ? [] : [[{ instance: id }, uptimeSeconds] satisfies Sample],
      ),
    ),
    ...metric('counter', 'gateway_http_requests_total', requests.samples()),
    ...metric('gauge', 'gateway_uptime_seconds', snapshot.uptimeSeconds),
    ...metric('gauge', 'gateway_build_info', [
      [{ version: snapshot.version, demo: String(snapshot.demo) }, 1],
    ]),
    '',
  ].join('\n');
}
