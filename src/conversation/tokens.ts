/** Token estimates, for processes that report no counts. */
import type { Message, Part } from './messages';

/**
 * About four bytes of UTF-8 make a token: close for English and code, and, since a Chinese
 * character has three bytes, close for Chinese as well. No tokenizer needs to be loaded for it.
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
