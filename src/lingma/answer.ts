/**
 * Puts an answer together from what the process streams. A client that streams cannot un-read, so
 * what has been emitted stays; what the process holds in the end is kept beside it, because that,
 * not what was shown, is what the session contains.
 */
export class AnswerAssembly {
  #text = '';
  #emitted = '';

  /** The answer as the process holds it. */
  get text(): string {
    return this.#text;
  }

  /** A `chat/answer` event; returns the text to emit, possibly none. */
  answer(text: string, overwrite: boolean): string {
    if (overwrite) {
      this.#text = text;
      return this.#emitMissing();
    }
    // After an overwrite that took text back, what follows may repeat what was already shown.
    const shownAhead =
      this.#emitted.length > this.#text.length && this.#emitted.startsWith(this.#text);
    this.#text += text;
    if (shownAhead) return this.#emitMissing();
    this.#emitted += text;
    return text;
  }

  /**
   * The `fullAnswer` of `chat/finish`: returns the part that was never streamed. One that does not
   * start with what was streamed is a rendering of it, not a correction, and is left alone.
   */
  finish(fullAnswer: string): string {
    if (!fullAnswer.startsWith(this.#text)) return '';
    this.#text = fullAnswer;
    return this.#emitMissing();
  }

  #emitMissing(): string {
    if (!this.#text.startsWith(this.#emitted)) return '';
    const missing = this.#text.slice(this.#emitted.length);
    this.#emitted = this.#text;
    return missing;
  }
}
