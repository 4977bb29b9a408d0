/** Runs turns on a gateway, beside the reference, and keeps what is to be judged in the end. */
import type { ChatCompletionAssistantMessageParam } from 'openai/resources/chat/completions';
import type { Exchange, Gateway, Turn } from './gateway';
import type { IdealCache, IdealLease } from './ideal';

/** A client gives up on a turn that failed this often. */
const MOST_ATTEMPTS = 10;

export interface ObservedExchange extends Exchange {
  readonly lease: IdealLease;
}

export class Client {
  readonly exchanges: ObservedExchange[] = [];
  readonly #gateway: Gateway;
  readonly #ideal: IdealCache;
  #failures = 0;

  constructor(gateway: Gateway, ideal: IdealCache) {
    this.#gateway = gateway;
    this.#ideal = ideal;
  }

  /** Turns that failed and were sent again. */
  get failures(): number {
    return this.#failures;
  }

  /** Runs a turn; one that fails is sent again, as people do. */
  async send(turn: Turn): Promise<ChatCompletionAssistantMessageParam> {
    for (let attempt = 1; ; attempt++) {
      const lease = this.#ideal.begin(turn);
      try {
        const reply = await this.#gateway.send(turn);
        this.#ideal.end(lease, turn, reply);
        this.exchanges.push({ turn, reply, lease });
        return reply.message;
      } catch (error) {
        this.#ideal.fail(lease);
        if (attempt === MOST_ATTEMPTS) throw error;
        this.#failures++;
      }
    }
  }
}
