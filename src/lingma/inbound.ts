/**
 * Answers to the requests a process makes of its client (protocol §2.1, §4c, §6). A gateway never
 * acts for the process: tools are not run and permissions are not given, in the shape each kind of
 * peer wants.
 */
import type { RequestPermissionResponse } from '@agentclientprotocol/sdk';
import type { Peer } from './connect/connector';
import { NOT_RUN } from './nativeTools';
import { METHOD_NOT_FOUND, Refusal } from './rpc';

/** The answer to one inbound request of `peer`: a result, or a `Refusal`. */
export function replyTo(method: string, params: unknown, peer: Peer = 'spawned'): unknown {
  return peer === 'agent' ? replyToAgent(method) : replyToLingma(method, params);
}

/** A standard agent was offered nothing, so all it may ask for is a permission. */
function replyToAgent(method: string): unknown {
  if (method !== 'session/request_permission') return notOffered(method);
  const refused: RequestPermissionResponse = { outcome: { outcome: 'cancelled' } };
  return refused;
}

function replyToLingma(method: string, params: unknown): unknown {
  switch (method) {
    case 'tool/invoke':
      return {
        toolCallId: field(params, 'toolCallId'),
        name: field(params, 'name'),
        ...NOT_RUN,
      };
    case 'session/request_permission':
      return {
        requestId: field(params, 'requestId'),
        errorMessage: 'This client grants no permissions.',
        successful: false,
      };
    default:
      return /^(fs|terminal)\//.test(method) ? notOffered(method) : {};
  }
}

function notOffered(method: string): Refusal {
  return new Refusal(METHOD_NOT_FOUND, `This client does not offer ${method}.`);
}

function field(params: unknown, name: string): unknown {
  if (typeof params !== 'object' || params === null) return null;
  return (params as Record<string, unknown>)[name] ?? null;
}
