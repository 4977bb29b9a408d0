/**
 * Text that clients change or move between turns without meaning another conversation. What is
 * noise is removed before anything sees it; what a model should know is set apart, so that it does
 * not break a continued session and still reaches the model when it is new.
 */
import type { Message, Part } from './messages';

/** Claude Code's first system line carries a hash that changes with every request. */
const BILLING_LINE = /^x-anthropic-billing-header:[^\n]*\n*/;

/** A note of the client to the model, which some clients re-create or move from turn to turn. */
const REMINDER_START = '<system-reminder>';
const REMINDER_END = '</system-reminder>';

/** The messages without lines that only concern the client's own vendor. */
export function withoutNoise(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(({ role, parts }) => role === 'system' && parts.some(isBilling))) {
    return messages;
  }
  return messages.flatMap((message): Message[] => {
    if (message.role !== 'system' || !message.parts.some(isBilling)) return [message];
    const parts = message.parts.flatMap(withoutBilling);
    return parts.length > 0 ? [{ ...message, parts }] : [];
  });
}

function isBilling(part: Part): boolean {
  return part.type === 'text' && BILLING_LINE.test(part.text);
}

function withoutBilling(part: Part): Part[] {
  if (part.type !== 'text') return [part];
  const text = part.text.replace(BILLING_LINE, '');
  return text ? [{ ...part, text }] : [];
}

/** A user's text without its reminders; undefined when there was nothing else in it. */
export function withoutReminders(text: string): string | undefined {
  if (!text.includes(REMINDER_START)) return text;
  let rest = '';
  let read = 0;
  for (const { start, end } of remindersOf(text)) {
    rest += text.slice(read, start);
    read = end;
  }
  return read === 0 ? text : (rest + text.slice(read)).trim() || undefined;
}

/** The reminders in the users' messages, in order. */
export function remindersIn(messages: readonly Message[]): string[] {
  const found: string[] = [];
  for (const { role, parts } of messages) {
    if (role !== 'user') continue;
    for (const part of parts) {
      if (part.type !== 'text' || !part.text.includes(REMINDER_START)) continue;
      for (const { start, end } of remindersOf(part.text)) found.push(part.text.slice(start, end));
    }
  }
  return found;
}

/** Where the reminders stand in a text. One that is not closed is none, and ends the search. */
function* remindersOf(text: string): Generator<{ start: number; end: number }> {
  let read = 0;
  for (;;) {
    const start = text.indexOf(REMINDER_START, read);
    const close = start < 0 ? -1 : text.indexOf(REMINDER_END, start);
    if (close < 0) return;
    read = close + REMINDER_END.length;
    yield { start, end: read };
  }
}
