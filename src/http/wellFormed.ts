/**
 * Requests that are none, or that others would read differently from Node's parser (request
 * smuggling): what is refused of them before anybody asks what they want.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { GatewayError } from '../base/errors';
import { openAiError } from '../wire/openaiErrors';

/** Headers of which Node's parser takes the first, and others the last or both. */
const ONCE = ['host', 'content-type'];
/** Node's word for it. */
const TOO_SLOW = 'ERR_HTTP_REQUEST_TIMEOUT';

/**
 * Throws `invalid_request` for what Node's parser takes and others read differently: a second Host,
 * a version 2, which is spoken in other bytes than these, and chunks in HTTP/1.0, which knew none
 * (RFC 9112 §6.1).
 */
export function assertOneReading(request: IncomingMessage, mostHeaders: number): void {
  const { httpVersionMajor, httpVersionMinor, rawHeaders, headers } = request;
  if (rawHeaders.length / 2 > mostHeaders) throw malformed('HPE_HEADER_OVERFLOW');
  if (httpVersionMajor !== 1) throw malformed(undefined);
  if (httpVersionMinor === 0 && headers['transfer-encoding'] !== undefined) {
    throw malformed(undefined);
  }
  for (const name of ONCE) {
    const count = countOf(name, rawHeaders);
    if (count > 1) throw repeated(name, count);
  }
}

/** How many headers have that name; `rawHeaders` is names and values in turns. */
function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at] ?? '';
    if (given.length === name.length && given.toLowerCase() === name) count++;
  }
  return count;
}

function repeated(name: string, count: number): GatewayError {
  return new GatewayError({
    code: 'invalid_request',
    status: 400,
    message: `The request has ${count} headers named ${name}. Send one.`,
  });
}

/** Throws `expectation_failed`; HTTP/1.0 has no expectations, so that they mean nothing there. */
export function assertExpectation({ httpVersionMinor, headers }: IncomingMessage): void {
  if (httpVersionMinor === 0 || headers.expect === undefined) return;
  if (headers.expect.toLowerCase() === '100-continue') return;
  throw new GatewayError({
    code: 'expectation_failed',
    status: 417,
    message: 'The only expectation this gateway meets is 100-continue. Leave the header out.',
  });
}

/** Everything else that ends in `clientError` is a connection that broke. */
export function isParserError({ code = '' }: NodeJS.ErrnoException): boolean {
  return code.startsWith('HPE_') || code === TOO_SLOW;
}

/** Whether a head or a body took too long, or did not even begin. */
export function isTooSlow({ code }: NodeJS.ErrnoException): boolean {
  return code === TOO_SLOW;
}

/** A whole response, head and body: the parser made no response object for it. */
export function malformedAnswer({ code }: NodeJS.ErrnoException): string {
  const error = malformed(code);
  const body = JSON.stringify(openAiError(error));
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    '',
    body,
  ].join('\r\n');
}

function malformed(code: string | undefined): GatewayError {
  const of = (status: number, message: string) =>
    new GatewayError({ code: 'invalid_request', status, message });
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return of(431, 'The request headers are too large. Send fewer or shorter ones.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return of(413, 'The chunk extensions of the request body are too large. Leave them out.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return of(408, 'The request did not arrive in time. Send it again, without pausing.');
    default:
      return of(400, 'This is not a well-formed HTTP/1.1 request. Send plain HTTP, without TLS.');
  }
}
