/** What browsers want to hear before a page of another origin may call (CORS). */
import type { IncomingHttpHeaders } from 'node:http';

/** How long a browser may go by the answer to a preflight, in seconds. */
const PREFLIGHT_MAX_AGE = 600;
/** Headers of answers that a page may read. */
const EXPOSED = 'x-request-id, request-id, x-lingma-session, retry-after';

/** Headers for every answer to a page of a listed `origin`. */
export function corsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED,
    vary: 'Origin',
  };
}

/** Whether a browser asks, for a page, whether a request may be made; it never carries a key. */
export function isPreflight(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Further headers for the answer to a preflight. Whoever is listed may send any header. */
export function preflightHeaders(
  headers: IncomingHttpHeaders,
  methods: readonly string[],
): Record<string, string> {
  const wanted = headers['access-control-request-headers'];
  return {
    'access-control-allow-methods': methods.join(', '),
    ...(wanted === undefined ? {} : { 'access-control-allow-headers': wanted }),
    // Chromium asks so before a page of a public site may reach loopback.
    ...(headers['access-control-request-private-network'] === 'true'
      ? { 'access-control-allow-private-network': 'true' }
      : {}),
    'access-control-max-age': String(PREFLIGHT_MAX_AGE),
  };
}
