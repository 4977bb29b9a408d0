/**
 * Hands the events of one answer from the read loop to its one reader. The read loop never waits:
 * deltas that the reader has not taken yet grow together, up to a bound.
 */
import type { GatewayError } from '../base/errors';

/**
 * Bytes of UTF-8 that may wait for a reader. The connection carries the turns of others as well, so
 * the process cannot be held back; and no model writes as much in one answer, so that whoever lets
 * this much wait has stopped reading.
 */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** What a process tells about a running turn. */
export type AnswerEvent =
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'reasoning'; readonly delta: string };

type End = { readonly ok: true } | { readonly ok: false; readonly error: GatewayError };

export class AnswerQueue implements AsyncIterable<AnswerEvent> {
  #events: AnswerEvent[] = [];
  #waitingBytes = 0;
  #end: End | undefined;
  #wake: (() => void) | undefined;

  /**
   * False when too much waits with it: then all of that has been dropped, and the queue has to be
   * ended with an error. One delta is taken whatever its size, since its reader could not be faster.
   */
  push(event: AnswerEvent): boolean {
    if (this.#end || !event.delta) return true;
    const bytes = Buffer.byteLength(event.delta);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#takeAll();
      return false;
    }
    this.#waitingBytes += bytes;
    const last = this.#events.at(-1);
    if (last?.type === event.type) {
      this.#events[this.#events.length - 1] = { ...last, delta: last.delta + event.delta };
    } else {
      this.#events.push(event);
    }
    this.#wake?.();
    return true;
  }

  /** Ends the iteration once what is queued has been read; only the first end counts. */
  end(error?: GatewayError): void {
    this.#end ??= error ? { ok: false, error } : { ok: true };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AnswerEvent, void> {
    for (;;) {
      // Not delegated to: that would wrap each event in promises of its own.
      for (const event of this.#takeAll()) yield event;
      if (this.#events.length > 0) continue;
      if (this.#end) {
        if (!this.#end.ok) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  #takeAll(): AnswerEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#waitingBytes = 0;
    return events;
  }
}
