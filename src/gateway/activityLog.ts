/** Takes down what turns report: for the list of requests, the last hour and the running totals. */
import type { Clock } from '../base/clock';
import { type GatewayError, cancelled } from '../base/errors';
import type { TurnEvent, TurnPlacement } from '../conversation/events';
import type { TurnRequest } from '../conversation/messages';
import type { Redactor } from '../observe/redact';
import type { HistorySample, RequestActivity, RequestDetails, TurnSource } from './activity';
import type { Capture } from './capture';
import { RequestLog } from './requestLog';
import type { TurnCounters } from './turnCounters';
import { TurnHistory } from './turnHistory';

/** A client may name its model as it likes, and the log is to stay small. */
const MAX_MODEL_NAME = 200;
/** Of what a client calls a model, in characters; it may have put anything there. */
const MAX_MODEL_LOOKED_AT = 4_096;

/** Who began a turn, as far as it is shown. */
export interface TurnOrigin {
  readonly requestId: string;
  readonly client: string;
  readonly source: TurnSource;
  readonly agent: string | null;
}

/** What a session in the cache is listed with. */
export interface SessionLabel {
  readonly client: string;
  readonly agent: string | null;
  readonly source: TurnSource;
  readonly model: string;
}

/** Where a turn tells how it goes on. Its end counts once; what is told after it is ignored. */
export interface TurnReport {
  /** It has its place on a process. A turn that is tried again is told of anew. */
  placed(placement: TurnPlacement): void;
  /** The process has begun to answer. */
  answering(): void;
  /** What the client is told; an `end` ends the turn. */
  tells(event: TurnEvent): void;
  failed(error: GatewayError): void;
  /** Nobody waits for the answer any more. */
  abandoned(): void;
}

export interface ActivityLogOptions {
  readonly clock: Clock;
  readonly counters: TurnCounters;
  readonly capture: Capture;
  readonly redactor: Redactor;
  readonly onChange: () => void;
  /** Is given each turn once it is over. */
  readonly onEnd: (turn: RequestActivity) => void;
}

export class ActivityLog {
  readonly #options: ActivityLogOptions;
  readonly #history: TurnHistory;
  readonly #requests: RequestLog<ReportedTurn>;

  constructor(options: ActivityLogOptions) {
    this.#options = options;
    this.#history = new TurnHistory(options.clock);
    this.#requests = new RequestLog(({ id }) => {
      options.capture.forget(id);
    });
  }

  begin(request: TurnRequest, origin: TurnOrigin): TurnReport {
    const { capture, onChange } = this.#options;
    const turn = new ReportedTurn(request, origin, this.#options, () => {
      this.#requests.end(turn);
      this.#history.add(turn.past());
      this.#options.onEnd(turn.describe());
    });
    this.#requests.begin(turn);
    capture.begin(turn.id, request);
    onChange();
    return turn;
  }

  /** The latest first. */
  requests(): RequestActivity[] {
    return this.#requests.list();
  }

  history(): HistorySample[] {
    return this.#history.read();
  }

  /** Undefined for a request that is no longer kept. */
  details(id: string): RequestDetails | undefined {
    const request = this.#requests.find(id)?.describe();
    if (!request) return undefined;
    const texts = this.#options.capture.read(id);
    return { request, ...(texts ?? { asked: null, answered: null, cut: false }) };
  }
}

type Outcome =
  | { readonly state: 'running' }
  | { readonly state: 'completed' }
  | { readonly state: 'failed' | 'cancelled'; readonly code: string };

const RUNNING: Outcome = { state: 'running' };

class ReportedTurn implements TurnReport {
  readonly id: string;
  readonly #options: ActivityLogOptions;
  readonly #onEnd: () => void;
  readonly #origin: TurnOrigin;
  readonly #model: string;
  readonly #messages: number;
  readonly #startedAtMs: number;
  readonly #startedAtEpochMs: number;
  #placement: TurnPlacement | undefined;
  #ttftMs: number | undefined;
  #durationMs: number | undefined;
  #inputTokens: number | null = null;
  #cachedTokens: number | null = null;
  #outputTokens: number | null = null;
  #outcome: Outcome = RUNNING;

