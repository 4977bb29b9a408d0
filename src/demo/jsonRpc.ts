/** A request id as JSON-RPC allows it and protocol §2 says to echo it. */
export type RpcId = number | string;

/** An error that is answered to the client as it stands. */
export class RpcError extends Error {
  override readonly name = 'RpcError';

  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** The error codes of protocol §8, and the one of LSP for a forgotten `initialize`. */
export const rpcCodes = {
  invalidRequest: -32600,
  unknownMethod: -32601,
  badParams: -32602,
  upstream: -32603,
  handler: -32000,
  notInitialized: -32002,
} as const;

/** One inbound message, told apart by the presence of `method` and `id` (protocol §2.1). */
export type Incoming =
  | {
      readonly kind: 'request';
      readonly id: RpcId;
      readonly method: string;
      readonly params: unknown;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'response'; readonly id: RpcId; readonly outcome: Outcome }
  | { readonly kind: 'invalid'; readonly reason: string };

/** What a client answered to a request of ours. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown };

/** True for a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sorts a parsed message; batches are invalid because the protocol knows none (§2). */
export function sortMessage(message: unknown): Incoming {
  if (!isObject(message)) return { kind: 'invalid', reason: 'a message must be an object' };
  if (message['jsonrpc'] !== '2.0') return { kind: 'invalid', reason: 'jsonrpc must be "2.0"' };
  const { id, method, params } = message;
  const hasId = typeof id === 'number' || typeof id === 'string';
  if (id !== undefined && !hasId) {
    return { kind: 'invalid', reason: 'id must be a number or a string' };
  }
  if (method !== undefined) {
    if (typeof method !== 'string') return { kind: 'invalid', reason: 'method must be a string' };
    if (hasId) return { kind: 'request', id, method, params };
    return { kind: 'notification', method, params };
  }
  if (!hasId) return { kind: 'invalid', reason: 'neither a method nor an id' };
  if (message['error'] !== undefined) {
    return { kind: 'response', id, outcome: { error: message['error'] } };
  }
  if (!Object.hasOwn(message, 'result')) {
    return { kind: 'invalid', reason: 'a response needs a result or an error' };
  }
  return { kind: 'response', id, outcome: { result: message['result'] } };
}

/** The text of a request of ours. */
export function requestText(id: RpcId, method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

/** The text of a notification of ours. */
export function notificationText(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

/** The text of a good reply. */
export function resultText(id: RpcId, result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

/** The text of an error reply; `null` when the request had no usable id. */
export function errorText(id: RpcId | null, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
}
