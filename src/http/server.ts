/** The listener: one port, a table of routes, limits for everybody, and an orderly end. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LOOPBACK } from '../base/address';
import { cancelled, GatewayError, stopping, toGatewayError } from '../base/errors';
import type { Logger } from '../observe/log';
import { anthropicErrors } from '../wire/anthropicErrors';
import type { ErrorShape } from '../wire/dialect';
import { openAiErrors } from '../wire/openaiErrors';
import { isKeptBack, keepBack, weigh } from './body';
import { RequestContext } from './context';
import { corsHeaders, isPreflight, preflightHeaders } from './cors';
import type { Guard } from './guard';
import type { ClientIdentity } from './keyRing';
import { KeyShares } from './keyShares';
import { type HttpLimits, httpLimits } from './limits';
import { listenError } from './listenErrors';
import { authorityOf, pathOf } from './paths';
import { PortKeeper } from './portKeeper';
import { type RouteMatch, RouteTable } from './routeTable';
import {
  assertExpectation,
  assertOneReading,
  isParserError,
  isTooSlow,
  malformedAnswer,
} from './wellFormed';
import { WrongKeys } from './wrongKeys';

/** How long a refused request may go on sending its body. */
const DISCARD_LIMIT_MS = 1_000;
/** How long requests may take to end by themselves once the server stops. */
const CLOSE_GRACE_MS = 1_000;

/** A path and what it does. Who may call it decides whether the handler learns who does. */
export type Route = RouteBase & (PublicRoute | KeyRoute);

interface RouteBase {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** A segment `{name}` takes any value and gives it to the handler in `context.params`. */
  readonly path: string;
  /** Other paths of the same thing: served, counted as `path`, and advertised nowhere. */
  readonly aliases?: readonly string[];
  /** How it tells failures; by default as the client expects that its headers show. */
  readonly errors?: ErrorShape;
}

/** Tells nothing that needs a key. */
interface PublicRoute {
  readonly access: 'public';
  handle(context: RequestContext): Promise<void> | void;
}

/** `key` routes take the key of any client, `owner` ones that of the gateway alone. */
interface KeyRoute {
  readonly access: 'key' | 'owner';
  handle(context: RequestContext, client: ClientIdentity): Promise<void> | void;
}

/** A finished request, for counters and the log. */
export interface RequestRecord {
  readonly id: string;
  /** The route's path, or `unmatched`: never the raw path, which anybody may make up. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

export interface HttpServerOptions {
  readonly guard: Guard;
  readonly logger: Logger;
  readonly onRequest: (record: RequestRecord) => void;
  /** Requests with a body that one key may have at work; 0 and left out = any number. */
  readonly maxPerKey?: () => number;
  /** Hears of each request that wants a key and brings none, or a wrong one. */
  readonly onKeyRefused?: (reason: KeyRefusal) => void;
  /** In place of those of `httpLimits`. */
  readonly limits?: Partial<HttpLimits>;
  /**
   * Hears why nobody new can be served, each time the port was lost and could not be taken again, and
   * `undefined` once it could.
   */
  readonly onPort?: (problem: GatewayError | undefined) => void;
  /** How often it is looked whether the port is still there, in milliseconds; by default 15 s. */
  readonly lookEveryMs?: number;
}

