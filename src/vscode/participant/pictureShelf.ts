/** Pictures of earlier turns, kept in memory while the window lives, up to a number of bytes. */
import { imageIdentity } from '../../conversation/imageIdentity';
import type { Pictures } from './conversation';

/** Characters of base64 that are kept; those used longest ago go first. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

export class PictureShelf implements Pictures {
  readonly #max: number;
  /** In order of use. */
  readonly #urls = new Map<string, string>();
  #characters = 0;

  constructor(max = MAX_CHARACTERS) {
    this.#max = max;
  }

  /** Keeps the picture at this `data:` URI and returns the name it is found by. */
  put(url: string): string {
    const name = imageIdentity(url);
    if (this.get(name) !== undefined) return name;
    this.#urls.set(name, url);
    this.#characters += url.length;
    for (const [oldest, { length }] of this.#urls) {
      if (this.#characters <= this.#max || oldest === name) break;
      this.#urls.delete(oldest);
      this.#characters -= length;
    }
    return name;
  }

  get(name: string): string | undefined {
    const url = this.#urls.get(name);
    if (url === undefined) return undefined;
    this.#urls.delete(name);
    this.#urls.set(name, url);
    return url;
  }
}
