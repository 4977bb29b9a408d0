/** The HTTP surface: which path runs what. */
import { type GatewayError, toGatewayError } from '../base/errors';
import type { TurnPlacement } from '../conversation/events';
import { readJson } from '../http/body';
import type { RequestContext } from '../http/context';
import type { Route } from '../http/server';
import { SseStream } from '../http/sse';
import type { Model } from '../lingma/models';
import { anthropicMessages } from '../wire/anthropicMessages';
import type { Dialect, DialectRequest } from '../wire/dialect';
import { openAiChat } from '../wire/openaiChat';
import { openAiModelList } from '../wire/openaiModels';
import { openAiResponses } from '../wire/openaiResponses';
import { type RequestCounter, renderMetrics } from './metrics';
import { countReady, type GatewaySnapshot } from './snapshot';
import type { Caller, TurnRunner } from './turn';

/** A stream whose first event takes longer gets its headers anyway, before clients lose patience. */
const OPEN_STREAM_AFTER_MS = 10_000;
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface RouteDependencies {
  readonly turns: TurnRunner;
  readonly models: (signal: AbortSignal) => Promise<readonly Model[]>;
  readonly snapshot: () => GatewaySnapshot;
  readonly requests: RequestCounter;
  /** Unix time, in seconds. */
  readonly nowSeconds: () => number;
}

export function createRoutes(deps: RouteDependencies): Route[] {
  const startedSeconds = deps.nowSeconds();
  return [
    {
      method: 'GET',
      path: '/healthz',
      access: 'public',
      handle: (context) => {
        const snapshot = deps.snapshot();
        const instances = countReady(snapshot);
        context.sendJson(instances.ready > 0 ? 200 : 503, {
          status: instances.ready > 0 ? 'ok' : 'unavailable',
          demo: snapshot.demo,
          ...(snapshot.demo ? { hint: DEMO_HINT } : {}),
          version: snapshot.version,
          instances,
        });
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      access: 'owner',
      handle: (context) => {
        context.send(200, METRICS_TYPE, renderMetrics(deps.snapshot(), deps.requests));
      },
    },
    {
      method: 'GET',
      path: '/internal/stats',
      access: 'owner',
      handle: (context) => {
        context.sendJson(200, deps.snapshot());
      },
    },
    {
      method: 'GET',
      path: '/v1/models',
      access: 'key',
      handle: async (context) => {
        const models = await deps.models(context.signal);
        context.sendJson(200, openAiModelList(models, startedSeconds));
      },
    },
    ...[openAiChat, anthropicMessages, openAiResponses].map((dialect) => turnRoute(deps, dialect)),
  ];
}

/** The one step from the demo to the real thing; the launcher and the panel say the same. */
export const DEMO_HINT =
  'The embedded demo is answering because no Lingma was found. To use yours, set ' +
  'lingmaGateway.lingmaPath in VS Code, or start the launcher with --lingma PROGRAM.';

function turnRoute(deps: RouteDependencies, dialect: Dialect): Route {
  return {
    method: 'POST',
    path: dialect.path,
    access: 'key',
    errorBody: (error) => dialect.errorBody(error),
    handle: async (context, client) => {
      const body = await readJson(context.request);
      const request = dialect.parse(body, context.request.headers);
      const caller = {
        scope: client.scope,
        client: client.name,
        streams: request.stream,
        requestId: context.id,
      };
      await (request.stream ? streamTurn : answerTurn)(deps, context, caller, request);
    },
  };
}

async function answerTurn(
  deps: RouteDependencies,
  context: RequestContext,
  caller: Caller,
  request: DialectRequest,
): Promise<void> {
  const encoder = request.plain(deps.nowSeconds());
  let headers: Record<string, string> = {};
  for await (const event of deps.turns.run(request.turn, caller, context.signal)) {
    if (event.type === 'start') headers = placementHeaders(event.placement);
    encoder.add(event);
  }
  context.sendJson(200, encoder.body(), headers);
}

async function streamTurn(
  deps: RouteDependencies,
  context: RequestContext,
  caller: Caller,
  request: DialectRequest,
): Promise<void> {
  const encoder = request.streamed(deps.nowSeconds());
  const stream = new SseStream(context, encoder.keepAlive);
  const patience = setTimeout(() => {
    stream.open();
    stream.flush();
  }, OPEN_STREAM_AFTER_MS);
  try {
    const events = deps.turns.run(request.turn, caller, context.signal);
    for await (const event of events) {
      if (event.type === 'start') stream.open(placementHeaders(event.placement));
      await stream.write(encoder.encode(event));
    }
    stream.end();
  } catch (thrown) {
    const error: GatewayError = toGatewayError(thrown);
    // Before the first byte the failure is an ordinary answer with its own status.
    if (!stream.opened) throw error;
    await stream.write(encoder.fail(error));
    stream.end();
  } finally {
    clearTimeout(patience);
  }
}

function placementHeaders(placement: TurnPlacement): Record<string, string> {
  const { reason, instanceId, sentMessages, totalMessages } = placement;
  return {
    'x-lingma-session': `${reason}; instance=${instanceId}; sent=${sentMessages}/${totalMessages}`,
  };
}
