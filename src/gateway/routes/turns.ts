/** One turn over HTTP, in any dialect: plain, or streamed as it comes. */
import type { IncomingHttpHeaders } from 'node:http';
import { type GatewayError, toGatewayError } from '../../base/errors';
import type { TurnPlacement } from '../../conversation/events';
import { readJson } from '../../http/body';
import type { RequestContext } from '../../http/context';
import type { ClientIdentity } from '../../http/keyRing';
import type { Route } from '../../http/server';
import { SseStream } from '../../http/sse';
import type { Redactor } from '../../observe/redact';
import type { Dialect, DialectRequest } from '../../wire/dialect';
import type { TurnSource } from '../activity';
import { agentName } from '../agentName';
import type { Caller, TurnRunner } from '../turn';

/** A stream whose first event takes longer gets its headers anyway, before clients lose patience. */
const OPEN_STREAM_AFTER_MS = 10_000;

export interface TurnDependencies {
  readonly turns: TurnRunner;
  /** Takes keys out of what a client calls itself. */
  readonly redactor: Redactor;
  /** Unix time, in seconds. */
  readonly nowSeconds: () => number;
}

/** A dialect, or one that also wants to know who asks. */
export interface TurnDialect extends Pick<Dialect, 'path' | 'errors'> {
  /** The answer to a request that asks for no turn; undefined for every other one. */
  answerAtOnce?(body: unknown, nowSeconds: number): object | undefined;
  parse(body: unknown, headers: IncomingHttpHeaders, client: ClientIdentity): DialectRequest;
}

export function turnRoute(deps: TurnDependencies, dialect: TurnDialect, source: TurnSource): Route {
  return {
    method: 'POST',
    path: dialect.path,
    access: 'key',
    errors: dialect.errors,
    handle: async (context, client) => {
      const body = await readJson(context.request);
      // Its key may have been revoked meanwhile.
      context.signal.throwIfAborted();
      const atOnce = dialect.answerAtOnce?.(body, deps.nowSeconds());
      if (atOnce) {
        context.sendJson(200, atOnce);
        return;
      }
      const request = dialect.parse(body, context.request.headers, client);
      const caller = {
        scope: client.scope,
        client: client.name,
        streams: request.stream,
        hangUp: (error: GatewayError) => {
          context.hangUp(error);
        },
        requestId: context.id,
        source,
        agent: agentName(deps.redactor.redact(context.request.headers['user-agent'] ?? '')),
      };
      await (request.stream ? streamTurn : answerTurn)(deps, context, caller, request);
    },
  };
}

async function answerTurn(
  deps: TurnDependencies,
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
  deps: TurnDependencies,
  context: RequestContext,
  caller: Caller,
  request: DialectRequest,
): Promise<void> {
  const encoder = request.streamed(deps.nowSeconds());
  const stream = new SseStream(context, encoder.keepAlive, encoder.contentType);
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
