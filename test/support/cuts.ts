/** Texts in pieces, for what must not depend on how a stream is cut. */

/** `text` cut at each of `cuts`, which are taken modulo its length. */
export function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index]));
}

/** The pieces put together. */
export function whole(pieces: readonly string[]): string {
  return pieces.join('');
}
