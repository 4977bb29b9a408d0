/**
 * Hands the events of one answer from the read loop to its one reader. The read loop never waits:
 * deltas that the reader has not taken yet grow together, so a slow reader costs at most the
 * answer's own size.
 */
import type { GatewayError } from '../base/errors';

/** What a process tells about a running turn. */
export type AnswerEvent =
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'reasoning'; readonly delta: string };

type End = { readonly ok: true } | { readonly ok: false; readonly error: GatewayError };

export class AnswerQueue implements AsyncIterable<AnswerEvent> {
  #events: AnswerEvent[] = [];
  #end: End | undefined;
  #wake: (() => void) | undefined;

  push(event: AnswerEvent): void {
    if (this.#end || !event.delta) return;
    const last = this.#events.at(-1);
    if (last?.type === event.type) {
      this.#events[this.#events.length - 1] = { ...last, delta: last.delta + event.delta };
    } else {
      this.#events.push(event);
    }
    this.#wake?.();
  }

  /** Ends the iteration once what is queued has been read; only the first end counts. */
  end(error?: GatewayError): void {
    this.#end ??= error ? { ok: false, error } : { ok: true };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AnswerEvent, void> {
    for (;;) {
      const events = this.#events;
      this.#events = [];
      yield* events;
      if (this.#events.length > 0) continue;
      if (this.#end) {
        if (!this.#end.ok) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }
}
