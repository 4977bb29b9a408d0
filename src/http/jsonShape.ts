/**
 * What a JSON text would be once it is parsed, told from its bytes. Parsing cannot be interrupted,
 * and 32 MiB of `[],[],…` are ten million objects: a gigabyte, and seconds in which nobody is served.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Bytes of a string that are looked at one by one; a native search is quicker in a longer one. */
const NEAR = 32;

export interface ShapeLimits {
  /** Levels of objects and lists. */
  readonly depth: number;
  /** Members of all objects and lists; each counts, and so does each object and list itself. */
  readonly values: number;
}

/**
 * Which of the limits the text exceeds, if any. It is read once, up to that place; what is no JSON
 * has a shape, too.
 */
export function excessOf(bytes: Buffer, limits: ShapeLimits): keyof ShapeLimits | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at + 1);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth++;
        values++;
        if (depth > limits.depth) return 'depth';
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
        values++;
        break;
      default:
        break;
    }
    if (values > limits.values) return 'values';
  }
  return undefined;
}

/** Where the quote is that ends the string; beyond the text when none does. */
function endOfString(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    for (const near = Math.min(at + NEAR, bytes.length); at < near; at++) {
      if (bytes[at] === QUOTE) return at;
      if (bytes[at] === BACKSLASH) at++;
    }
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0) return bytes.length;
    let slashes = 0;
    while (quote - slashes > at && bytes[quote - slashes - 1] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
}
