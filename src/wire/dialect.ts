/** What the gateway wants of an HTTP dialect: parse → neutral, neutral → bytes, its error shape. */
import type { IncomingHttpHeaders } from 'node:http';
import type { GatewayError } from '../base/errors';
import type { TurnEvent } from '../conversation/events';
import type { TurnRequest } from '../conversation/messages';

/** How a dialect answers a request that failed. */
export interface ErrorShape {
  body(error: GatewayError, requestId: string): object;
  /** The header that carries the request's id besides `x-request-id`. */
  readonly requestIdHeader?: string;
}

export interface Dialect {
  readonly path: string;
  readonly errors: ErrorShape;
  /** Parses a request. Throws `invalid_request` or `unsupported_parameter`, naming the field. */
  parse(body: unknown, headers: IncomingHttpHeaders): DialectRequest;
}

/** One parsed request with the means to encode its answer. Use one encoder, once. */
export interface DialectRequest {
  readonly turn: TurnRequest;
  readonly stream: boolean;
  /** @param nowSeconds Unix time of the answer. */
  plain(nowSeconds: number): PlainEncoder;
  streamed(nowSeconds: number): StreamEncoder;
}

/** Collects a turn's events into the body of a plain answer. */
export interface PlainEncoder {
  add(event: TurnEvent): void;
  body(): object;
}

/** Encodes a turn's events as they come; every method returns the text to write. */
export interface StreamEncoder {
  /** What the stream is; server-sent events by default. */
  readonly contentType?: string;
  encode(event: TurnEvent): string;
  /** Ends a stream that has begun with an error: no ordinary end is made up. */
  fail(error: GatewayError): string;
  /** What to write when nothing has happened for a while. */
  readonly keepAlive: string;
}
