/**
 * The mark-up that a process mixes into the text of its answers, for the panel of its own plugin
 * (protocol §4a.2). A client of an API gets what each kind is worth there:
 *
 * - A thinking fence (four backticks, `think::SECONDS`, a line break, thoughts, four backticks) is
 *   reasoning. `SECONDS` may also be a placeholder in braces.
 * - A tool card (three backticks, `toolCall::NAME::ID::STATUS`, a line break, mostly nothing, three
 *   backticks) is a widget, and left out.
 * - An edit block (a code fence with `LANG|CODE_EDIT_BLOCK|PATH` behind its backticks) becomes a
 *   code fence of that language. Renderers take the whole word for the language's name, and the
 *   path belongs to a workspace that an API client does not share.
 *
 * Thoughts and cards are recognised within a line as well: whether the process begins a line for
 * them depends on what the model wrote last. Their headers end with the line, which no string inside
 * the JSON of a tool call can imitate. Inside a fence of four or more backticks nothing is mark-up:
 * that is how Markdown quotes fences. Three backticks do not quote, because answers often leave such
 * a fence open, and a card behind it must not show.
 */
import type { AnswerEvent } from './answerQueue';
import { FenceTracker } from './fences';
import { ToolCard } from './toolCard';

const THINKING_FENCE = '````';
/** A longer header is text, so that little is ever held back. */
const MAX_HEADER = 1024;

/** How mark-up begins: exact characters, then what may stand behind them up to the line break. */
interface Opening {
  readonly begin: string;
  /** Matches the whole rest of a line, and each beginning of one. */
  readonly rest: RegExp;
}
const THINKING: Opening = { begin: '````think::', rest: /^[\w.,{}-]*[ \t]*\r?$/ };
const CARD: Opening = { begin: '```toolCall::', rest: /^[^\s`"\\]*[ \t]*\r?$/ };
const EDIT: Opening = { begin: '|CODE_EDIT_BLOCK|', rest: /^[^`|]*$/ };

type State =
  | { readonly in: 'text' }
  /** Behind mark-up that began its line: the line break behind it goes with it. */
  | { readonly in: 'lineEnd' }
  | { readonly in: 'thinking'; readonly beganLine: boolean }
  | { readonly in: 'card'; readonly beganLine: boolean; readonly card: ToolCard };

/** The two channels of an answer. */
export interface AnswerChannels {
  readonly text: string;
  readonly reasoning: string;
}

/** Reads a whole answer. */
export function readMarkup(raw: string): AnswerChannels {
  const filter = new MarkupFilter();
  return channels([...filter.push(raw), ...filter.end()]);
}

/** What the events of one answer say on each channel. */
export function channels(events: readonly AnswerEvent[]): AnswerChannels {
  const said = (type: AnswerEvent['type']): string =>
    events.map((event) => (event.type === type ? event.delta : '')).join('');
  return { text: said('text'), reasoning: said('reasoning') };
}

/**
 * Takes the mark-up out of a streamed answer. What it gives out in all does not depend on where the
 * stream is cut, and it holds back only what may still become mark-up.
 */
export class MarkupFilter {
  readonly #fences = new FenceTracker();
  #state: State = { in: 'text' };
  /** Received and not decided yet. */
  #held = '';
  #isMarked = false;
  #hasSpoken = false;

  /** Whether mark-up has been found, so that the text is not what was streamed. */
  get isMarked(): boolean {
    return this.#isMarked;
  }

  /** Takes the next piece of the answer; gives what is certain by now. */
  push(delta: string): AnswerEvent[] {
    return this.#read(this.#held + delta, false);
  }

  /**
   * Gives what is left when the answer has ended. A thinking fence that is still open held nothing
   * but thoughts: as such it was announced and given out, and it is no answer.
   */
  end(): AnswerEvent[] {
    return this.#read(this.#held, true);
  }

  #read(input: string, ended: boolean): AnswerEvent[] {
    const events: AnswerEvent[] = [];
    this.#held = '';
    let left = input;
    while (left || (ended && this.#state.in === 'card')) left = this.#step(left, ended, events);
    return events;
  }

  /** Takes what it can from the input and returns the rest. */
  #step(input: string, ended: boolean, events: AnswerEvent[]): string {
    const state = this.#state;
    switch (state.in) {
      case 'text':
        return this.#inText(input, ended, events);
      case 'lineEnd':
        if (input === '\r' && !ended) return this.#hold(input);
        this.#state = { in: 'text' };
        return input.replace(/^\r?\n/, '');
      case 'thinking':
        return this.#inThinking(input, ended, state.beganLine, events);
      case 'card':
        return this.#inCard(input, ended, state, events);
    }
  }

