/** Counts the tokens of a text that comes in pieces, and ends it where they are used up. */
import { type BytePairs, LONGEST_PIECE, piecesOf, toBytes } from './bytePairs';

/** About four bytes of UTF-8 make a token; see `tokens.ts`. */
export const BYTES_PER_TOKEN = 4;

/** Characters that are looked at again with every delta before they are counted for good. */
const SETTLE_AFTER = 2_048;
/** Characters of one delta up to which they are counted one and all. */
const EXACT_CHARACTERS = 64 * 1024;

/**
 * A running count. However the text is split into deltas, the same beginning of it is shown, but
 * for deltas of more than 64 K characters, which are sampled while the limit is far.
 */
export interface TokenMeter {
  /** Tokens of what has been taken so far. */
  readonly tokens: number;
  /** True once the text did not fit; nothing is shown of what comes then. */
  readonly full: boolean;
  /** Takes a delta. Gives what can be shown by now; the rest is held until it is known to fit. */
  push(delta: string): string;
  /** What was held: the next delta belongs to another text. Never half a character. */
  end(): string;
  /** Takes a text of its own as a whole, or, when it does not fit, nothing of it (false). */
  whole(text: string): boolean;
}

/** Counts four bytes as a token. */
export class EstimateMeter implements TokenMeter {
  readonly #maxBytes: number;
  #bytes = 0;
  #full = false;

  /** @param max Tokens the text may have. */
  constructor(max: number) {
    this.#maxBytes = max * BYTES_PER_TOKEN;
  }

  get tokens(): number {
    return Math.ceil(this.#bytes / BYTES_PER_TOKEN);
  }

  get full(): boolean {
    return this.#full;
  }

  push(delta: string): string {
    if (this.#full) return '';
    if (this.whole(delta)) return delta;
    const fits = delta.slice(0, charactersIn(delta, this.#maxBytes - this.#bytes));
    this.#bytes += Buffer.byteLength(fits);
    return fits;
  }

  end(): string {
    return '';
  }

  whole(text: string): boolean {
    const bytes = Buffer.byteLength(text);
    this.#full ||= this.#bytes + bytes > this.#maxBytes;
    if (!this.#full) this.#bytes += bytes;
    return !this.#full;
  }
}

/**
 * Counts the tokens of an encoding. Far from the limit everything is shown at once; near it a text
 * is held until the piece it belongs to is complete, because its tokens are not known before.
 */
export class BytePairMeter implements TokenMeter {
  readonly #encoding: BytePairs;
  readonly #max: number;
  /** Counts a long text in bounded time. */
  readonly #sampled: (text: string) => number;
  /** Tokens of what no further text can change. */
  #settled = 0;
  /** What comes behind that, … */
  #pending = '';
  /** … of which so many characters have been shown. */
  #shown = 0;
  #full = false;

  /** @param max Tokens the text may have. */
  constructor(encoding: BytePairs, sampled: (text: string) => number, max: number) {
    this.#encoding = encoding;
    this.#sampled = sampled;
    this.#max = max;
  }

  get tokens(): number {
    return this.#settled + (this.#pending ? this.#encoding.count(this.#pending) : 0);
  }

  get full(): boolean {
    return this.#full;
  }

  push(delta: string): string {
    if (this.#full) return '';
    this.#pending += delta;
    if (this.#fitsAnyhow()) {
      const shown = this.#show(this.#pending.length);
      if (this.#pending.length > EXACT_CHARACTERS) this.#settleSampled();
      else if (this.#pending.length > SETTLE_AFTER) this.#settle();
      return shown;
    }
    const settled = this.#settle();
    return this.#fitsAnyhow() ? settled + this.#show(this.#pending.length) : settled;
  }

  end(): string {
    return this.#settle(true);
  }

  whole(text: string): boolean {
    if (this.#full) return false;
    this.#settled = this.tokens;
    this.#drop(this.#pending.length);
    const tokens = this.#count(text);
    this.#full = this.#settled + tokens > this.#max;
    if (!this.#full) this.#settled += tokens;
    return !this.#full;
  }

  /** No token has less than one byte, so that this many fit, whatever comes behind them. */
  #fitsAnyhow(): boolean {
    if (this.#full) return false;
    return this.#max === Infinity || this.#settled + Buffer.byteLength(this.#pending) <= this.#max;
  }

  /** Counts the complete pieces for good, or all of them; gives what had not been shown of those. */
  #settle(all = false): string {
    const text = this.#pending;
    const spaced = all ? text.length : lastWordStart(text);
    let at = 0;
    for (const piece of piecesOf(text)) {
      // What a piece is depends on no more than its longest possible length.
      if (at + piece.length > spaced && at > text.length - LONGEST_PIECE) break;
      const tokens = this.#encoding.countPiece(piece);
      if (this.#settled + tokens > this.#max) {
        at += this.#fitting(piece);
        this.#full = true;
        break;
      }
      this.#settled += tokens;
      at += piece.length;
    }
    const shown = this.#show(at);
    this.#drop(this.#full ? text.length : at);
    return shown;
  }

  /** Characters of a piece that the tokens left are enough for, which are counted. */
  #fitting(piece: string): number {
    const left = this.#max - this.#settled;
    this.#settled = this.#max;
    return charactersIn(piece, this.#encoding.tokenEnds(toBytes(piece))[left - 1] ?? 0);
  }

  #settleSampled(): void {
    this.#settled += this.#count(this.#pending);
    this.#drop(this.#pending.length);
  }

  #count(text: string): number {
    return text.length > EXACT_CHARACTERS ? this.#sampled(text) : this.#encoding.count(text);
  }

  #show(upTo: number): string {
    const shown = this.#pending.slice(this.#shown, upTo);
    this.#shown = Math.max(this.#shown, upTo);
    return shown;
  }

  #drop(upTo: number): void {
    this.#pending = this.#pending.slice(upTo);
    this.#shown = Math.max(0, this.#shown - upTo);
  }
}

/** Where the last word starts, with the space before it: no piece reaches across that place. */
function lastWordStart(text: string): number {
  for (let at = text.length - 1; at > 0; at--) {
    if (isSpace(text.charCodeAt(at)) && !/\s/.test(text.charAt(at - 1))) return at;
  }
  return 0;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** How many UTF-16 units of a text its first `bytes` in UTF-8 hold, whole characters only. */
function charactersIn(text: string, bytes: number): number {
  const utf8 = Buffer.from(text);
  let end = Math.max(0, bytes);
  // A byte 10xxxxxx continues the character before it.
  while (end > 0 && ((utf8[end] ?? 0) & 0xc0) === 0x80) end--;
  return utf8.subarray(0, end).toString().length;
}
