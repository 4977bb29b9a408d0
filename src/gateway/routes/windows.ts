/**
 * What the gateway does for the other windows of its user: they show its state, talk through it and
 * steer it. Served only where a window runs it, and told to whoever holds the windows' secret.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../base/emitter';
import { invalidRequest, toGatewayError } from '../../base/errors';
import { isRecord } from '../../base/json';
import type { TurnEvent } from '../../conversation/events';
import type { TurnRequest } from '../../conversation/messages';
import { readJson } from '../../http/body';
import type { RequestContext } from '../../http/context';
import type { Route } from '../../http/server';
import { SseStream } from '../../http/sse';
import { openAiError } from '../../wire/openaiErrors';
import { type HostAction, hostActions, type Leaving } from '../leaving';
import type { GatewaySnapshot } from '../snapshot';
import { parseTurnRequest } from './turnRequest';

const NDJSON = 'application/x-ndjson; charset=utf-8';
/** Least time between two snapshots. */
const SNAPSHOT_EVERY_MS = 250;

export interface WindowsDependencies {
  readonly snapshot: () => GatewaySnapshot;
  readonly onDidChange: Event<void>;
  /** Why the gateway goes; asked once it does. */
  readonly leaving: () => Leaving;
  readonly apiKey: string;
  readonly chat: (request: TurnRequest, signal: AbortSignal) => AsyncIterable<TurnEvent>;
  readonly request: (action: HostAction) => void;
}

export function windowRoutes(deps: WindowsDependencies): Route[] {
  return [
    {
      // `snapshot` at once and after changes, `leaving` as the last of all.
      method: 'GET',
      path: '/internal/events',
      access: 'owner',
      handle: (context) => streamEvents(deps, context),
    },
    {
      // One event of the turn a line; a turn that fails ends in a line of type `error`.
      method: 'POST',
      path: '/internal/chat',
      access: 'owner',
      handle: (context) => streamTurn(deps, context),
    },
    {
      method: 'GET',
      path: '/internal/connection',
      access: 'owner',
      handle: (context) => {
        const { baseUrl } = deps.snapshot();
        context.sendJson(200, { baseUrl, apiKey: deps.apiKey });
      },
    },
    {
      method: 'POST',
      path: '/internal/host',
      access: 'owner',
      handle: async (context) => {
        const action = readAction(await readJson(context.request));
        context.response.once('close', () => {
          deps.request(action);
        });
        context.sendJson(202, { action });
      },
    },
  ];
}

async function streamEvents(deps: WindowsDependencies, context: RequestContext): Promise<void> {
  const { signal } = context;
  const stream = new SseStream(context, ': alive\n\n');
  stream.open();
  let changed = true;
  let wake = (): void => undefined;
  const onChange = (): void => {
    changed = true;
    wake();
  };
  const subscription = deps.onDidChange(onChange);
  signal.addEventListener('abort', onChange, { once: true });
  while (!signal.aborted) {
    if (changed) {
      changed = false;
      await stream.write(sseEvent('snapshot', deps.snapshot()));
      await sleep(SNAPSHOT_EVERY_MS, undefined, { signal }).catch(() => undefined);
    } else {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  subscription.dispose();
  await stream.write(sseEvent('leaving', deps.leaving()));
  stream.end();
}

function sseEvent(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function streamTurn(deps: WindowsDependencies, context: RequestContext): Promise<void> {
  const request = parseTurnRequest(await readJson(context.request));
  const stream = new SseStream(context, '\n', NDJSON);
  const write = (line: object) => stream.write(`${JSON.stringify(line)}\n`);
  try {
    for await (const event of deps.chat(request, context.signal)) {
      stream.open();
      await write(event);
    }
  } catch (thrown) {
    if (!stream.opened) throw thrown;
    await write({ type: 'error', ...openAiError(toGatewayError(thrown)) });
  }
  stream.end();
}

function readAction(body: unknown): HostAction {
  const action = isRecord(body)
    ? hostActions.find((candidate) => candidate === body['action'])
    : undefined;
  if (action) return action;
  throw invalidRequest('action', `action is one of ${hostActions.join(', ')}.`);
}
