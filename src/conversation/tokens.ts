/** Token counts: by an encoding once it is loaded, by an estimate until then. */
import type { BytePairs } from './bytePairs';
import type { Message, Part } from './messages';
import { BYTES_PER_TOKEN, BytePairMeter, EstimateMeter, type TokenMeter } from './tokenMeter';

/** Role mark and separators of one message. */
const TOKENS_PER_MESSAGE = 4;
/**
 * A picture costs by its size in pixels, not in bytes: models take about one token for a square of
 * 28 × 28, and most pictures are scaled to about a million pixels.
 */
const TOKENS_PER_IMAGE = 1_300;

/**
 * Characters that one call counts one and all. Beyond them it counts samples of what it is given,
 * so that no call keeps the event loop busy: a thousand characters take about 0.1 ms.
 */
const EXACT_CHARACTERS = 16_384;
/** The samples stand at even distances; together they have `EXACT_CHARACTERS`. */
const SAMPLES = 32;
const SAMPLE_CHARACTERS = EXACT_CHARACTERS / SAMPLES;

/**
 * About four bytes of UTF-8 make a token: close for English and code, and, since a Chinese
 * character has three bytes, close for Chinese as well: within 15 % of the usual encodings on prose,
 * code, JSON and Chinese.
 */
function estimate(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** What counts; one for all who count in a gateway, because the vocabulary takes some megabytes. */
export class TokenCounter {
  readonly #load: () => Promise<BytePairs>;
  #encoding: BytePairs | undefined;
  #loading: Promise<void> | undefined;

  /** @param load Gets the encoding; called once, when `ready` is called first. When it fails, estimates it is. */
  constructor(load: () => Promise<BytePairs>) {
    this.#load = load;
  }

  /** Whether the encoding is there; until then every count is an estimate. */
  get loaded(): boolean {
    return this.#encoding !== undefined;
  }

  /** Loads the encoding on the first call. Resolves when it is there or cannot be had; never rejects. */
  ready(): Promise<void> {
    this.#loading ??= this.#load().then(
      (encoding) => {
        this.#encoding = encoding;
      },
      () => undefined,
    );
    return this.#loading;
  }

  /** Tokens of a text. Beyond 16 K characters from samples, within a few per cent. */
  text(text: string): number {
    return this.#sum([text]);
  }

  /** Tokens of messages and everything in them, pictures included; sampled as a whole, like a text. */
  messages(messages: readonly Message[]): number {
    const texts: string[] = [];
    let fixed = 0;
    const add = (part: Part): void => {
      switch (part.type) {
        case 'text':
          texts.push(part.text);
          return;
        case 'toolCall':
          texts.push(part.name, part.argumentsJson);
          return;
        case 'toolResult':
          part.parts.forEach(add);
          return;
        case 'image':
          fixed += TOKENS_PER_IMAGE;
          return;
        case 'audio':
          return;
      }
    };
    for (const message of messages) {
      fixed += TOKENS_PER_MESSAGE;
      message.parts.forEach(add);
    }
    return fixed + this.#sum(texts);
  }

  /** @param max Tokens after which the text is to end; no limit when left out. */
  meter(max = Infinity): TokenMeter {
    if (!this.#encoding) return new EstimateMeter(max);
    return new BytePairMeter(this.#encoding, (text) => this.text(text), max);
  }

  #sum(texts: readonly string[]): number {
    const encoding = this.#encoding;
    if (!encoding) return texts.reduce((sum, text) => sum + estimate(text), 0);
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    const count = (sum: number, text: string): number => sum + encoding.count(text);
    if (characters <= EXACT_CHARACTERS) return texts.reduce(count, 0);
    const sampled = samplesOf(texts, characters).reduce(count, 0);
    return Math.round((sampled * characters) / EXACT_CHARACTERS);
  }
}

/** Samples at even distances over all of the texts, from the very beginning to the very end. */
function samplesOf(texts: readonly string[], characters: number): string[] {
  const distance = (characters - SAMPLE_CHARACTERS) / (SAMPLES - 1);
  const parts: string[] = [];
  let taken = 0;
  /** Where the next part of a sample begins, and where the text at hand does, in all of the texts. */
  let from = 0;
  let textStart = 0;
  let missing = SAMPLE_CHARACTERS;
  for (const text of texts) {
    while (taken < SAMPLES && from < textStart + text.length) {
      const part = text.slice(from - textStart, from - textStart + missing);
      parts.push(part);
      from += part.length;
      missing -= part.length;
      if (missing > 0) continue;
      taken++;
      from = Math.floor(taken * distance);
      missing = SAMPLE_CHARACTERS;
    }
    textStart += text.length;
  }
  return parts;
}
