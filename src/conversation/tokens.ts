/** Token estimates, for processes that report no counts. */
import type { Message, Part } from './messages';

/**
 * About four bytes of UTF-8 make a token: close for English and code, and, since a Chinese
 * character has three bytes, close for Chinese as well: within 15 % of cl100k and o200k on prose, code,
 * JSON and Chinese. Those two are further apart on Chinese, and neither is the model's own; a
 * tokenizer would cost megabytes, and with every turn more than everything else the gateway does.
 */
const BYTES_PER_TOKEN = 4;
/** Role mark and separators of one message. */
const TOKENS_PER_MESSAGE = 4;
/**
 * A picture costs by its size in pixels, not in bytes: models take about one token for a square of
 * 28 × 28, and most pictures are scaled to about a million pixels.
 */
const TOKENS_PER_IMAGE = 1_300;

export function estimateTextTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** Counts a text that comes in pieces, and ends it where its tokens are used up. */
export class TokenMeter {
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param max Tokens the text may have; no limit when left out. */
  constructor(max = Infinity) {
    this.#maxBytes = max * BYTES_PER_TOKEN;
  }

  get tokens(): number {
    return Math.ceil(this.#bytes / BYTES_PER_TOKEN);
  }

  /** The beginning of `text` that still fits, which is counted; never half a character. */
  take(text: string): string {
    const room = this.#maxBytes - this.#bytes;
    const bytes = Buffer.byteLength(text);
    if (bytes <= room) {
      this.#bytes += bytes;
      return text;
    }
    const fits = wholeCharacters(Buffer.from(text), room);
    this.#bytes += fits.length;
    return fits.toString();
  }
}

/** The first characters that `room` bytes hold. */
function wholeCharacters(utf8: Buffer, room: number): Buffer {
  let end = room;
  // A byte 10xxxxxx continues the character before it.
  while (end > 0 && ((utf8[end] ?? 0) & 0xc0) === 0x80) end--;
  return utf8.subarray(0, end);
}

export function estimateTokens(messages: readonly Message[]): number {
  return messages.reduce(
    (sum, message) =>
      sum + TOKENS_PER_MESSAGE + message.parts.reduce((of, part) => of + partTokens(part), 0),
    0,
  );
}

function partTokens(part: Part): number {
  switch (part.type) {
    case 'text':
      return estimateTextTokens(part.text);
    case 'toolCall':
      return estimateTextTokens(part.name) + estimateTextTokens(part.argumentsJson);
    case 'toolResult':
      return part.parts.reduce((sum, inner) => sum + partTokens(inner), 0);
    case 'image':
      return TOKENS_PER_IMAGE;
    case 'audio':
      return 0;
  }
}
