/** Running totals of the turns a gateway has run. */
import type { GatewayError } from '../base/errors';
import { wantsSignIn } from '../lingma/turnErrors';
import { REUSE_REASONS, type ReuseReason, type TurnPlacement } from '../conversation/events';
import type { TurnTotals } from './snapshot';

export class TurnCounters {
  #completed = 0;
  #failed = 0;
  #cancelled = 0;
  #signedOut = 0;
  #sentMessages = 0;
  #totalMessages = 0;
  readonly #reasons = new Map<ReuseReason, number>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  placed(placement: TurnPlacement): void {
    const { reason } = placement;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    this.#sentMessages += placement.sentMessages;
    this.#totalMessages += placement.totalMessages;
    this.#onChange();
  }

  completed(): void {
    this.#completed++;
    this.#onChange();
  }

  failed(error: GatewayError): void {
    if (error.code === 'cancelled') this.#cancelled++;
    else this.#failed++;
    if (wantsSignIn(error)) this.#signedOut++;
    this.#onChange();
  }

  totals(): TurnTotals {
    return {
      completed: this.#completed,
      failed: this.#failed,
      cancelled: this.#cancelled,
      signedOut: this.#signedOut,
      sentMessages: this.#sentMessages,
      totalMessages: this.#totalMessages,
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
