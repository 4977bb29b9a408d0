/** What is captured of a turn, as text: secrets and the bytes of pictures never get into it. */
import type { TurnEvent } from '../conversation/events';
import type { Message, Part, TurnRequest } from '../conversation/messages';
import type { Redactor } from '../observe/redact';

/** Bytes of UTF-8 that are kept of what was asked, and again of what was answered. */
export const MAX_TEXT_BYTES = 64 * 1024;
/** Of the list of tools, in characters. */
const MAX_TOOLS = 2_000;
/**
 * Characters behind a cut that are looked at as well and then left out: a secret that the cut goes
 * through has lost what it is recognised by.
 */
const MARGIN = 4_096;

/** A text that was cut where it became too long. */
export interface CutText {
  readonly text: string;
  readonly cut: boolean;
}

/**
 * The conversation as the model is to read it: roles, texts, calls and results, and the names of the
 * tools. Of a long one the newest messages.
 *
 * @param redactor Takes secrets out; of each message by itself, because one that seems to be left
 *   open would take along all that follows.
 */
export function textOfRequest(
  { messages, tools }: Pick<TurnRequest, 'messages' | 'tools'>,
  redactor: Redactor,
): CutText {
  const offered = tools.length > 0 ? `[tools] ${tools.map(({ name }) => name).join(', ')}` : '';
  const head = safeText(offered, MAX_TOOLS, redactor);
  const blocks: string[] = [];
  let room = MAX_TEXT_BYTES - Buffer.byteLength(head.text);
  let { cut } = head;
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index];
    if (!message) continue;
    // What stands between two blocks counts as well.
    room -= SEPARATOR.length;
    if (room <= 0) {
      cut = true;
      break;
    }
    const block = safeText(textOfMessage(message), room, redactor);
    room -= Buffer.byteLength(block.text);
    cut ||= block.cut;
    blocks.push(block.text);
  }
  return { text: [...(head.text ? [head.text] : []), ...blocks.reverse()].join(SEPARATOR), cut };
}

const SEPARATOR = '\n\n';

function textOfMessage({ role, parts }: Message): string {
  return [`[${role}]`, ...parts.map(textOfPart)].join('\n');
}

function textOfPart(part: Part): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
      return nameImage(part.url);
    case 'audio':
      return `[audio ${kilobytes(part.data.length)} ${part.format}]`;
    case 'toolCall':
      return `[call ${part.name}] ${part.argumentsJson}`;
    case 'toolResult': {
      const what = part.isError ? 'failed' : 'result';
      return [`[${what} of ${part.name || 'an unknown call'}]`, ...part.parts.map(textOfPart)].join(
        '\n',
      );
    }
  }
}

/** Its place, size and type. Of a remote one the host alone: its address may hold a signature. */
function nameImage(url: string): string {
  const data = /^data:([^;,]{0,100})[^,]{0,200},/i.exec(url);
  if (data) return `[image ${kilobytes(url.length - data[0].length)} ${data[1] ?? ''}]`;
  return `[image from ${/^https?:\/\/(?:[^/?#@]*@)?([^/?#]{0,100})/i.exec(url)?.[1] ?? 'elsewhere'}]`;
}

/** The size of what so many characters of base64 hold. */
function kilobytes(characters: number): string {
  return `${Math.max(1, Math.round((characters * 3) / 4 / 1024))} KB`;
}

/** Collects an answer as it comes. Nothing of it can be read before its end: a piece hides a secret. */
export class AnswerText {
  #text = '';
  #cut = false;
  #kind: TurnEvent['type'] = 'text';

  /** Adds what an event says; returns the bytes that this holds more. */
  add(event: TurnEvent): number {
    const said = textOfEvent(event);
    if (said === '') return 0;
    const joint =
      event.type === this.#kind && event.type !== 'toolCall' ? '' : this.#heading(event.type);
    this.#kind = event.type;
    const room = MAX_TEXT_BYTES + MARGIN - this.#text.length;
    const whole = joint + said;
    this.#cut ||= whole.length > room;
    const taken = whole.slice(0, Math.max(0, room));
    this.#text += taken;
    return Buffer.byteLength(taken);
  }

  /**
   * The answer without its secrets; undefined when nothing was said.
   *
   * @param whole False when it broke off, perhaps in the middle of one.
   */
  finish(redactor: Redactor, whole: boolean): CutText | undefined {
    if (this.#text === '') return undefined;
    const said = whole ? this.#text : withoutLooseEnd(this.#text, redactor.known);
    const { text, cut } = safeText(said, MAX_TEXT_BYTES, redactor);
    return { text, cut: cut || this.#cut };
  }

  #heading(type: TurnEvent['type']): string {
    const heading = type === 'reasoning' ? '[reasoning]\n' : type === 'text' ? '[answer]\n' : '';
    return this.#text === '' ? heading : `${SEPARATOR}${heading}`;
  }
}

function textOfEvent(event: TurnEvent): string {
  switch (event.type) {
    case 'text':
    case 'reasoning':
      return event.delta;
    case 'toolCall':
      return `[call ${event.name}] ${event.argumentsJson}`;
    case 'start':
    case 'end':
      return '';
  }
}

/** Without a last word that is not known to be whole, and without the beginning of a secret. */
function withoutLooseEnd(text: string, secrets: readonly string[]): string {
  let end = /\S*$/.exec(text.slice(-MARGIN))?.[0].length ?? 0;
  for (const secret of secrets) {
    for (let length = Math.min(secret.length, text.length); length > end; length--) {
      if (text.endsWith(secret.slice(0, length))) end = length;
    }
  }
  return text.slice(0, text.length - end);
}

/** Pictures also come inside of texts, such as results of tools. */
const DATA_URI =
  /data:([\w.+-]{1,40}\/[\w.+-]{1,60})(?:;[\w=-]{1,60}){0,4};base64,[A-Za-z0-9+/=_-]+/g;

/** The text without its secrets, in at most so many bytes. */
function safeText(whole: string, maxBytes: number, redactor: Redactor): CutText {
  const looksAt = maxBytes + MARGIN;
  const tooLong = whole.length > looksAt;
  const safe = redactor.redact(
    (tooLong ? whole.slice(0, looksAt) : whole).replace(
      DATA_URI,
      (uri, type: string) => `[${kilobytes(uri.length)} ${type}]`,
    ),
  );
  const sure = tooLong ? safe.slice(0, Math.max(0, safe.length - MARGIN)) : safe;
  // Copied, because a part of a string keeps the whole of it in memory.
  const text = firstBytes(tooLong ? Buffer.from(sure).toString() : sure, maxBytes);
  return { text, cut: tooLong || text.length < sure.length };
}

/** The first characters that so many bytes hold, none of them halved. */
function firstBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const utf8 = Buffer.from(text);
  if (utf8.length <= maxBytes) return text;
  let end = maxBytes;
  // A byte 10xxxxxx continues the character before it.
  while (end > 0 && ((utf8[end] ?? 0) & 0xc0) === 0x80) end--;
  return utf8.toString('utf8', 0, end);
}
