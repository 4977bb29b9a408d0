/**
 * Requests to the gateway of another window. Each goes over a connection on which that gateway has
 * just proved who it is, because a port may change hands at any time. `ClientRequest` itself is used,
 * not `http.request`, which VS Code wraps to send requests through proxies.
 */
import { ClientRequest, type IncomingMessage } from 'node:http';
import { LOOPBACK } from '../../base/address';
import { type ErrorCode, GatewayError, toGatewayError } from '../../base/errors';
import { isRecord } from '../../base/json';
import { WakefulTimeout } from '../../base/wakefulTimeout';
import { probe } from './probe';

/** How long the other window may take to say who it is; one that works hard needs a moment. */
export const identityMs = 3_000;
/** How long an answer that is no stream may take. */
const ANSWER_MS = 10_000;

export interface LeaderAddress {
  /** The address of this machine that it listens on; 127.0.0.1 when left out. */
  readonly host?: string;
  readonly port: number;
  /** What the windows share. */
  readonly secret: string;
}

export interface LeaderRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds the head of the answer may take; by default as long as the signal lets it. */
  readonly headMs?: number;
}

/** Asks for JSON. Rejects with the leader's own error, `leader_gone`, or the reason of the signal. */
export async function askLeader(address: LeaderAddress, request: LeaderRequest): Promise<unknown> {
  const limit = AbortSignal.timeout(ANSWER_MS);
  const signal = request.signal ? AbortSignal.any([request.signal, limit]) : limit;
  try {
    const response = await openStream(address, { ...request, signal });
    return JSON.parse(await readText(response));
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw error instanceof GatewayError ? error : leaderGone(error);
  }
}

/**
 * Sends a request and gives the answer's body to read; its lines end with an error when the
 * connection breaks. Rejects as `askLeader` does.
 */
export async function openStream(
  address: LeaderAddress,
  { method, path, body, signal, headMs }: LeaderRequest,
): Promise<IncomingMessage> {
  signal?.throwIfAborted();
  const found = await probe({ ...address, timeoutMs: identityMs });
  if (found.kind !== 'ours') throw leaderGone(new Error(`the port is now: ${found.kind}`));
  const { socket } = found;
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = new ClientRequest({
      host: address.host ?? LOOPBACK,
      port: address.port,
      method,
      path,
      createConnection: () => socket,
      headers: {
        authorization: `Bearer ${address.secret}`,
        connection: 'close',
        ...(payload && {
          'content-type': 'application/json',
          'content-length': payload.length,
        }),
      },
    });
    const abort = (): void => {
      request.destroy();
    };
    signal?.addEventListener('abort', abort, { once: true });
    const head = headMs === undefined ? undefined : new WakefulTimeout(headMs, abort);
    request.once('close', () => {
      head?.clear();
      signal?.removeEventListener('abort', abort);
    });
    request.once('response', (answer) => {
      head?.clear();
      resolve(answer);
    });
    request.once('error', (error) => {
      reject(signal?.aborted ? toError(signal.reason) : leaderGone(error));
    });
    request.end(payload);
    // The signal may have aborted while the leader was being asked who it is.
    if (signal?.aborted) abort();
  });
  if (![200, 201, 202].includes(response.statusCode ?? 0)) {
    throw readError(await readText(response), response.statusCode);
  }
  return response;
}

/** The lines of a body as they come. Rejects when it breaks off. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** The error of an answer's `error` object. */
export function toLeaderError(error: unknown, status = 500): GatewayError {
  const { code, message, param } = isRecord(error) ? error : {};
  return new GatewayError({
    // Both windows are of one protocol, so their codes are the same.
    code: typeof code === 'string' ? (code as ErrorCode) : 'internal',
    status,
    message: typeof message === 'string' ? message : 'The other window answered with an error.',
    param: typeof param === 'string' ? param : undefined,
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) text += chunk;
  return text;
}

function readError(text: string, status: number | undefined): GatewayError {
  try {
    const body: unknown = JSON.parse(text);
    return toLeaderError(isRecord(body) ? body['error'] : undefined, status);
  } catch {
    return toLeaderError(undefined, status);
  }
}

/** The window that ran the gateway cannot be reached; another one is about to run it. */
export function leaderGone(cause: unknown): GatewayError {
  return new GatewayError({
    code: 'leader_gone',
    status: 503,
    message: 'The window that ran the gateway has gone. Try again in a moment.',
    retryable: true,
    retryAfterSeconds: 1,
    cause,
  });
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : toGatewayError(reason);
}
