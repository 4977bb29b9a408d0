/**
 * Who may call. A listener on loopback can be reached by every web page the user opens, so the Host
 * header must name this machine (DNS rebinding), a browser's Origin must be our own or one the user
 * has listed (cross-site requests), and everything that costs or tells something wants the key.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isWildcard, LOOPBACK, parseHostName, plainAddress, urlHost } from '../base/address';
import { GatewayError, invalidRequest } from '../base/errors';
import { parseOrigin } from '../base/origin';
import { type ClientIdentity, type KeyRing, OWNER } from './keyRing';

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** Who may be let in besides programs of this machine. */
export interface Allowed {
  /** Origins of web pages. */
  readonly origins: readonly string[];
  /** Names that a Host may have besides those of loopback, without ports. */
  readonly hosts: readonly string[];
}

/** What a request says of whom it is for, apart from its headers. */
export interface Addressee {
  /** The authority of a target in its absolute form, in small letters. */
  readonly authority?: string | undefined;
  /** The address of this machine that the connection came in on. */
  readonly localAddress?: string | undefined;
}

export class Guard {
  readonly #keys: KeyRing;
  readonly #address: string;
  #origins: ReadonlySet<string> = new Set();
  #hosts: ReadonlySet<string> = new Set();

  /**
   * Throws `invalid_request` for what is no origin or no name of a host.
   *
   * @param address Where the gateway listens.
   */
  constructor(keys: KeyRing, allowed: Partial<Allowed> = {}, address = LOOPBACK) {
    this.#keys = keys;
    this.#address = address;
    this.allow({ origins: allowed.origins ?? [], hosts: allowed.hosts ?? [] });
  }

  /** Others that may call from now on; throws as the constructor does, and changes nothing then. */
  allow({ origins, hosts }: Allowed): void {
    const [listedOrigins, listedHosts] = [origins.map(listedOrigin), hosts.map(listedHost)];
    this.#origins = new Set(listedOrigins);
    const own = isWildcard(this.#address) ? [] : [urlHost(this.#address)];
    this.#hosts = new Set([...LOOPBACK_NAMES, ...own, ...listedHosts]);
  }

  /**
   * The listed origin of the page that calls; undefined when it is no page, or one of our own.
   * Throws `host_not_allowed` or `origin_not_allowed`.
   */
  checkPeer(headers: IncomingHttpHeaders, addressee: Addressee = {}): string | undefined {
    const host = headers.host?.toLowerCase();
    // A target in its absolute form counts instead of Host (RFC 9112 §3.2.2); both have to be ours.
    for (const each of [host, addressee.authority ?? host]) {
      if (!this.#isOurs(each, addressee.localAddress)) throw hostNotAllowed();
    }
    const origin = headers.origin?.toLowerCase();
    if (origin === undefined || origin === `http://${host ?? ''}`) return undefined;
    if (!this.#origins.has(origin)) throw originNotAllowed();
    return headers.origin;
  }

  #isOurs(authority: string | undefined, localAddress: string | undefined): boolean {
    // The port is left out on purpose: behind VS Code's port forwarding it is another one.
    const name = authority?.replace(/:\d+$/, '');
    if (name === undefined || this.#hosts.has(name)) return name !== undefined;
    // No name can be made to mean another address by writing that address, so no page gets in so.
    return (
      isWildcard(this.#address) &&
      localAddress !== undefined &&
      name === urlHost(plainAddress(localAddress))
    );
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

function listedHost(text: string): string {
  const name = parseHostName(text);
  if (name !== undefined) return name;
  throw invalidRequest(
    undefined,
    `"${text}" is no name of a host. Name each one without scheme and port, such as gateway.local.`,
  );
}

function hostNotAllowed(): GatewayError {
  return new GatewayError({
    code: 'host_not_allowed',
    status: 421,
    message:
      'This gateway answers to 127.0.0.1, localhost, [::1] and the names it was told. Use one of ' +
      'these, or list yours (setting lingmaGateway.allowedHosts, flag --allowed-host).',
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
