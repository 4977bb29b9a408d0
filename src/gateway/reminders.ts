/** What a continued session still has to be told of its client's reminders. */
import type { Message } from '../conversation/messages';
import { remindersIn } from '../conversation/volatile';
import type { Lease } from '../session/cache';
import { digest } from '../session/chain';

/**
 * Reminders are left out of a session's head, because clients move and re-create them. Their
 * content must not get lost by that: those in messages the session already holds, which it has not
 * been told, go in front of the rest.
 */
export function untoldReminders(messages: readonly Message[], lease: Lease): Message[] {
  const told = lease.session?.reminders ?? new Set<string>();
  return remindersIn(messages.slice(0, lease.matched))
    .filter((text) => !told.has(digest(text)))
    .map((text) => ({ role: 'system', parts: [{ type: 'text', text }], path: 'messages' }));
}

/** Digests of the reminders in a request. */
export function reminderDigests(messages: readonly Message[]): ReadonlySet<string> {
  return new Set(remindersIn(messages).map(digest));
}
