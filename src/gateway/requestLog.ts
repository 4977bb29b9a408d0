/** The latest turns: those that run, and as many that are over as there is room for. */
import type { RequestActivity } from './activity';

/** Turns that are shown at most, and that are remembered after their end. */
export const REQUESTS_KEPT = 200;

/** A turn as the log keeps it; its duration is told when somebody asks. */
export interface LoggedRequest {
  readonly id: string;
  /** What the log shows of it at that time. */
  describe(): RequestActivity;
}

export class RequestLog<T extends LoggedRequest> {
  /** In the order of their start. */
  readonly #running = new Map<string, T>();
  /** In the order of their end, from `#next` on the oldest; a place that is free holds nothing. */
  readonly #over: (T | undefined)[] = [];
  readonly #onForget: (request: T) => void;
  #next = 0;

  /** @param onForget Is called for each one that has to make room. */
  constructor(onForget: (request: T) => void) {
    this.#onForget = onForget;
  }

  begin(request: T): void {
    this.#running.set(request.id, request);
  }

  /** It counts among those that are over from now on; nothing happens to one that does already. */
  end(request: T): void {
    if (!this.#running.delete(request.id)) return;
    const oldest = this.#over[this.#next];
    this.#over[this.#next] = request;
    this.#next = (this.#next + 1) % REQUESTS_KEPT;
    if (oldest) this.#onForget(oldest);
  }

  find(id: string): T | undefined {
    return this.#running.get(id) ?? this.#over.find((request) => request?.id === id);
  }

  /** The ones begun last first. Those that run have a place before those that are over. */
  list(): RequestActivity[] {
    const { length } = this.#over;
    const over = Array.from(
      { length },
      (_, age) => this.#over[(this.#next - 1 - age + length) % length],
    );
    return [...[...this.#running.values()].reverse(), ...over]
      .flatMap((request) => request ?? [])
      .slice(0, REQUESTS_KEPT)
      .map((request) => request.describe())
      .sort((left, right) => right.startedAtMs - left.startedAtMs);
  }
}
