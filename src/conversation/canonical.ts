/**
 * The canonical form: two messages with the same canonical form are the same message, however
 * their client spelled them (session-reuse §3). It is what session identity is computed from, so
 * a rule here must never make messages equal that a model would read differently.
 */
import { canonicalArguments } from './canonicalArguments';
import { imageIdentity } from './imageIdentity';
import type { ContentPart, Message, Part, Role, ToolResultPart } from './messages';
import { withoutReminders } from './volatile';

/**
 * What stands between the texts of a canonical form. Every mark is followed by what its
 * kind consists of, so that such a sequence can be read in one way only.
 */
export const Mark = {
  system: 1,
  user: 2,
  assistant: 3,
  tool: 4,
  text: 5,
  image: 6,
  audio: 7,
  call: 8,
  result: 9,
  failed: 10,
} as const satisfies Readonly<Record<Role, number>> & Readonly<Record<string, number>>;
export type Mark = (typeof Mark)[keyof typeof Mark];

/** Takes a canonical form piece by piece, so that nobody has to hold it as a whole. */
export interface CanonicalSink {
  mark(mark: Mark): void;
  /** A whole number from 0. */
  count(count: number): void;
  text(text: string): void;
}

/** Writes the canonical form of one message. */
export function writeCanonical(message: Message, sink: CanonicalSink): void {
  if (onlyReminds(message)) return;
  const { role, parts } = message;
  sink.mark(Mark[role]);
  // Adjacent texts count as one, joined as the prompt renders them: a string equals its one part.
  let said: string | undefined;
  for (const part of parts) {
    if (part.type === 'text') {
      // Reminders move between messages; a session is told of new ones when it is continued.
      const text = role === 'user' ? withoutReminders(part.text) : part.text;
      if (text !== undefined) said = said === undefined ? text : `${said}\n${text}`;
    } else {
      writeText(said, role, sink);
      said = undefined;
      writePart(part, sink);
    }
  }
  writeText(said, role, sink);
}

/** Clients give reminders messages of their own, or none: such a message is as good as not there. */
function onlyReminds({ role, parts }: Message): boolean {
  return (
    role === 'user' &&
    parts.length > 0 &&
    parts.every((part) => part.type === 'text' && withoutReminders(part.text) === undefined)
  );
}

/** Clients trim answers and rewrite their line endings; neither makes another conversation. */
export function canonicalAnswer(text: string): string {
  return (text.includes('\r') ? text.replaceAll('\r\n', '\n') : text).trim();
}

/** Adjacent text parts as one, joined by a line break. */
export function mergeText<P extends Part>(parts: readonly P[]): P[] {
  const merged: P[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (part.type === 'text' && last?.type === 'text') {
      merged[merged.length - 1] = { ...last, text: `${last.text}\n${part.text}` };
    } else {
      merged.push(part);
    }
  }
  return merged;
}

/** An empty text shows nothing, so it is no text. */
function writeText(said: string | undefined, role: Role, sink: CanonicalSink): void {
  if (said === undefined) return;
  const text = role === 'assistant' ? canonicalAnswer(said) : said;
  if (!text) return;
  sink.mark(Mark.text);
  sink.text(text);
}

function writePart(part: Part, sink: CanonicalSink): void {
  switch (part.type) {
    case 'text':
      sink.mark(Mark.text);
      sink.text(part.text);
      return;
    case 'image':
      sink.mark(Mark.image);
      sink.text(imageIdentity(part.url));
      return;
    case 'audio':
      sink.mark(Mark.audio);
      sink.text(part.format);
      sink.text(part.data);
      return;
    case 'toolCall':
      sink.mark(Mark.call);
      sink.text(part.name);
      sink.text(canonicalArguments(part.argumentsJson));
      return;
    case 'toolResult':
      writeResult(part, sink);
      return;
  }
}

function writeResult(part: ToolResultPart, sink: CanonicalSink): void {
  const { name, callIndex, isError, parts } = part;
  const inner = mergeText<ContentPart>(parts).filter((part) => part.type !== 'text' || part.text);
  // The model is told, so it reads another conversation.
  if (isError) sink.mark(Mark.failed);
  sink.mark(Mark.result);
  sink.text(name);
  sink.count(callIndex);
  sink.count(inner.length);
  for (const part of inner) writePart(part, sink);
}
