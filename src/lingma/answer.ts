/**
 * Puts an answer together from what the process streams. A client that streams cannot un-read, so
 * what has been emitted stays; the answer as the process holds it in the end is kept beside it,
 * because that is what a plain client is given and what the session contains. The two differ only
 * after an overwrite that took text back.
 */
import type { AnswerEvent } from './answerQueue';
import { type AnswerChannels, channels, MarkupFilter, readMarkup } from './markup';

export class AnswerAssembly {
  /** What was streamed since the last overwrite, as it stood on the wire. */
  #raw = '';
  #filter = new MarkupFilter();
  #text = '';
  readonly #shownText = new Shown();
  readonly #shownReasoning = new Shown();

  /** The answer without its mark-up; whole once `finish` has been called. */
  get text(): string {
    return this.#text;
  }

  /** A `chat/answer` event; returns what to emit of it, possibly nothing. */
  answer(text: string, overwrite: boolean): AnswerEvent[] {
    if (!overwrite) {
      this.#raw += text;
      return this.#add(this.#filter.push(text));
    }
    this.#raw = text;
    this.#filter = new MarkupFilter();
    return this.#replace(channels(this.#filter.push(text)));
  }

  /** A `chat/think` event; a thought that comes after text stays behind it. */
  think(text: string): AnswerEvent[] {
    return toEvents('reasoning', this.#shownReasoning.append(text));
  }

  /**
   * The `fullAnswer` of `chat/finish`, which may be empty, and may hold the mark-up or not: returns
   * the part that was never emitted. One that does not start with what was streamed is a rendering
   * of it, not a correction, and is left alone.
   */
  finish(fullAnswer: string): AnswerEvent[] {
    if (fullAnswer.startsWith(this.#raw)) {
      return [
        ...this.answer(fullAnswer.slice(this.#raw.length), false),
        ...this.#add(this.#filter.end()),
      ];
    }
    const last = this.#add(this.#filter.end());
    if (this.#raw.startsWith(fullAnswer)) return last;
    const full = readMarkup(fullAnswer);
    const isMarked = this.#filter.isMarked || full.text !== fullAnswer;
    const tail = (isMarked ? tailBeyondSpaces : tailBeyond)(this.#text, full.text);
    if (tail === undefined) return last;
    return [...last, ...this.#replace({ text: this.#text + tail, reasoning: full.reasoning })];
  }

  #add(events: readonly AnswerEvent[]): AnswerEvent[] {
    return events.flatMap((event) => {
      if (event.type === 'reasoning') {
        return toEvents('reasoning', this.#shownReasoning.add(event.delta));
      }
      this.#text += event.delta;
      return toEvents('text', this.#shownText.add(event.delta));
    });
  }

  #replace({ text, reasoning }: AnswerChannels): AnswerEvent[] {
    this.#text = text;
    return [
      ...toEvents('reasoning', this.#shownReasoning.replace(reasoning)),
      ...toEvents('text', this.#shownText.replace(text)),
    ];
  }
}

/** What a client that streams has been shown of one channel. */
class Shown {
  #text = '';
  /** Where the process stands in what it took back and may say again; undefined when nowhere. */
  #repeating: number | undefined;

  /** The channel goes on with something that was never said before; returns it. */
  append(delta: string): string {
    this.#repeating = undefined;
    this.#text += delta;
    return delta;
  }

  /** The channel goes on; returns what is new of it. */
  add(delta: string): string {
    if (this.#repeating === undefined) return this.append(delta);
    const known = this.#text.slice(this.#repeating, this.#repeating + delta.length);
    const repeated = commonLength(known, delta);
    this.#repeating += repeated;
    return repeated === delta.length ? '' : this.append(delta.slice(repeated));
  }

  /** The channel holds this instead; returns what was not shown, nothing when it is another text. */
  replace(text: string): string {
    if (text.startsWith(this.#text)) return this.append(text.slice(this.#text.length));
    this.#repeating = this.#text.startsWith(text) ? text.length : undefined;
    return '';
  }
}

function commonLength(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left.charAt(length) === right.charAt(length)) length++;
  return length;
}

/** What `whole` holds beyond `part`; undefined when it does not begin with it. */
function tailBeyond(part: string, whole: string): string | undefined {
  return whole.startsWith(part) ? whole.slice(part.length) : undefined;
}

/**
 * The same when white space does not count: a text from which somebody else took the mark-up parts
 * its paragraphs in another way.
 */
function tailBeyondSpaces(part: string, whole: string): string | undefined {
  const space = /\s/;
  let at = 0;
  for (const character of part) {
    if (space.test(character)) continue;
    while (space.test(whole.charAt(at))) at++;
    if (!whole.startsWith(character, at)) return undefined;
    at += character.length;
  }
  const tail = whole.slice(at);
  return /\s$/.test(part) || part === '' ? tail.trimStart() : tail;
}

function toEvents(type: AnswerEvent['type'], delta: string): AnswerEvent[] {
  return delta ? [{ type, delta }] : [];
}
