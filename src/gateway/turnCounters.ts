/** Running totals of the turns a gateway has run. */
import type { GatewayError } from '../base/errors';
import { wantsSignIn } from '../lingma/turnErrors';
import { Histogram } from '../observe/histogram';
import {
  REUSE_REASONS,
  type ReuseReason,
  type TurnPlacement,
  type Usage,
} from '../conversation/events';
import type { TurnTotals } from './snapshot';

/** Seconds. A continued turn begins at once; a long conversation or a queue takes its time. */
const TTFT_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const DURATION_BOUNDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];

/** A turn that was answered to its end. */
export interface CompletedTurn {
  readonly usage: Usage;
  readonly ttftMs: number;
  readonly durationMs: number;
}

export class TurnCounters {
  #completed = 0;
  #failed = 0;
  #cancelled = 0;
  #signedOut = 0;
  #sentMessages = 0;
  #totalMessages = 0;
  #sentBytes = 0;
  #totalBytes = 0;
  #inputTokens = 0;
  #cachedTokens = 0;
  #outputTokens = 0;
  readonly #reasons = new Map<ReuseReason, number>();
  readonly #byInstance = new Map<string, number>();
  readonly #ttft = new Histogram(TTFT_BOUNDS);
  readonly #duration = new Histogram(DURATION_BOUNDS);
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Counts a turn whose answer has begun. */
  placed(placement: TurnPlacement): void {
    const { reason, instanceId } = placement;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    this.#byInstance.set(instanceId, this.answeredBy(instanceId) + 1);
    this.#sentMessages += placement.sentMessages;
    this.#totalMessages += placement.totalMessages;
    this.#sentBytes += placement.sentBytes;
    this.#totalBytes += placement.totalBytes;
    this.#onChange();
  }

  completed({ usage, ttftMs, durationMs }: CompletedTurn): void {
    this.#completed++;
    this.#inputTokens += usage.inputTokens;
    this.#cachedTokens += usage.cachedTokens;
    this.#outputTokens += usage.outputTokens;
    this.#ttft.add(ttftMs / 1000);
    this.#duration.add(durationMs / 1000);
    this.#onChange();
  }

  failed(error: GatewayError): void {
    if (error.code === 'cancelled') this.#cancelled++;
    else this.#failed++;
    if (wantsSignIn(error)) this.#signedOut++;
    this.#onChange();
  }

  /** Turns that an instance has begun to answer, over all its processes. */
  answeredBy(instanceId: string): number {
    return this.#byInstance.get(instanceId) ?? 0;
  }

  totals(): TurnTotals {
    return {
      completed: this.#completed,
      failed: this.#failed,
      cancelled: this.#cancelled,
      signedOut: this.#signedOut,
      sentMessages: this.#sentMessages,
      totalMessages: this.#totalMessages,
      sentBytes: this.#sentBytes,
      totalBytes: this.#totalBytes,
      inputTokens: this.#inputTokens,
      cachedTokens: this.#cachedTokens,
      outputTokens: this.#outputTokens,
      ttftSeconds: this.#ttft.read(),
      durationSeconds: this.#duration.read(),
      reasons: reasonCounts((reason) => this.#reasons.get(reason) ?? 0),
    };
  }
}

function reasonCounts(count: (reason: ReuseReason) => number): Record<ReuseReason, number> {
  return Object.fromEntries(REUSE_REASONS.map((reason) => [reason, count(reason)])) as Record<
    ReuseReason,
    number
  >;
}
