/**
 * Byte-pair encoding: splits a text as models do, into tokens of one to many bytes. It knows no
 * special tokens: what looks like one in a text is text. Whatever the text, the time it takes is
 * linear in its length, because no piece of it is longer than a bound.
 */
import { BoundedMap } from '../base/boundedMap';

/**
 * The pieces that are encoded each by itself: those of cl100k, the encoding that the vocabulary of
 * the Qwen models grew out of, with a bound on every run. Joining pairs takes time quadratic in the
 * length of a piece; longer runs are rare and cost at most one token more for each cut.
 */
const PIECE =
  /'(?:[sSdDmMtT]|[lL][lL]|[rR][eE]|[vV][eE])|[^\r\n\p{L}\p{N}]?\p{L}{1,64}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]{1,96}[\r\n]{0,32}|\s{1,128}$|\s{0,127}[\r\n]|\s{1,128}(?!\S)|\s/gu;

/** More characters than a piece can have, and what is looked at behind it. */
export const LONGEST_PIECE = 320;

const BEYOND_ASCII = /[^\0-\x7f]/;

/** Stands for the rank of what is no token. */
const NONE = 0x7fff_ffff;

/** Pieces of several tokens that are remembered. */
const REMEMBERED_PIECES = 8_192;

/** Ranks by the bytes of a token, one character (U+0000–U+00FF) for each byte. */
export type Ranks = ReadonlyMap<string, number>;

export class BytePairs {
  readonly #ranks: Ranks;
  /** Token counts of pieces that are no tokens themselves. */
  readonly #counts = new BoundedMap<string, number>(REMEMBERED_PIECES);

  constructor(ranks: Ranks) {
    this.#ranks = ranks;
  }

  /** Tokens of a text; a half of a surrogate pair counts as the replacement character. */
  count(text: string): number {
    let tokens = 0;
    for (const piece of piecesOf(text)) tokens += this.countPiece(piece);
    return tokens;
  }

  /** Tokens of a text that is one piece. */
  countPiece(piece: string): number {
    const bytes = toBytes(piece);
    if (this.#ranks.has(bytes)) return 1;
    const known = this.#counts.get(bytes);
    if (known !== undefined) return known;
    const count = this.tokenEnds(bytes).length;
    // A copy: a piece is a view of its text, and would keep all of that.
    this.#counts.set(Buffer.from(bytes, 'latin1').toString('latin1'), count);
    return count;
  }

  /** Where the tokens of a piece end, as offsets into its bytes. */
  tokenEnds(bytes: string): number[] {
    const ranks = this.#ranks;
    let parts = bytes.length;
    // Of each part: where it starts, and the rank of the token that it and the next one make.
    const starts = new Int32Array(parts + 1);
    const joined = new Int32Array(parts);
    const rankAt = (part: number): number =>
      part + 2 > parts ? NONE : (ranks.get(bytes.slice(starts[part], starts[part + 2])) ?? NONE);
    for (let part = 0; part <= parts; part++) starts[part] = part;
    for (let part = 0; part < parts; part++) joined[part] = rankAt(part);
    for (;;) {
      let lowest = NONE;
      let at = 0;
      for (let part = 0; part < parts; part++) {
        const rank = joined[part] ?? NONE;
        if (rank >= lowest) continue;
        lowest = rank;
        at = part;
      }
      if (lowest === NONE) return [...starts.subarray(1, parts + 1)];
      starts.copyWithin(at + 1, at + 2, parts + 1);
      joined.copyWithin(at + 1, at + 2, parts);
      parts--;
      joined[at] = rankAt(at);
      if (at > 0) joined[at - 1] = rankAt(at - 1);
    }
  }
}

/** A text in its pieces, which together are the text. */
export function piecesOf(text: string): readonly string[] {
  return text.match(PIECE) ?? [];
}

/** The bytes of a text in UTF-8, one character for each. */
export function toBytes(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text).toString('latin1') : text;
}
