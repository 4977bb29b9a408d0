/**
 * Who may call. A listener on loopback can be reached by every web page the user opens, so the Host
 * header must name this machine (DNS rebinding), a browser's Origin must be our own or one the user
 * has listed (cross-site requests), and everything that costs or tells something wants the key.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError, invalidRequest } from '../base/errors';
import { parseOrigin } from '../base/origin';
import { type ClientIdentity, type KeyRing, OWNER } from './keyRing';

const LOOPBACK_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

export class Guard {
  readonly #keys: KeyRing;
  #origins: ReadonlySet<string> = new Set();

  /**
   * Throws `invalid_request` for what is no origin.
   *
   * @param origins Of web pages that may call, besides our own.
   */
  constructor(keys: KeyRing, origins: readonly string[] = []) {
    this.#keys = keys;
    this.allowOrigins(origins);
  }

  /** Other origins of web pages that may call from now on; throws as the constructor does. */
  allowOrigins(origins: readonly string[]): void {
    this.#origins = new Set(origins.map(listedOrigin));
  }

  /**
   * The listed origin of the page that calls; undefined when it is no page, or one of our own.
   * Throws `host_not_allowed` or `origin_not_allowed`.
   */
  checkPeer(headers: IncomingHttpHeaders): string | undefined {
    const host = headers.host?.toLowerCase();
    // The port is left out on purpose: behind VS Code's port forwarding it is another one.
    const name = host?.replace(/:\d+$/, '');
    if (name === undefined || !LOOPBACK_NAMES.has(name)) throw hostNotAllowed();
    const origin = headers.origin?.toLowerCase();
    if (origin === undefined || origin === `http://${host ?? ''}`) return undefined;
    if (!this.#origins.has(origin)) throw originNotAllowed();
    return headers.origin;
  }

  /**
   * Whose key one of the two headers clients use carries; throws `invalid_api_key` if neither holds
   * one. Both are tried: some clients fill one of them with a key of their own. Where each carries
   * a key of ours, `Authorization` counts.
   */
  checkKey(headers: IncomingHttpHeaders): ClientIdentity {
    const bearer = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? '')?.[1];
    const candidates = [bearer, headers['x-api-key']].flat();
    const [client] = candidates.flatMap((candidate) =>
      candidate === undefined ? [] : (this.#keys.identify(candidate.trim()) ?? []),
    );
    if (!client) throw invalidApiKey();
    return client;
  }

  /** Like `checkKey`, and throws `owner_key_required` for every key but the gateway's own. */
  checkOwner(headers: IncomingHttpHeaders): ClientIdentity {
    const client = this.checkKey(headers);
    if (client.name !== OWNER) throw ownerKeyRequired();
    return client;
  }
}

function listedOrigin(text: string): string {
  const origin = parseOrigin(text);
  if (origin !== undefined) return origin;
  throw invalidRequest(
    undefined,
    `"${text}" is no web origin. Name each one in full, such as http://localhost:3000.`,
  );
}

function hostNotAllowed(): GatewayError {
  return new GatewayError({
    code: 'host_not_allowed',
    status: 421,
    message: 'This gateway answers only to 127.0.0.1, localhost and [::1]. Use one of these.',
  });
}

function originNotAllowed(): GatewayError {
  return new GatewayError({
    code: 'origin_not_allowed',
    status: 403,
    message:
      'Web pages of other origins may not call this gateway. Call it from a program, or list the ' +
      'origin (setting lingmaGateway.corsOrigins, flag --cors-origin).',
  });
}

function invalidApiKey(): GatewayError {
  return new GatewayError({
    code: 'invalid_api_key',
    status: 401,
    message:
      'The API key is missing or wrong. Send it as "Authorization: Bearer KEY" or "x-api-key: KEY"; ' +
      'the command "Lingma Gateway: Copy API Key" (or the launcher\'s first line) gives it.',
  });
}

function ownerKeyRequired(): GatewayError {
  return new GatewayError({
    code: 'owner_key_required',
    status: 403,
    message:
      'This is not open to client keys, which may call /v1/* only. Send the key of the gateway ' +
      'itself (the command "Lingma Gateway: Copy API Key" or the launcher\'s first line gives it).',
  });
}
