/** The canonical form and the heads of a conversation, in a shape that tests can compare. */
import { type CanonicalSink, writeCanonical } from '../../src/conversation/canonical';
import type { Message } from '../../src/conversation/messages';
import { type Head, TranscriptHash } from '../../src/session/transcriptHash';

/** Everything the canonical form of a message consists of, as one unambiguous text. */
export function canonicalMessage(message: Message): string {
  const pieces: unknown[] = [];
  const sink: CanonicalSink = {
    mark: (mark) => pieces.push({ mark }),
    count: (count) => pieces.push(count),
    text: (text) => pieces.push(text),
  };
  writeCanonical(message, sink);
  return JSON.stringify(pieces);
}

/** Heads of every prefix: `result[i]` is the head after the first `i` messages. */
export function headsOf(scope: string, messages: readonly Message[]): Head[] {
  const hash = TranscriptHash.start(scope);
  return [
    hash.head(),
    ...messages.map((message) => {
      hash.add([message]);
      return hash.head();
    }),
  ];
}
