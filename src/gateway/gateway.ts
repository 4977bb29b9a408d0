/** The composition root of the core: builds the rooms, connects them, and ends them in order. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { isLoopback, reachedAt, urlHost } from '../base/address';
import { systemClock } from '../base/systemClock';
import { Emitter, type Event } from '../base/emitter';
import { stopping, toGatewayError } from '../base/errors';
import { version } from '../base/version';
import { type Allowed, Guard } from '../http/guard';
import { HttpServer, type Route } from '../http/server';
import type { TurnEvent } from '../conversation/events';
import type { TurnRequest } from '../conversation/messages';
import type { TokenCounter } from '../conversation/tokens';
import type { Model } from '../lingma/models';
import type { QueueReading } from '../lingma/waitingLine';
import { EventLoopDelay } from '../observe/eventLoopDelay';
import type { HistogramReading } from '../observe/histogram';
import type { Logger } from '../observe/log';
import { readProcessFigures } from '../observe/processFigures';
import { Redactor } from '../observe/redact';
import { redactedLogger } from '../observe/redactedLogger';
import { type CacheLimits, SessionCache } from '../session/cache';
import type { ListedSession, SessionEviction } from '../session/lease';
import { logRequest, logTurn } from './accessLog';
import type { GatewayActivity, RequestDetails, SessionActivity } from './activity';
import { ActivityLog, type SessionLabel } from './activityLog';
import { Backend } from './backend';
import { Capture } from './capture';
import {
  type ClientKeyInfo,
  ClientKeys,
  type CreatedKey,
  type KeyKeeper,
  type KeyRecord,
} from './clientKeys';
import type { PoolSize } from './controlRoutes';
import { type ConfigOrigins, describeConfig, type EffectiveConfig } from './effectiveConfig';
import { type LiveOptions, LiveOptionsHolder } from './liveOptions';
import { encodingCounter } from './encodingFile';
import { type MetricsReading, RequestCounter } from './metrics';
import type { GatewayOptions } from './options';
import { fetchRemoteImages, refuseRemoteImages } from './remoteImages';
import { systemNetwork } from './remoteNetwork';
import { ResponseStore } from './responseStore';
import { SchemaThreads } from './schemaThreads';
import type { Leaving, WindowHost } from './leaving';
import { createRoutes } from './routes';
import type { OperationsDependencies } from './routes/operations';
import type { WindowsDependencies } from './routes/windows';
import type { SignInOffer } from './signIn';
import type { GatewaySnapshot, GatewayState, SessionCacheSnapshot } from './snapshot';
import { type PreparedSource, prepareSource } from './source';
import { type Caller, TurnRunner } from './turn';
import { TurnCounters } from './turnCounters';
import { proveIdentity, WINDOW_PROTOCOL } from './windowIdentity';

const NOTHING_MEASURED: HistogramReading = { buckets: [], count: 0, sum: 0 };

const NO_QUEUE: QueueReading = {
  queued: 0,
  oldestWaitMs: 0,
  waits: NOTHING_MEASURED,
  refused: { full: 0, timeout: 0 },
};

/** The window that ran the gateway before has 5 seconds to end its processes (VS Code's limit). */
const TAKE_OVER_PATIENCE_MS = 6_000;

/** There may be many thousand sessions, and nobody looks at them all. */
const SESSIONS_SHOWN = 500;

export interface GatewayDependencies {
  readonly logger: Logger;
  /** Shared with whoever else counts in this process; one of its own when left out. */
  readonly tokens?: TokenCounter | undefined;
  /** Set where a window runs it: then it serves the other windows of its user, too. */
  readonly windows?: WindowHost | undefined;
  /** Keeps what is done to the clients' keys while it runs; without it that ends with the gateway. */
  readonly keyKeeper?: KeyKeeper | undefined;
  /** Where the options come from, for who wants to know; all from their defaults when left out. */
  readonly origins?: ConfigOrigins | undefined;
}