  #inText(input: string, ended: boolean, events: AnswerEvent[]): string {
    const place = input.search(/[`|]/);
    const before = place < 0 ? input.length : place;
    this.#text(input.slice(0, before), events);
    const left = input.slice(before);
    if (!left) return '';

    const opening = this.#openingAt(left);
    const length = opening === undefined ? 0 : openingLength(left, opening, ended);
    if (length === 'undecided') return this.#hold(left);
    if (opening === undefined || length === 0) {
      this.#text(left.slice(0, 1), events);
      return left.slice(1);
    }
    this.#isMarked = true;
    const rest = left.slice(length);
    // The info string that an edit block shortens still ends with its line.
    if (opening === EDIT) return rest;
    const beganLine = this.#fences.isAtLineStart;
    this.#state =
      opening === CARD
        ? { in: 'card', beganLine, card: new ToolCard() }
        : { in: 'thinking', beganLine };
    return rest.slice(1);
  }

  /** The only mark-up that can begin with this backtick or bar, which may be the last so far. */
  #openingAt(input: string): Opening | undefined {
    const fences = this.#fences;
    if (fences.isQuoting) return undefined;
    if (input.startsWith('|')) return fences.isInInfo ? EDIT : undefined;
    // The end of a run of backticks is not the beginning of a shorter one.
    if (fences.isInRun) return undefined;
    return THINKING_FENCE.startsWith(input.slice(0, THINKING_FENCE.length)) ? THINKING : CARD;
  }

  #inThinking(input: string, ended: boolean, beganLine: boolean, events: AnswerEvent[]): string {
    const end = input.indexOf(THINKING_FENCE);
    if (end >= 0) {
      push(events, { type: 'reasoning', delta: input.slice(0, end).replace(/\r?\n$/, '') });
      this.#leave(beganLine);
      return input.slice(end + THINKING_FENCE.length);
    }
    // The line break in front of the fence belongs to it.
    const [held = ''] = ended ? [] : (/\r?\n?`{0,3}$/.exec(input.slice(-5)) ?? []);
    push(events, { type: 'reasoning', delta: input.slice(0, input.length - held.length) });
    return this.#hold(held);
  }

  #inCard(
    input: string,
    ended: boolean,
    { card, beganLine }: Extract<State, { in: 'card' }>,
    events: AnswerEvent[],
  ): string {
    const progress = card.read(input, ended);
    if (progress.is === 'open') return this.#hold(progress.held);
    this.#leave(beganLine && progress.is === 'closed');
    if (progress.is === 'unclosed') this.#text(progress.body, events);
    return progress.rest;
  }

  #leave(beganLine: boolean): void {
    this.#state = { in: beganLine ? 'lineEnd' : 'text' };
  }

  #hold(input: string): '' {
    this.#held = input;
    return '';
  }

  #text(text: string, events: AnswerEvent[]): void {
    // Blank lines that parted the answer from mark-up in front of it would be its first lines now.
    const shown = this.#isMarked && !this.#hasSpoken ? text.replace(/^[\r\n]+/, '') : text;
    if (!shown) return;
    this.#hasSpoken = true;
    this.#fences.see(shown);
    push(events, { type: 'text', delta: shown });
  }
}

/** The characters of a complete opening without its line break; 0 when the input has none. */
function openingLength(input: string, opening: Opening, ended: boolean): number | 'undecided' {
  const { begin, rest } = opening;
  if (!input.startsWith(begin)) return !ended && begin.startsWith(input) ? 'undecided' : 0;
  const lines = input.slice(begin.length, begin.length + MAX_HEADER);
  const end = lines.indexOf('\n');
  const line = end < 0 ? lines : lines.slice(0, end);
  if (line.length === MAX_HEADER || !rest.test(line)) return 0;
  return end >= 0 || ended ? begin.length + line.length : 'undecided';
}

/** Adds an event, or lets the last one grow. */
function push(events: AnswerEvent[], event: AnswerEvent): void {
  if (!event.delta) return;
  const last = events.at(-1);
  if (last?.type !== event.type) events.push(event);
  else events[events.length - 1] = { ...last, delta: last.delta + event.delta };
}
