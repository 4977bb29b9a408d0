/** What the owner of a gateway may see of its conversations and requests, and do about them. */
import { GatewayError, invalidRequest } from '../../base/errors';
import { isRecord } from '../../base/json';
import { readJson } from '../../http/body';
import type { Route } from '../../http/server';
import type { Model } from '../../lingma/models';
import type { SessionEviction } from '../../session/lease';
import type { GatewayActivity, RequestDetails } from '../activity';

export interface ActivityDependencies {
  activity(): GatewayActivity;
  requestDetails(id: string): RequestDetails | undefined;
  giveUpSession(id: string): SessionEviction;
  clearSessions(): number;
  setCapture(enabled: boolean): void;
  models(signal: AbortSignal): Promise<readonly Model[]>;
}

export function activityRoutes(gateway: ActivityDependencies): Route[] {
  const show = (path: string, read: () => object): Route => ({
    method: 'GET',
    path,
    access: 'owner',
    handle: (context) => {
      context.sendJson(200, read());
    },
  });
  return [
    show('/internal/activity', () => gateway.activity()),
    show('/internal/requests', () => ({ requests: gateway.activity().requests })),
    {
      method: 'GET',
      path: '/internal/requests/{id}',
      access: 'owner',
      handle: (context) => {
        const details = gateway.requestDetails(context.params['id'] ?? '');
        if (!details) throw requestNotFound();
        context.sendJson(200, details);
      },
    },
    show('/internal/sessions', () => ({ sessions: gateway.activity().sessions })),
    {
      method: 'DELETE',
      path: '/internal/sessions',
      access: 'owner',
      handle: (context) => {
        context.sendJson(200, { cleared: gateway.clearSessions() });
      },
    },
    {
      method: 'DELETE',
      path: '/internal/sessions/{id}',
      access: 'owner',
      handle: (context) => {
        const id = context.params['id'] ?? '';
        const result = gateway.giveUpSession(id);
        if (result === 'unknown') throw sessionNotFound();
        if (result === 'leased') throw sessionBusy();
        context.sendJson(200, { session: id, evicted: true });
      },
    },
    {
      method: 'POST',
      path: '/internal/capture',
      access: 'owner',
      handle: async (context) => {
        const enabled = readSwitch(await readJson(context.request));
        gateway.setCapture(enabled);
        context.sendJson(200, { enabled });
      },
    },
    {
      method: 'GET',
      path: '/internal/models',
      access: 'owner',
      handle: async (context) => {
        context.sendJson(200, { models: await gateway.models(context.signal) });
      },
    },
  ];
}

/** Throws `invalid_request`. */
function readSwitch(body: unknown): boolean {
  if (!isRecord(body)) throw invalidRequest(undefined, 'Send a JSON object.');
  const { enabled, ...others } = body;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalidRequest(unknown, 'This endpoint takes enabled only.');
  if (typeof enabled !== 'boolean') {
    throw invalidRequest('enabled', 'enabled takes true or false.');
  }
  return enabled;
}

function requestNotFound(): GatewayError {
  return new GatewayError({
    code: 'not_found',
    status: 404,
    message: 'There is no such request, or it is too long ago. GET /internal/requests lists them.',
  });
}

function sessionNotFound(): GatewayError {
  return new GatewayError({
    code: 'not_found',
    status: 404,
    message: 'There is no such session, or it has ended. GET /internal/sessions lists them.',
  });
}

function sessionBusy(): GatewayError {
  return new GatewayError({
    code: 'session_busy',
    status: 409,
    message: 'A turn runs on this session. Try again when it is over.',
    retryable: true,
  });
}
