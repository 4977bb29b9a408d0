/**
 * The hash chain of a conversation: one digest after each message, each covering everything before
 * it. Equal heads mean equal conversations under the canonical form, so the cache compares
 * transcripts without keeping any text.
 */
import { hash } from 'node:crypto';
import { canonicalMessage } from '../conversation/canonical';
import type { Message } from '../conversation/messages';

/** A SHA-256 digest in base64url, 43 characters. */
export type Head = string;

/** The head of an empty conversation within `scope` (API key, model, tools, …). */
export function chainStart(scope: string): Head {
  return digest(scope);
}

/** The head after one more message. */
export function chainExtend(head: Head, message: Message): Head {
  return digest(head + canonicalMessage(message));
}

/** Heads of every prefix: `result[i]` is the head after the first `i` messages. */
export function chainHeads(scope: string, messages: readonly Message[]): Head[] {
  let head = chainStart(scope);
  const heads = [head];
  for (const message of messages) {
    head = chainExtend(head, message);
    heads.push(head);
  }
  return heads;
}

/**
 * Where a conversation may be continued: lengths of the prefixes that end with an answer and leave
 * something to send, longest first (session-reuse §3.7).
 */
export function continuationPoints(messages: readonly Message[]): number[] {
  const points: number[] = [];
  for (let length = messages.length - 1; length > 0; length--) {
    if (messages[length - 1]?.role === 'assistant') points.push(length);
  }
  return points;
}

/** A digest of any text; equal digests mean equal texts. */
export function digest(text: string): Head {
  return hash('sha256', text, 'base64url');
}