export type KeyRefusal = 'missing' | 'wrong';

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #wrongKeys: WrongKeys;
  readonly #shares: KeyShares;
  readonly #server: Server;
  readonly #open = new Set<RequestContext>();
  /** Requests at work on a connection. */
  readonly #pipelined = new WeakMap<Socket, number>();
  readonly #sockets = new Set<Socket>();
  #routes = new RouteTable([]);
  #keeper: PortKeeper | undefined;
  #closing = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const limits = { ...httpLimits, ...options.limits };
    this.#limits = limits;
    this.#wrongKeys = new WrongKeys(limits);
    this.#shares = new KeyShares({
      requests: options.maxPerKey ?? (() => 0),
      bytesPerKey: limits.bodyBytesPerKey,
      bytes: limits.bodyBytes,
    });
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#serve(request, response);
    };
    this.#server = createServer(
      {
        insecureHTTPParser: false,
        maxHeaderSize: limits.headBytes,
        headersTimeout: limits.headMs,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: limits.idleMs,
        connectionsCheckingInterval: limits.checkEveryMs,
      },
      serve,
    );
    // Turns may be silent for long; their own limits end them.
    this.#server.timeout = 0;
    this.#server.on('timeout', (socket: Socket) => {
      this.#closeUnlessHeard(socket);
    });
    this.#server.maxConnections = limits.connections;
    // Whoever comes next finds room, unless something runs on every connection. A head that is still
    // coming is nothing yet: it costs no key to hold all places with such.
    this.#server.on('drop', () => {
      for (const socket of this.#sockets) if (!this.#pipelined.get(socket)) socket.destroy();
    });
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      keepBack(request, response);
      serve(request, response);
    });
    this.#server.on('checkExpectation', serve);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#closeQueued(socket);
      });
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#refuseMalformed(error, socket);
    });
  }

  /**
   * Binds and resolves with the port; rejects with `port_in_use`, `port_not_allowed` or
   * `address_not_available`.
   */
  listen(port: number, host = LOOPBACK): Promise<number> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => {
        reject(listenError(error, { port, host }));
      };
      this.#server.once('error', onError);
      this.#server.listen({ port, host, exclusive: true }, () => {
        this.#server.off('error', onError);
        const address = this.#server.address();
        const bound = typeof address === 'object' && address ? address.port : port;
        this.#keeper = this.#keep(bound, host);
        resolve(bound);
      });
    });
  }

  #keep(port: number, host: string): PortKeeper {
    const { logger, onPort, lookEveryMs } = this.#options;
    return new PortKeeper({
      server: this.#server,
      port,
      host,
      logger,
      lookEveryMs,
      onChange: (failure) => onPort?.(failure && listenError(failure, { port, host })),
    });
  }

  /**
   * Sets what is served. Apart from `listen`, because the port is taken first: whoever holds it is
   * the gateway, and only then may it claim anything else.
   */
  serve(routes: readonly Route[]): void {
    this.#routes = new RouteTable(routes);
  }

  /** How many connections are open, whether anything runs on them or not. */
  connections(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.getConnections((_, count) => {
        resolve(count);
      });
    });
  }

  /** Refuses new requests, ends the running ones with a typed error, closes every connection. */
  async close(): Promise<void> {
    if (!this.#keeper) return;
    this.#keeper.stop();
    this.#closing = true;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const context of this.#open) context.abort(stopping());
    this.#server.closeIdleConnections();
    const force = setTimeout(() => {
      this.#server.closeAllConnections();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(force);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAtMs = performance.now();
    const path = pathOf(request.url);
    const matches = this.#routes.at(path);
    const { route, params } = matches[0] ?? {};
    const context = new RequestContext(request, response, params);
    const errors = route?.errors ?? errorsFor(request);
    if (errors.requestIdHeader) context.addHeaders({ [errors.requestIdHeader]: context.id });
    this.#open.add(context);
    const { socket } = request;
    const pipelined = (this.#pipelined.get(socket) ?? 0) + 1;
    this.#pipelined.set(socket, pipelined);
    response.once('close', () => {
      this.#open.delete(context);
      this.#pipelined.set(socket, (this.#pipelined.get(socket) ?? 1) - 1);
      // Kept alive for a next request that will not be served any more.
      if (this.#closing)
        setImmediate(() => {
          this.#server.closeIdleConnections();
        });
      if (!response.writableFinished) context.abort(cancelled());
      this.#options.onRequest({
        id: context.id,
        route: route?.path ?? 'unmatched',
        status: response.writableFinished ? response.statusCode : 499,
        durationMs: performance.now() - startedAtMs,
      });
    });
    // It sends and does not wait: nothing it asked for is of use to it any more.
    if (pipelined > this.#limits.pipelined) {
      socket.destroy();
      return;
    }
    try {
      assertOneReading(request, this.#limits.headers);
      const page = this.#options.guard.checkPeer(request.headers, {
        authority: authorityOf(request.url),
        localAddress: socket.localAddress,
      });
      if (page !== undefined) {
        context.addHeaders(corsHeaders(page));
        if (isPreflight(request.method, request.headers)) {
          this.#answerPreflight(context, matches, path);
          return;
        }
      }
      // Without an `upgrade` listener Node hands such requests over like any other, and those that
      // merely offer HTTP/2 (`h2c`) go on as what they are.
      if (request.headers.upgrade?.toLowerCase() === 'websocket') throw upgradeRefused();
      assertExpectation(request);
      await this.#handle(this.#choose(matches, request.method, path), context);
    } catch (thrown) {
      // A client that is cut off in the middle of its body may never get to see the answer.
      await discardBody(request);
      if (isKeyRefusal(thrown)) await this.#slowDown(context);
      this.#fail(context, errors, thrown);
    }
  }

  /** Counts a key that was refused, and lets whoever tries many of them wait. */
  async #slowDown({ request, response, signal }: RequestContext): Promise<void> {
    const { authorization, 'x-api-key': apiKey } = request.headers;
    const reason = authorization === undefined && apiKey === undefined ? 'missing' : 'wrong';
    this.#options.onKeyRefused?.(reason);
    // Clients that do not know yet that there is a key are not trying any.
    if (reason === 'missing') return;
    if (!(await this.#wrongKeys.hold(signal))) response.shouldKeepAlive = false;
  }

  #handle(route: Route, context: RequestContext): Promise<void> | void {
    const { guard } = this.#options;
    const { headers } = context.request;
    switch (route.access) {
      case 'public':
        return route.handle(context);
      case 'key': {
        const client = guard.checkKey(headers);
        // Whatever has a body costs memory and work; the rest is done at once.
        if (route.method === 'POST') {
          const share = this.#shares.take(client);
          weigh(context.request, share.grow);
          context.response.once('close', share.leave);
        }
        return route.handle(context, client);
      }
      case 'owner':
        return route.handle(context, guard.checkOwner(headers));
    }
  }

  /**
   * Closes the responses that still wait behind another one on a connection that is gone: Node
   * tells only the one at the head of that queue. One listener per connection does for all of them.
   */
  #closeQueued(socket: Socket): void {
    for (const { request, response } of [...this.#open]) {
      if (request.socket !== socket || response.socket) continue;
      response.destroy();
      response.emit('close');
    }
  }

  /**
   * Closes a connection on which nothing has been asked until its time was over. Timers come before
   * what can be read: a request that arrived meanwhile came in time, and is still heard.
   */
  #closeUnlessHeard(socket: Socket): void {
    const { bytesRead } = socket;
    setImmediate(() => {
      if (socket.bytesRead === bytesRead && !this.#pipelined.get(socket)) socket.destroy();
    });
  }

  /** Answers what the parser does not even take for a request, then closes the connection. */
  #refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
    // Already answered; the client merely goes on sending.
    if (socket.writableEnded && !socket.destroyed) return;
    // Opened in advance and not used yet. Its client may do so at any moment, and expects no answer
    // before: it is kept as long as one that waits for a next request.
    if (socket instanceof Socket && socket.bytesRead === 0 && isTooSlow(error)) {
      socket.setTimeout(this.#limits.idleMs);
      return;
    }
    // The client would take our answer for the one it waits for, or for a part of it.
    const pending = [...this.#open].some(
      ({ request, response }) =>
        request.socket === socket && (request.complete || response.headersSent),
    );
    if (!socket.writable || pending || !isParserError(error)) {
      socket.destroy();
      return;
    }
    socket.end(malformedAnswer(error));
    // Destroyed at once, a client that is still sending might never get to see the answer.
    setTimeout(() => socket.destroy(), DISCARD_LIMIT_MS).unref();
  }

  #answerPreflight(
    { request, response, headers }: RequestContext,
    matches: readonly RouteMatch[],
    path: string,
  ): void {
    if (matches.length === 0) throw routeNotFound(path, this.#routes.paths);
    const methods = matches.map(({ route }) => route.method);
    response.writeHead(204, { ...headers, ...preflightHeaders(request.headers, methods) }).end();
  }

  /** Throws `not_found` or `method_not_allowed`. */
  #choose(matches: readonly RouteMatch[], method: string | undefined, path: string): Route {
    if (matches.length === 0) throw routeNotFound(path, this.#routes.paths);
    // HEAD is GET without a body, everywhere.
    const wanted = method === 'HEAD' ? 'GET' : method;
    const match = matches.find(({ route }) => route.method === wanted);
    if (!match) throw methodNotAllowed(path, matches);
    return match.route;
  }

  #fail(context: RequestContext, errors: ErrorShape, thrown: unknown): void {
    const error = toGatewayError(thrown);
    if (error.code === 'internal') {
      this.#options.logger.log('error', `${context.id} ${describe(error.cause)}`);
    }
    const headers: Record<string, string> = {};
    if (error.retryAfterSeconds !== undefined)
      headers['retry-after'] = String(error.retryAfterSeconds);
    if (error.allow) headers['allow'] = error.allow.join(', ');
    if (error.status === 401) headers['www-authenticate'] = 'Bearer';
    // Claude Code asks ten times, for minutes and in silence, when a key is wrong; this header of
    // Anthropic's and OpenAI's own services ends that.
    if (isHopeless(error.status)) headers['x-should-retry'] = 'false';
    // What has not even been read by now makes the connection useless for another request.
    if (!context.request.complete || error.status === 426) headers['connection'] = 'close';
    context.sendJson(error.status, errors.body(error, context.id), headers);
  }
}

