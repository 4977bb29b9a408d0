/**
 * The text of one block while it arrives. Recognisers are written as if the text were all there:
 * they are generators that pause where it ends for now. What they take is kept, so that a block
 * that is no call after all can be shown as the text it is.
 */

/** A piece of a recogniser: pauses when it needs more text, returns what it read. */
export type Reading<T> = Generator<undefined, T, undefined>;

const SPACE = /\s/;

export class Source {
  readonly #taken: string[] = [];
  /** Arrived; what stands before `#at` has been taken. */
  #text = '';
  #at = 0;
  #ended = false;

  feed(text: string): void {
    this.#flush();
    this.#text += text;
  }

  /** Nothing more will come. */
  end(): void {
    this.#ended = true;
  }

  /** All that was taken. */
  get taken(): string {
    this.#flush();
    return this.#taken.join('');
  }

  /** What arrived and was not taken. */
  get rest(): string {
    return this.#text.slice(this.#at);
  }

  /** The next character without taking it; empty at the end. */
  *peek(): Reading<string> {
    while (this.#at >= this.#text.length && !this.#ended) yield;
    return this.#text.charAt(this.#at);
  }

  /** Takes the character that was peeked at. */
  take(): void {
    this.#at++;
  }

  /** Takes `expected` if it comes next, else nothing. */
  *literal(expected: string): Reading<boolean> {
    for (;;) {
      const there = this.#text.slice(this.#at, this.#at + expected.length);
      if (there === expected) {
        this.#at += expected.length;
        return true;
      }
      if (this.#ended || !expected.startsWith(there)) return false;
      yield;
    }
  }

  /** The same for what closes a block: an answer that ends before it, or within it, closes it too. */
  *closing(expected: string): Reading<boolean> {
    if (yield* this.literal(expected)) return true;
    if (!this.#ended || !expected.startsWith(this.rest)) return false;
    this.#at = this.#text.length;
    return true;
  }

  *spaces(): Reading<void> {
    while (SPACE.test(yield* this.peek())) this.take();
  }

  /**
   * Takes up to and including `stop`, which is one character, and returns what stands before it.
   * Undefined, with nothing lost, when a line break or the mark of another block comes first.
   */
  *word(stop: string): Reading<string | undefined> {
    let word = '';
    for (;;) {
      const next = yield* this.peek();
      if (next === stop) {
        this.take();
        return word;
      }
      if (!next || '\r\n<`'.includes(next)) return undefined;
      this.take();
      word += next;
    }
  }

  /** Takes up to and including `stop` and returns what stands before it; undefined when none comes. */
  *through(stop: string): Reading<string | undefined> {
    const before: string[] = [];
    for (;;) {
      const found = this.#text.indexOf(stop, this.#at);
      const end = found < 0 ? this.#text.length - (this.#ended ? 0 : stop.length - 1) : found;
      if (end > this.#at) {
        before.push(this.#text.slice(this.#at, end));
        this.#at = end;
      }
      if (found >= 0) {
        this.#at += stop.length;
        return before.join('');
      }
      if (this.#ended) return undefined;
      yield;
    }
  }

  /** Takes characters as long as `stops`, which must be global, does not match one; returns them. */
  *whileNot(stops: RegExp): Reading<string> {
    const run: string[] = [];
    for (;;) {
      stops.lastIndex = this.#at;
      const end = stops.exec(this.#text)?.index ?? this.#text.length;
      run.push(this.#text.slice(this.#at, end));
      this.#at = end;
      if (end < this.#text.length || this.#ended) return run.join('');
      yield;
    }
  }

  #flush(): void {
    if (this.#at === 0) return;
    this.#taken.push(this.#text.slice(0, this.#at));
    this.#text = this.#text.slice(this.#at);
    this.#at = 0;
  }
}
