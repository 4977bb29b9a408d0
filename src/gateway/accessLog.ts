/** The log's line for each turn and each request: who, what, how it went and how long; no texts. */
import type { RequestRecord } from '../http/server';
import type { Logger, LogLevel } from '../observe/log';
import type { RequestActivity } from './activity';

/** Told once a turn is over. */
export function logTurn(logger: Logger, turn: RequestActivity): void {
  if (!logger.writes('info')) return;
  const { id, client, agent, source, model, state, instanceId, reason, errorCode } = turn;
  const { ttftMs, durationMs, sentMessages, totalMessages } = turn;
  const placed = instanceId === null ? [] : [`on ${instanceId}`, reason ?? ''];
  const sent = sentMessages === null ? [] : [`sent ${sentMessages} of ${totalMessages} messages`];
  const said = [
    `${id} (${client}) ${source} ${model}`,
    [state, ...(errorCode === null ? [] : [errorCode]), ...placed].join(' '),
    ...sent,
    ...(ttftMs === null ? [] : [`first piece after ${ttftMs} ms`]),
    `${durationMs} ms in all`,
  ];
  logger.log('info', said.join(', '), () => ({
    requestId: id,
    client,
    agent,
    source,
    model,
    state,
    errorCode,
    instance: instanceId,
    reuse: reason,
    sentMessages,
    totalMessages,
    ttftMs,
    durationMs,
    inputTokens: turn.inputTokens,
    cachedTokens: turn.cachedTokens,
    outputTokens: turn.outputTokens,
  }));
}

/** Told once a request has been answered, turns included. */
export function logRequest(logger: Logger, record: RequestRecord): void {
  const level = levelOf(record);
  if (!logger.writes(level)) return;
  const { id, route, status } = record;
  const durationMs = Math.round(record.durationMs);
  const facts = () => ({ requestId: id, route, status, durationMs });
  logger.log(level, `${id} ${route} ${status}, ${durationMs} ms`, facts);
}

/** What dashboards and monitors ask again and again would drown the rest. */
function levelOf({ route, status }: RequestRecord): LogLevel {
  const routine = status < 400 && (route.startsWith('/internal/') || ROUTINE.has(route));
  return routine ? 'trace' : 'debug';
}

const ROUTINE = new Set(['/', '/healthz', '/metrics']);
