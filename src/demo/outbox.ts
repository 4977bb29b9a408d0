import { type Outcome, type RpcId, requestText } from './jsonRpc';

interface Held {
  readonly method: string;
  readonly params: object;
  readonly onReply: ((outcome: Outcome) => void) | undefined;
}

interface Waiting {
  readonly method: string;
  readonly sentAt: number;
  readonly onReply: ((outcome: Outcome) => void) | undefined;
}

/** What an {@link Outbox} needs from the connection it belongs to. */
export interface OutboxOptions {
  readonly write: (json: string) => void;
  /** Ids as strings instead of numbers (protocol §2.1: a client must take both). */
  readonly stringIds: boolean;
  /**
   * A request waits until all before it are answered or {@link Outbox.release} is called. That is
   * the likely cause of the answers that came one question late (protocol §2.1).
   */
  readonly holdBack: boolean;
  /** 0 waits for ever. */
  readonly ackTimeoutMs: number;
  /** Called once when the oldest request was left unanswered for too long. */
  readonly onUnresponsive: (id: RpcId, method: string) => void;
}

/**
 * The requests a connection sends to its client and their acknowledgements (protocol §2.1). The ids
 * count from 1, so that they collide with the client's own.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting = new Map<RpcId, Waiting>();
  #held: Held[] = [];
  #lastId = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Number of requests without a reply, held back or sent. */
  get unanswered(): number {
    return this.#waiting.size + this.#held.length;
  }

  /** The ids of the requests that were sent and have no reply, oldest first. */
  unansweredIds(): RpcId[] {
    return [...this.#waiting.keys()];
  }

  /** Sends a request that wants a reply, or holds it back. */
  request(method: string, params: object, onReply?: (outcome: Outcome) => void): void {
    if (this.#closed) return;
    const held: Held = { method, params, onReply };
    if (this.#options.holdBack && this.unanswered > 0) this.#held.push(held);
    else this.#send(held);
  }

  /** Sends everything held back, whatever is unanswered. */
  release(): void {
    for (const held of this.#held.splice(0)) this.#send(held);
  }

  #send({ method, params, onReply }: Held): void {
    const number = ++this.#lastId;
    const id = this.#options.stringIds ? String(number) : number;
    this.#waiting.set(id, { method, sentAt: performance.now(), onReply });
    this.#options.write(requestText(id, method, params));
    if (this.#timer === undefined && this.#options.ackTimeoutMs > 0) {
      this.#watch(this.#options.ackTimeoutMs);
    }
  }

  /** Takes a reply; false when no request with exactly this id (type included) is waiting. */
  settle(id: RpcId, outcome: Outcome): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    this.#waiting.delete(id);
    waiting.onReply?.(outcome);
    if (this.#waiting.size === 0) {
      const next = this.#held.shift();
      if (next !== undefined) this.#send(next);
    }
    return true;
  }

  /** Forgets everything; later requests are dropped. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.#held = [];
  }

  /**
   * One timer for the oldest request is enough: all have the same limit and the map keeps the order
   * of sending. It runs on while replies come in, which costs nothing per message.
   */
  #watch(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#inspect();
    }, ms);
  }

  #inspect(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const [id, { method, sentAt }] = oldest;
    const left = this.#options.ackTimeoutMs - (performance.now() - sentAt);
    if (left > 0) this.#watch(Math.ceil(left));
    else this.#options.onUnresponsive(id, method);
  }
}
