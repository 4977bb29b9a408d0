/** One HTTP request on its way through the gateway. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { writeJson } from '../base/exactJson';

export type PathParams = Readonly<Record<string, string>>;

export class RequestContext {
  readonly id = `req_${randomUUID().replaceAll('-', '')}`;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Values of the `{name}` segments of the route's path, decoded. */
  readonly params: PathParams;
  readonly #abort = new AbortController();
  #headers: Readonly<Record<string, string>>;

  constructor(request: IncomingMessage, response: ServerResponse, params: PathParams = {}) {
    this.request = request;
    this.response = response;
    this.params = params;
    this.#headers = { 'x-request-id': this.id };
  }

  /** What every answer to this request has. Node is far quicker when it gets all headers at once. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  addHeaders(headers: Readonly<Record<string, string>>): void {
    this.#headers = { ...this.#headers, ...headers };
  }

  /** Aborts when the client goes away or the server stops; its reason is a GatewayError. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** Gives the client up: aborts with `reason` and closes the connection, whatever is unsent. */
  hangUp(reason: Error): void {
    this.abort(reason);
    this.response.destroy();
  }

  /** Answers with JSON; does nothing once an answer has begun. */
  sendJson(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.send(status, 'application/json; charset=utf-8', writeJson(body), headers);
  }

  send(
    status: number,
    contentType: string,
    text: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    if (this.response.headersSent || this.response.destroyed) return;
    this.response.writeHead(status, {
      ...this.#headers,
      ...headers,
      'content-type': contentType,
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    this.response.end(this.request.method === 'HEAD' ? undefined : text);
  }
}