  constructor(
    request: TurnRequest,
    origin: TurnOrigin,
    options: ActivityLogOptions,
    onEnd: () => void,
  ) {
    this.id = origin.requestId;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#origin = origin;
    // Cut only then: of a key that was cut nothing would be recognised.
    this.#model = options.redactor
      .redact(request.model.slice(0, MAX_MODEL_LOOKED_AT))
      .slice(0, MAX_MODEL_NAME);
    this.#messages = request.messages.length;
    this.#startedAtMs = options.clock.monotonicMs();
    this.#startedAtEpochMs = options.clock.epochMs();
  }

  placed(placement: TurnPlacement): void {
    if (this.#outcome.state !== 'running') return;
    this.#placement = placement;
    this.#ttftMs = undefined;
    this.#options.onChange();
  }

  answering(): void {
    if (this.#ttftMs !== undefined || this.#outcome.state !== 'running') return;
    this.#ttftMs = this.#sinceStart();
    this.#options.onChange();
  }

  tells(event: TurnEvent): void {
    if (this.#outcome.state !== 'running') return;
    const { capture, counters } = this.#options;
    capture.add(this.id, event);
    if (event.type === 'start') {
      this.#inputTokens = event.usage.inputTokens;
      this.#cachedTokens = event.usage.cachedTokens;
      counters.placed(event.placement);
    }
    if (event.type !== 'end') return;
    const { usage } = event;
    this.#inputTokens = usage.inputTokens;
    this.#cachedTokens = usage.cachedTokens;
    this.#outputTokens = usage.outputTokens;
    const durationMs = this.#end({ state: 'completed' });
    counters.completed({ usage, ttftMs: this.#ttftMs ?? durationMs, durationMs });
  }

  failed(error: GatewayError): void {
    if (this.#outcome.state !== 'running') return;
    const { code } = error;
    this.#end({ state: code === 'cancelled' ? 'cancelled' : 'failed', code });
    this.#options.counters.failed(error);
  }

  abandoned(): void {
    // Nearly every turn has ended by then, and an error is dear to make.
    if (this.#outcome.state === 'running') this.failed(cancelled());
  }

  past(): Parameters<TurnHistory['add']>[0] {
    const completed = this.#outcome.state === 'completed';
    return {
      hit: this.#placement && this.#placement.reason === 'continued',
      failed: this.#outcome.state === 'failed',
      ttftMs: completed ? (this.#ttftMs ?? this.#durationMs) : undefined,
      durationMs: completed ? this.#durationMs : undefined,
    };
  }

  describe(): RequestActivity {
    const { client, source, agent } = this.#origin;
    const outcome = this.#outcome;
    const waits = this.#ttftMs === undefined ? 'waiting' : 'streaming';
    return {
      id: this.id,
      startedAtMs: this.#startedAtEpochMs,
      source,
      client,
      agent,
      model: this.#model,
      state: outcome.state === 'running' ? waits : outcome.state,
      instanceId: this.#placement?.instanceId ?? null,
      reason: this.#placement?.reason ?? null,
      sentMessages: this.#placement?.sentMessages ?? null,
      totalMessages: this.#placement?.totalMessages ?? this.#messages,
      ttftMs: this.#ttftMs === undefined ? null : Math.round(this.#ttftMs),
      durationMs: Math.round(this.#durationMs ?? this.#sinceStart()),
      inputTokens: this.#inputTokens,
      cachedTokens: this.#cachedTokens,
      outputTokens: this.#outputTokens,
      errorCode: 'code' in outcome ? outcome.code : null,
      captured: this.#options.capture.has(this.id),
    };
  }

  /** Milliseconds the turn took. */
  #end(outcome: Outcome): number {
    const durationMs = this.#sinceStart();
    this.#outcome = outcome;
    this.#durationMs = durationMs;
    this.#options.capture.end(this.id, outcome.state === 'completed');
    this.#onEnd();
    return durationMs;
  }

  #sinceStart(): number {
    return this.#options.clock.monotonicMs() - this.#startedAtMs;
  }
}
