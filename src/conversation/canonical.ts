/**
 * The canonical form: two messages with the same canonical text are the same message, however
 * their client spelled them (session-reuse §3). It is what session identity is computed from, so
 * a rule here must never make messages equal that a model would read differently.
 */
import type { ContentPart, Message, Part, ToolResultPart } from './messages';
import { withoutReminders } from './volatile';

/** Decimal digits that every double keeps. */
const EXACT_DIGITS = 15;

/**
 * An unambiguous text for one message. Fields carry their length, so that no content can imitate
 * the boundary between two fields.
 */
export function canonicalMessage(message: Message): string {
  const fields: string[] = [message.role];
  const parts = message.role === 'user' ? message.parts.flatMap(unreminded) : message.parts;
  for (const part of mergeText(parts)) {
    if (part.type === 'text') {
      const text = message.role === 'assistant' ? canonicalAnswer(part.text) : part.text;
      if (text) fields.push('text', text);
    } else {
      pushPart(fields, part);
    }
  }
  return fields.map((field) => `${field.length}:${field}`).join('');
}

/** Clients trim answers and rewrite their line endings; neither makes another conversation. */
export function canonicalAnswer(text: string): string {
  return text.replaceAll('\r\n', '\n').trim();
}

/** Adjacent text parts as one, joined as the prompt renders them: a string equals its one part. */
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

/** Reminders move between messages; a session is told of new ones when it is continued. */
function unreminded(part: Part): Part[] {
  if (part.type !== 'text') return [part];
  const text = withoutReminders(part.text);
  return text === undefined ? [] : [{ ...part, text }];
}

function pushPart(fields: string[], part: Part): void {
  switch (part.type) {
    case 'text':
      fields.push('text', part.text);
      return;
    case 'image':
      fields.push('image', part.url);
      return;
    case 'audio':
      fields.push('audio', part.format, part.data);
      return;
    case 'toolCall':
      fields.push('call', part.name, canonicalArguments(part.argumentsJson));
      return;
    case 'toolResult':
      pushResult(fields, part);
      return;
  }
}

/** A result without text is the same as one with an empty text: neither shows anything. */
function pushResult(fields: string[], { name, callIndex, parts }: ToolResultPart): void {
  const inner = mergeText<ContentPart>(parts).filter((part) => part.type !== 'text' || part.text);
  fields.push('result', name, String(callIndex), String(inner.length));
  for (const part of inner) pushPart(fields, part);
}

/** Arguments compared as JSON values: key order and number spelling do not matter. */
function canonicalArguments(json: string): string {
  try {
    const value = sortKeys(JSON.parse(json));
    return hasInexactNumber(json) ? json : JSON.stringify(value);
  } catch {
    return json;
  }
}

/** Ids may be longer than a double is exact; two of them must not become equal by rounding. */
function hasInexactNumber(json: string): boolean {
  const outsideStrings = json.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return (outsideStrings.match(/-?\d[\d.eE+-]*/g) ?? []).some((number) => {
    const digits = number
      .replace(/[eE].*$/, '')
      .replace(/\D/g, '')
      .replace(/^0+/, '');
    return digits.length > EXACT_DIGITS || !Number.isFinite(Number(number));
  });
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => [key, sortKeys(member)]),
  );
}
