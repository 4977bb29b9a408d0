/**
 * One SHA-256 over a conversation as it grows: the digest so far is the head of that prefix. Texts
 * go through a scratch buffer in the encoding their characters already have, so that hashing a
 * conversation costs less than having parsed it.
 */
import { createHash, type Hash } from 'node:crypto';
import { type CanonicalSink, type Mark, writeCanonical } from '../conversation/canonical';
import type { Message } from '../conversation/messages';

/** A SHA-256 digest in base64url, 43 characters. */
export type Head = string;

/** Shared by all: it is filled and emptied within one synchronous call. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** Frames of a text: how it is encoded, and then how many bytes follow. No mark has these values. */
const NARROW = 0xfe;
const WIDE = 0xff;
const COUNT_BYTES = 4;
const FRAME_BYTES = 1 + COUNT_BYTES;
/** Characters up to which a text is copied one by one. */
const SHORT = 64;
const BEYOND_ONE_BYTE = /[^\0-\xff]/;

export class TranscriptHash {
  readonly #hash: Hash;
  #bytes: number;

  private constructor(hash: Hash, bytes: number) {
    this.#hash = hash;
    this.#bytes = bytes;
  }

  /** Bytes of the messages so far: one a character, or two in texts beyond Latin-1. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The hash of an empty conversation within `scope` (API key, model, tools, …). */
  static start(scope: string): TranscriptHash {
    const hash = createHash('sha256');
    const writer = new Writer(hash);
    writer.text(scope);
    writer.flush();
    return new TranscriptHash(hash, 0);
  }

  /** Adds the messages from index `from` up to, not including, `to`. */
  add(messages: readonly Message[], from = 0, to = messages.length): void {
    const writer = new Writer(this.#hash);
    for (let index = from; index < to; index++) {
      const message = messages[index];
      if (message) writeCanonical(message, writer);
    }
    writer.flush();
    this.#bytes += writer.bytes;
  }

  /** The head of everything added so far; more may be added afterwards. */
  head(): Head {
    return this.#hash.copy().digest('base64url');
  }

  /** The head after `messages` as well, which are not added. */
  headWith(messages: readonly Message[]): Head {
    const hash = this.#hash.copy();
    const writer = new Writer(hash);
    for (const message of messages) writeCanonical(message, writer);
    writer.flush();
    return hash.digest('base64url');
  }
}

class Writer implements CanonicalSink {
  readonly #hash: Hash;
  #length = 0;
  #flushed = 0;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  mark(mark: Mark): void {
    this.#reserve(1);
    scratch[this.#length++] = mark;
  }

  count(count: number): void {
    this.#reserve(COUNT_BYTES);
    this.#uint32(count);
  }

  text(text: string): void {
    if (text.length <= SHORT && this.#shortText(text)) return;
    const wide = BEYOND_ONE_BYTE.test(text);
    const bytes = wide ? 2 * text.length : text.length;
    this.#reserve(FRAME_BYTES + bytes);
    this.#frame(wide ? WIDE : NARROW, bytes);
    if (bytes > scratch.length - this.#length) {
      this.flush();
      this.#hash.update(text, wide ? 'utf16le' : 'latin1');
      this.#flushed += bytes;
    } else {
      this.#length += scratch.write(text, this.#length, wide ? 'utf16le' : 'latin1');
    }
  }

  flush(): void {
    if (this.#length > 0) this.#hash.update(scratch.subarray(0, this.#length));
    this.#flushed += this.#length;
    this.#length = 0;
  }

  /** What has been flushed. */
  get bytes(): number {
    return this.#flushed;
  }

  /** Makes room for `bytes`, or for as many as fit at all. */
  #reserve(bytes: number): void {
    if (this.#length + bytes > scratch.length) this.flush();
  }

  /** A call into native code costs more than to copy a few characters; false = does not fit. */
  #shortText(text: string): boolean {
    const { length } = text;
    this.#reserve(FRAME_BYTES + length);
    let at = this.#length + FRAME_BYTES;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0xff) return false;
      scratch[at++] = code;
    }
    this.#frame(NARROW, length);
    this.#length = at;
    return true;
  }

  #frame(kind: number, bytes: number): void {
    scratch[this.#length++] = kind;
    this.#uint32(bytes);
  }

  #uint32(value: number): void {
    scratch[this.#length++] = value;
    scratch[this.#length++] = value >>> 8;
    scratch[this.#length++] = value >>> 16;
    scratch[this.#length++] = value >>> 24;
  }
}