/**
 * One gateway from its start to its stop: a listener, on 127.0.0.1 by default, and a pool of Lingma processes
 * behind it. Single use: after `stop` build a new one.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #origins: ConfigOrigins | undefined;
  /** The live options as they were handed in last, apart from what was changed over HTTP. */
  #given: LiveOptions;
  readonly #tokens: TokenCounter;
  readonly #logger: Logger;
  readonly #windows: WindowHost | undefined;
  readonly #changed = new Emitter<void>();
  readonly #counters = new TurnCounters(() => {
    this.#notify();
  });
  readonly #requests = new RequestCounter();
  /** Knows every key that was handed in; those that were made here it knows by their looks. */
  readonly #redactor: Redactor;
  readonly #capture: Capture;
  readonly #activity: ActivityLog;
  readonly #clients: ClientKeys;
  readonly #responses = new ResponseStore(systemClock);
  readonly #guard: Guard;
  readonly #cache: SessionCache<SessionLabel>;
  readonly #schemaThreads: SchemaThreads;
  #state: GatewayState = 'stopped';
  #problem: string | null = null;
  /** Why nobody new can connect, while that is so. */
  #portProblem: string | undefined;
  #source: PreparedSource | undefined;
  #port: number | undefined;
  #eventLoopDelay: EventLoopDelay | undefined;
  #startedAtMs: number | undefined;
  #server: HttpServer | undefined;
  #backend: Backend | undefined;
  readonly #live: LiveOptionsHolder;
  #turns: TurnRunner | undefined;
  /** Ends the turns that came without HTTP. */
  readonly #ended = new AbortController();
  #leaving: Leaving = { reason: 'closing' };
  #draining = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** Fires after anything in `snapshot()` may have changed; may fire often, so throttle. */
  readonly onDidChange: Event<void> = this.#changed.event;

  /** Throws `invalid_request` when a key, a name of one, a CORS origin or a host is not usable. */
  constructor(options: GatewayOptions, dependencies: GatewayDependencies) {
    this.#options = options;
    this.#origins = dependencies.origins;
    this.#given = options;
    this.#live = new LiveOptionsHolder(options);
    this.#windows = dependencies.windows;
    this.#clients = new ClientKeys({
      ownerKey: options.apiKey,
      clientKeys: options.clientKeys,
      ownerAlias: this.#windows?.secret,
      keeper: dependencies.keyKeeper,
      clock: systemClock,
      onRevoked: ({ name, scope }) => {
        this.#cache.dropLabelled(({ client }) => client === name);
        this.#responses.forgetAll(scope);
        this.#notify();
      },
    });
    this.#guard = new Guard(this.#clients.ring, allowedBy(options), options.host);
    const secrets = [
      options.apiKey,
      ...options.clientKeys.flatMap((given) => ('key' in given ? [given.key] : [])),
      ...(this.#windows ? [this.#windows.secret] : []),
    ];
    this.#redactor = new Redactor(secrets);
    this.#logger = redactedLogger(dependencies.logger, this.#redactor);
    this.#tokens = dependencies.tokens ?? encodingCounter(options.distDir, this.#logger);
    this.#cache = new SessionCache({
      ...cacheLimits(options),
      clock: systemClock,
      onDrop: (session) => {
        this.#backend?.deleteSession(session);
      },
    });
    this.#schemaThreads = new SchemaThreads(path.join(options.distDir, 'jsonSchemaValidator.js'));
    this.#capture = new Capture(options.captureBodies, this.#redactor);
    const turnLogger = this.#logger.child('turn');
    this.#activity = new ActivityLog({
      clock: systemClock,
      counters: this.#counters,
      capture: this.#capture,
      redactor: this.#redactor,
      onChange: () => {
        this.#notify();
      },
      onEnd: (turn) => {
        this.#clients.count(turn);
        logTurn(turnLogger, turn);
      },
    });
  }

  /**
   * Binds the port, then starts the instances; resolves when the first one is ready.
   * Rejects with a GatewayError (`port_in_use`, `start_failed`, …) after undoing what it began.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Ends running turns with a typed error, closes the listener, stops every process. Idempotent.
   *
   * @param leaving What the windows that follow it are told.
   */
  stop(leaving: Leaving = { reason: 'closing' }): Promise<void> {
    this.#stopping ??= this.#stop(leaving);
    return this.#stopping;
  }

  /** Tells health checks to send nothing more, while it goes on serving whatever comes. */
  drain(): void {
    this.#draining = true;
  }

  snapshot(): GatewaySnapshot {
    const instances = this.#backend?.instances() ?? [];
    const listening = this.#state === 'ready' || this.#state === 'starting';
    const upMs =
      this.#startedAtMs === undefined ? 0 : systemClock.monotonicMs() - this.#startedAtMs;
    // Started, but no process is left and none is being tried, or nobody can get here: nothing is
    // served until that is over.
    const gaveUp = instances.every((instance) => instance.state === 'failed');
    const broken = this.#state === 'ready' && (gaveUp || this.#portProblem !== undefined);
    return {
      version,
      state: broken ? 'failed' : this.#state,
      problem: broken ? (this.#portProblem ?? instances[0]?.problem ?? null) : this.#problem,
      baseUrl: listening && this.#port !== undefined ? this.#baseUrl(this.#port) : null,
      demo: this.#source?.demo ?? false,
      program: this.#source?.program ?? null,
      uptimeSeconds: Math.round(upMs / 100) / 10,
      instances,
      sessionCache: this.#describeCache(),
      concurrency: {
        inFlight: instances.reduce((sum, { inFlight }) => sum + inFlight, 0),
        ...(this.#backend?.pool.queue ?? NO_QUEUE),
        maxInFlightPerInstance: this.#live.current.maxInFlight,
      },
      turns: this.#counters.totals(),
    };
  }

  /** What it does, one by one; apart from the snapshot, because it is large. */
  activity(): GatewayActivity {
    return {
      sessions: this.#cache.list(SESSIONS_SHOWN).map(describeSession),
      requests: this.#activity.requests(),
      history: this.#activity.history(),
      clients: this.#clients.usage(),
      capturing: this.#capture.enabled,
    };
  }

  /** Undefined for a request that is no longer kept. */
  requestDetails(id: string): RequestDetails | undefined {
    return this.#activity.details(id);
  }

  /** Switches the capture of texts on, or off; what was captured is then gone at once. */
  setCapture(enabled: boolean): void {
    this.#apply({ ...this.#live.current, captureBodies: enabled });
  }

  /** The clients that may call besides the owner. */
  clientKeys(): ClientKeyInfo[] {
    return this.#clients.list();
  }

  /**
   * Makes a key for a client, which may call at once. Rejects with `invalid_request` for a name that
   * is taken or cannot be used.
   */
  createKey(name: string): Promise<CreatedKey> {
    return this.#clients.create(name);
  }

  /** Lets in a client whose key was made elsewhere; rejects as `createKey` does. */
  admitKey(record: KeyRecord): Promise<void> {
    return this.#clients.admit(record);
  }

  /**
   * Shuts a client out at once: its requests end, its sessions and stored responses are forgotten.
   * Rejects with `not_found`.
   */
  revokeKey(name: string): Promise<void> {
    return this.#clients.revoke(name);
  }

  /** Every option with its value now and where it comes from; none of them gives a secret away. */
  effectiveConfig(): EffectiveConfig {
    return describeConfig({ ...this.#options, ...this.#given }, this.#live.current, this.#origins);
  }

  /** The models a turn may name. Rejects with `stopping` while the gateway does not serve. */
  async models(signal: AbortSignal): Promise<readonly Model[]> {
    return this.#serving().pool.models(signal);
  }

  /**
   * Runs a turn that did not come over HTTP. It shares the sessions of the gateway's own key, so a
   * conversation may go on here that began there, and the other way round. Iterate to the end;
   * aborting `signal` ends the turn with its reason. Throws GatewayErrors only, `stopping` when the
   * gateway stops or does not serve.
   *
   * @param agent Names the program that asks, where it is not VS Code's chat itself.
   */
  async *chat(
    request: TurnRequest,
    signal: AbortSignal,
    agent: string | null = null,
  ): AsyncGenerator<TurnEvent, void> {
    if (!this.#turns || this.#stopping) throw stopping();
    const { owner } = this.#clients.ring;
    this.#clients.used(owner);
    const caller: Caller = {
      scope: owner.scope,
      client: owner.name,
      streams: true,
      requestId: `chat_${randomUUID().replaceAll('-', '')}`,
      source: 'vscode',
      agent,
    };
    yield* this.#turns.run(request, caller, AbortSignal.any([signal, this.#ended.signal]));
  }

  /** The options that may change while the gateway runs, as they are now. */
  get size(): PoolSize {
    return this.#live.current;
  }

  /**
   * Changes how many instances there are and how many turns each runs at once, without a restart:
   * instances that stay keep their sessions, those that leave finish their turns first.
   */
  resize({ instances, maxInFlight }: PoolSize): void {
    this.#apply({ ...this.#live.current, instances, maxInFlight });
  }

  /**
   * Takes over other live options without a restart. Turns that run keep the rules and limits they
   * began with; sessions beyond a smaller limit are given up, those used longest ago first.
   * Throws `invalid_request`, and changes nothing, when a CORS origin or a host is not usable.
   */
  reconfigure(options: LiveOptions): void {
    this.#apply(options);
    this.#clients.replace(options.clientKeys);
    this.#given = options;
  }

  #apply(options: LiveOptions): void {
    this.#guard.allow(allowedBy(options));
    const { instances, maxInFlight } = this.#live.current;
    this.#live.update(options);
    this.#cache.setLimits(cacheLimits(options));
    this.#capture.setEnabled(options.captureBodies);
    if (instances !== options.instances || maxInFlight !== options.maxInFlight) {
      this.#backend?.resize(options);
    }
    this.#notify();
  }

  /** Gives an instance a new process, at once; also one that had given up. Throws `not_found`. */
  restartInstance(instanceId: string): void {
    this.#serving().pool.restart(instanceId);
  }

  /** Gives an instance a new process once its turns are over. Throws `not_found`. */
  drainInstance(instanceId: string): void {
    this.#serving().pool.drain(instanceId);
  }

  /**
   * The page on which the user signs in to Lingma. From then on the gateway looks, for some
   * minutes, whether that has happened. Rejects with `sign_in_unavailable`.
   */
  async beginSignIn(): Promise<SignInOffer> {
    return this.#serving().signIn.begin();
  }

  /** Settles with true once the user has signed in to that instance, else with false. */
  async signedIn(instanceId: string, signal: AbortSignal): Promise<boolean> {
    return this.#serving().signIn.outcome(instanceId, signal);
  }

  /** Forgets every idle session; returns how many there were. */
  clearSessions(): number {
    const count = this.#cache.clear();
    this.#notify();
    return count;
  }

  /** Forgets one idle session, by the id that `activity` gives; false when that is not possible. */
  evictSession(id: string): boolean {
    return this.giveUpSession(id) === 'evicted';
  }

  /** Like `evictSession`, and tells why it was not possible. */
  giveUpSession(id: string): SessionEviction {
    const result = this.#cache.evict(id);
    if (result === 'evicted') this.#notify();
    return result;
  }

  async #start(): Promise<void> {
    this.#setState('starting');
    try {
      this.#source = prepareSource(this.#options.source, this.#options.distDir);
      const httpLogger = this.#logger.child('http');
      this.#server = new HttpServer({
        guard: this.#guard,
        logger: httpLogger,
        onRequest: (record) => {
          this.#requests.add(record);
          logRequest(httpLogger, record);
        },
        maxPerKey: () => this.#live.current.maxTurnsPerKey,
        onKeyRefused: (reason) => {
          this.#requests.addKeyRefusal(reason);
        },
        onPort: (problem) => {
          this.#portProblem = problem?.message;
          this.#notify();
          if (problem?.code === 'port_in_use') this.#windows?.portTaken();
        },
      });
      const { host, port } = this.#options;
      this.#port = await this.#server.listen(port, host);
      if (!isLoopback(host)) httpLogger.log('warn', exposed(host, this.#port));
      this.#startedAtMs = systemClock.monotonicMs();
      this.#eventLoopDelay = new EventLoopDelay(systemClock);
      this.#backend = new Backend({
        options: this.#options,
        live: this.#live.current,
        workDirPatienceMs: this.#windows ? TAKE_OVER_PATIENCE_MS : 0,
        source: this.#source,
        cache: this.#cache,
        logger: this.#logger,
        turnsOf: (instanceId) => this.#counters.answeredBy(instanceId),
        onChange: () => {
          this.#notify();
        },
      });
      this.#turns = this.#createTurns(this.#backend);
      this.#server.serve(this.#routes(this.#backend, this.#turns));
      if (this.#stopping) throw stopping();
      await this.#backend.start();
      this.#setState('ready');
      // Now, in slices, so that no turn has to wait for it.
      void this.#tokens.ready();
    } catch (thrown) {
      const error = toGatewayError(thrown);
      if (error.code === 'internal') this.#logger.log('error', String(error.cause));
      if (!this.#stopping) {
        this.#leaving = { reason: 'failed', code: error.code, problem: error.message };
      }
      await this.#close();
      if (!this.#stopping) this.#problem = error.message;
      this.#setState(this.#stopping ? 'stopped' : 'failed');
      throw error;
    }
  }

  async #stop(leaving: Leaving): Promise<void> {
    this.#leaving = leaving;
    if (this.#state !== 'failed') this.#setState('stopping');
    await this.#close();
    // A start that was under way fails now and cleans up what it still began.
    await this.#starting?.catch(() => undefined);
    await this.#close();
    if (this.#state === 'stopping') this.#setState('stopped');
    this.#changed.dispose();
  }

  /** Turns first, so that they end with `stopping` rather than with a lost process. */
  async #close(): Promise<void> {
    this.#ended.abort(stopping());
    this.#eventLoopDelay?.dispose();
    await Promise.all([this.#server?.close(), this.#backend?.close(), this.#schemaThreads.close()]);
  }

  #serving(): Backend {
    if (!this.#backend || this.#stopping) throw stopping();
    return this.#backend;
  }

  #createTurns(backend: Backend): TurnRunner {
    const rules = this.#live.current;
    const fetchImages = fetchRemoteImages(systemNetwork);
    return new TurnRunner({
      cache: this.#cache,
      pool: backend.pool,
      rules,
      remoteImages: (messages, signal) =>
        (rules.remoteImages ? fetchImages : refuseRemoteImages)(messages, signal),
      judgeApart: (job, patience) => this.#schemaThreads.judge(job, patience),
      activity: this.#activity,
      tokens: this.#tokens,
      logger: this.#logger.child('turn'),
    });
  }

  #routes(backend: Backend, turns: TurnRunner): Route[] {
    return createRoutes({
      turns,
      redactor: this.#redactor,
      models: (signal) => backend.pool.models(signal),
      rules: this.#live.current,
      responses: this.#responses,
      clients: this.#clients,
      snapshot: () => this.snapshot(),
      draining: () => this.#draining,
      control: this,
      identify: this.#windows && this.#identify(this.#windows),
      windows: this.#windows && this.#serveWindows(this.#windows),
      metrics: () => this.#metrics(),
      effectiveConfig: () => this.effectiveConfig(),
      nowSeconds: () => Math.floor(systemClock.epochMs() / 1000),
    });
  }

  async #metrics(): Promise<MetricsReading> {
    return {
      snapshot: this.snapshot(),
      requests: this.#requests.samples(),
      keyRefusals: this.#requests.keyRefusals(),
      clients: this.#clients.usage(),
      connections: (await this.#server?.connections()) ?? 0,
      eventLoopDelay: this.#eventLoopDelay?.read() ?? NOTHING_MEASURED,
      process: readProcessFigures(systemClock.epochMs()),
    };
  }

  #identify({ secret }: WindowHost): NonNullable<OperationsDependencies['identify']> {
    const claim = { protocol: WINDOW_PROTOCOL, version };
    const port = this.#port ?? 0;
    return (challenge, host) => proveIdentity(secret, { challenge, host, port }, claim);
  }

  #serveWindows({ request }: WindowHost): WindowsDependencies {
    return {
      snapshot: () => this.snapshot(),
      onDidChange: this.onDidChange,
      leaving: () => this.#leaving,
      apiKey: this.#options.apiKey,
      chat: (turn, signal) => this.chat(turn, signal),
      request,
    };
  }

  #describeCache(): SessionCacheSnapshot {
    const stats = this.#cache.stats();
    const lookups = stats.hits + stats.misses;
    return {
      enabled: this.#cache.enabled,
      size: stats.size,
      max: this.#live.current.sessionMax,
      ttl_sec: this.#live.current.sessionTtlSeconds,
      hit_total: stats.hits,
      miss_total: stats.misses,
      hit_rate: lookups > 0 ? Math.round((stats.hits / lookups) * 10_000) / 10_000 : 0,
      evict_total: stats.evictions,
      expire_total: stats.expiries,
      invalidate_total: stats.invalidations,
      leased: stats.leased,
    };
  }

  /** For clients on this machine. */
  #baseUrl(port: number): string {
    return `http://${urlHost(reachedAt(this.#options.host))}:${port}`;
  }

  #setState(state: GatewayState): void {
    this.#state = state;
    this.#notify();
  }

  #notify(): void {
    this.#changed.fire();
  }
}

function allowedBy({ corsOrigins, allowedHosts }: LiveOptions): Allowed {
  return { origins: corsOrigins, hosts: allowedHosts };
}

function exposed(host: string, port: number): string {
  return (
    `listens on ${urlHost(host)}:${port}, which other machines can reach, and without TLS: prompts, ` +
    'answers and keys can be read on the way. Put a proxy with TLS in front, or go back to loopback.'
  );
}

function describeSession(session: ListedSession<SessionLabel>): SessionActivity {
  const { id, instanceId, label, turns, messageCount, leased, ageMs, ttlLeftMs } = session;
  return {
    id,
    instanceId,
    ...label,
    turns,
    messages: messageCount,
    state: leased ? 'leased' : 'idle',
    ageSeconds: Math.floor(ageMs / 1000),
    ttlLeftSeconds: ttlLeftMs === undefined ? null : Math.ceil(ttlLeftMs / 1000),
  };
}

function cacheLimits(options: LiveOptions): CacheLimits {
  return {
    max: options.sessionMax,
    maxPerInstance: options.sessionMaxPerInstance,
    ttlMs: options.sessionTtlSeconds * 1000,
  };
}