/** Whether the same request would be refused again, however often it comes. */
function isHopeless(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status);
}

/** For paths that several dialects share. */
function errorsFor({ headers }: IncomingMessage): ErrorShape {
  return headers['anthropic-version'] === undefined ? openAiErrors : anthropicErrors;
}

function isKeyRefusal(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.code === 'invalid_api_key';
}

/** Reads what is left of a body and forgets it, for a limited time. */
async function discardBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed || isKeptBack(request)) return;
  request.resume();
  const limit = AbortSignal.timeout(DISCARD_LIMIT_MS);
  await once(request, 'end', { signal: limit }).catch(() => undefined);
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

function routeNotFound(path: string, known: readonly string[]): GatewayError {
  return new GatewayError({
    code: 'not_found',
    status: 404,
    message: `There is nothing at ${path.slice(0, 200)}. This gateway serves ${known.join(', ')}.`,
  });
}

function methodNotAllowed(path: string, matches: readonly RouteMatch[]): GatewayError {
  const allow = matches.map(({ route }) => route.method);
  return new GatewayError({
    code: 'method_not_allowed',
    status: 405,
    allow,
    message: `${path} takes ${allow.join(', ')} only.`,
  });
}

/** Codex asks `GET /v1/responses` for a WebSocket first; this status makes it POST instead. */
function upgradeRefused(): GatewayError {
  return new GatewayError({
    code: 'upgrade_refused',
    status: 426,
    message: 'This gateway takes no WebSocket connections. Send the request with HTTP POST.',
  });
}
