/** `/metrics`: the gateway's snapshot and request counts as Prometheus text. */
import type { KeyRefusal, RequestRecord } from '../http/server';
import type { HistogramReading } from '../observe/histogram';
import type { ProcessFigures } from '../observe/processFigures';
import { histogram, metric, type Sample } from '../observe/prometheus';
import type { ClientUsage } from './keyStatistics';
import { countReady, type GatewaySnapshot } from './snapshot';

/** Counts finished HTTP requests by route and status, and those whose key was refused. */
export class RequestCounter {
  readonly #counts = new Map<string, { route: string; status: number; count: number }>();

  readonly #keyRefusals: Record<KeyRefusal, number> = { missing: 0, wrong: 0 };

  add({ route, status }: RequestRecord): void {
    const key = `${route} ${status}`;
    const known = this.#counts.get(key);
    if (known) known.count++;
    else this.#counts.set(key, { route, status, count: 1 });
  }

  addKeyRefusal(reason: KeyRefusal): void {
    this.#keyRefusals[reason]++;
  }

  keyRefusals(): Sample[] {
    return Object.entries(this.#keyRefusals).map(([reason, count]) => [{ reason }, count]);
  }

  samples(): Sample[] {
    return [...this.#counts.values()].map(({ route, status, count }) => [{ route, status }, count]);
  }
}

/** Everything that is told in numbers, as of one moment. */
export interface MetricsReading {
  readonly snapshot: GatewaySnapshot;
  readonly requests: readonly Sample[];
  readonly keyRefusals: readonly Sample[];
  /** As many as there are keys at most. */
  readonly clients: readonly ClientUsage[];
  /** Open connections. */
  readonly connections: number;
  /** Seconds by which this process came late to what was due. */
  readonly eventLoopDelay: HistogramReading;
  readonly process: ProcessFigures;
}

/** The exposition; docs/operations.md has the table of what is in it. */
export function renderMetrics(reading: MetricsReading): string {
  return [
    ...cacheMetrics(reading.snapshot),
    ...turnMetrics(reading.snapshot),
    ...clientMetrics(reading.clients),
    ...queueMetrics(reading.snapshot),
    ...instanceMetrics(reading.snapshot),
    ...gatewayMetrics(reading),
    ...processMetrics(reading),
    '',
  ].join('\n');
}

/** The first six are the original gateway's, under its names. */
function cacheMetrics({ sessionCache: cache }: GatewaySnapshot): string[] {
  return [
    ...gauge('gateway_session_cache_size', 'Sessions in the cache.', cache.size),
    ...counter('gateway_session_cache_hit_total', 'Turns that found a session.', cache.hit_total),
    ...counter('gateway_session_cache_miss_total', 'Turns that found none.', cache.miss_total),
    ...counter(
      'gateway_session_cache_evict_total',
      'Sessions given up to make room.',
      cache.evict_total,
    ),
    ...counter(
      'gateway_session_cache_expire_total',
      'Sessions that were not used for too long.',
      cache.expire_total,
    ),
    ...counter(
      'gateway_session_cache_invalidate_total',
      'Sessions dropped because a turn failed or their process went.',
      cache.invalidate_total,
    ),
    ...gauge('gateway_session_cache_leased', 'Sessions in the middle of a turn.', cache.leased),
  ];
}

/** What is counted for a client ends with its key. */
function clientMetrics(clients: readonly ClientUsage[]): string[] {
  const perClient = (
    label: string,
    values: (usage: ClientUsage) => Readonly<Record<string, number>>,
  ): Sample[] =>
    clients.flatMap((usage) =>
      Object.entries(values(usage)).map(([value, count]): Sample => [
        { client: usage.name, [label]: value },
        count,
      ]),
    );
  return [
    ...counter(
      'gateway_client_turns_total',
      'Turns by client and by how they ended.',
      perClient('outcome', ({ completed, failed, cancelled }) => ({
        completed,
        failed,
        cancelled,
      })),
    ),
    ...counter(
      'gateway_client_sessions_total',
      'Turns by client and by whether they continued a session.',
      perClient('result', ({ hits, misses }) => ({ hit: hits, miss: misses })),
    ),
    ...counter(
      'gateway_client_tokens_total',
      'Tokens of completed turns by client; cached ones are part of the input.',
      perClient('kind', ({ inputTokens, cachedTokens, outputTokens }) => ({
        input: inputTokens,
        cached: cachedTokens,
        output: outputTokens,
      })),
    ),
    ...gauge(
      'gateway_client_last_used_timestamp_seconds',
      "When a client's key last opened something.",
      clients.flatMap(({ name, lastUsedAtMs }) =>
        lastUsedAtMs === null ? [] : [[{ client: name }, lastUsedAtMs / 1000] satisfies Sample],
      ),
    ),
  ];
}

function turnMetrics({ turns, concurrency }: GatewaySnapshot): string[] {
  return [
    ...counter(
      'gateway_messages_sent_total',
      'Messages that travelled to a process.',
      turns.sentMessages,
    ),
    ...counter('gateway_messages_total', 'Messages that requests held.', turns.totalMessages),
    ...counter(
      'gateway_text_bytes_sent_total',
      'Bytes of text that travelled to a process.',
      turns.sentBytes,
    ),
    ...counter('gateway_text_bytes_total', 'Bytes of text that requests held.', turns.totalBytes),
    ...counter('gateway_input_tokens_total', 'Tokens asked.', turns.inputTokens),
    ...counter(
      'gateway_cached_tokens_total',
      'Those of the tokens asked that sessions held already.',
      turns.cachedTokens,
    ),
    ...counter('gateway_output_tokens_total', 'Tokens answered.', turns.outputTokens),
    ...counter(
      'gateway_session_reuse_total',
      'Turns by how they related to the sessions in the cache.',
      Object.entries(turns.reasons).map(([reason, count]): Sample => [{ reason }, count]),
    ),
    ...counter('gateway_turns_total', 'Turns by how they ended.', [
      [{ outcome: 'completed' }, turns.completed],
      [{ outcome: 'failed' }, turns.failed],
      [{ outcome: 'cancelled' }, turns.cancelled],
    ]),
    ...histogram(
      {
        name: 'gateway_turn_ttft_seconds',
        help: 'Time to the first piece of the answer of completed turns.',
      },
      turns.ttftSeconds,
    ),
    ...histogram(
      {
        name: 'gateway_turn_duration_seconds',
        help: 'Time to the end of the answer of completed turns.',
      },
      turns.durationSeconds,
    ),
    ...gauge('gateway_turns_in_flight', 'Turns that run.', concurrency.inFlight),
  ];
}

function queueMetrics({ concurrency }: GatewaySnapshot): string[] {
  return [
    ...gauge('gateway_turns_queued', 'Turns that wait for a place.', concurrency.queued),
    ...gauge(
      'gateway_queue_oldest_wait_seconds',
      'How long the first turn in line has waited.',
      concurrency.oldestWaitMs / 1000,
    ),
    ...histogram(
      {
        name: 'gateway_queue_wait_seconds',
        help: 'How long turns waited that did not have a place at once.',
      },
      concurrency.waits,
    ),
    ...counter('gateway_queue_refused_total', 'Turns refused for want of a place.', [
      [{ reason: 'queue_full' }, concurrency.refused.full],
      [{ reason: 'queue_timeout' }, concurrency.refused.timeout],
    ]),
  ];
}

function instanceMetrics(snapshot: GatewaySnapshot): string[] {
  const { instances } = snapshot;
  const { ready, total } = countReady(snapshot);
  const each = (value: (instance: (typeof instances)[number]) => number | null): Sample[] =>
    instances.flatMap((instance) => {
      const known = value(instance);
      // Not known is no sample: no number would be true.
      return known === null ? [] : [[{ lingma_instance: instance.id }, known] satisfies Sample];
    });
  return [
    ...gauge('gateway_instances', 'Instances there are.', total),
    ...gauge('gateway_instances_ready', 'Instances that take turns.', ready),
    ...gauge(
      'gateway_instance_signed_in',
      'Whether somebody is signed in to the instance, where it says so.',
      each(({ signedIn }) => (signedIn === null ? null : Number(signedIn))),
    ),
    ...gauge(
      'gateway_instance_draining',
      'Whether the instance takes no new turns.',
      each(({ draining }) => Number(draining)),
    ),
    ...gauge(
      'gateway_instance_pinned_sessions',
      'Sessions that the instance holds.',
      each((instance) => instance.pinnedSessions),
    ),
    ...gauge(
      'gateway_instance_in_flight',
      'Turns that run on the instance.',
      each((instance) => instance.inFlight),
    ),
    ...counter(
      'gateway_instance_restarts_total',
      'Processes that the instance has had beyond its first.',
      each((instance) => instance.restarts),
    ),
    ...counter(
      'gateway_instance_turns_total',
      'Turns that the instance has begun to answer.',
      each((instance) => instance.turns),
    ),
    ...gauge(
      'gateway_instance_uptime_seconds',
      'Time since the process of the instance was ready.',
      each((instance) => instance.uptimeSeconds),
    ),
  ];
}

function gatewayMetrics({
  snapshot,
  requests,
  keyRefusals,
  connections,
}: MetricsReading): string[] {
  return [
    ...counter(
      'gateway_http_requests_total',
      'Requests answered, by route and status; 499 where the client left.',
      requests,
    ),
    ...counter(
      'lingma_gateway_auth_failures_total',
      'Requests refused because their key was missing or wrong.',
      keyRefusals,
    ),
    ...gauge('gateway_http_connections', 'Connections that are open.', connections),
    ...gauge('gateway_uptime_seconds', 'Time since the port was bound.', snapshot.uptimeSeconds),
    ...gauge('lingma_gateway_build_info', 'Always 1; its labels say what runs.', [
      [{ version: snapshot.version, demo: String(snapshot.demo), node: process.version }, 1],
    ]),
  ];
}

/** Under the names that Prometheus' own clients use, so that common dashboards find them. */
function processMetrics({ process: figures, eventLoopDelay }: MetricsReading): string[] {
  const { openFiles } = figures;
  return [
    ...histogram(
      {
        name: 'gateway_event_loop_delay_seconds',
        help: 'By how much timers of this process came late.',
      },
      eventLoopDelay,
    ),
    ...counter('process_cpu_seconds_total', 'Processor time spent.', figures.cpuSeconds),
    ...gauge('process_resident_memory_bytes', 'Resident memory.', figures.residentBytes),
    ...gauge('process_start_time_seconds', 'Unix time of its start.', figures.startedAtSeconds),
    ...(openFiles === undefined
      ? []
      : gauge('process_open_fds', 'File descriptors in use.', openFiles)),
    ...gauge('nodejs_heap_size_used_bytes', 'Heap in use.', figures.heapUsedBytes),
    ...gauge('nodejs_heap_size_total_bytes', 'Heap reserved.', figures.heapTotalBytes),
  ];
}

function gauge(name: string, help: string, samples: number | readonly Sample[]): string[] {
  return metric('gauge', { name, help }, samples);
}

function counter(name: string, help: string, samples: number | readonly Sample[]): string[] {
  return metric('counter', { name, help }, samples);
}
