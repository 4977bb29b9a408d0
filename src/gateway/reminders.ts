/**
 * What a continued session has to be told of its client's reminders. They are left out of a
 * session's head, because clients move and re-create them; their content must not get lost by that,
 * and what the client has taken back must not stay in force.
 */
import type { Message } from '../conversation/messages';
import { remindersIn } from '../conversation/volatile';
import type { Lease } from '../session/lease';
import { leftOver } from '../session/told';
import { digest } from '../session/chain';

/** Digests of the reminders in a request, in order. */
export function reminderDigests(messages: readonly Message[]): readonly string[] {
  return remindersIn(messages).map(digest);
}

/**
 * The message to put in front of the new ones; undefined when the session knows all that the
 * request says in what it already holds.
 * @param all Digests of the reminders in all of `messages`.
 */
export function reminderUpdate(
  messages: readonly Message[],
  all: readonly string[],
  lease: Lease,
): Message | undefined {
  if (!lease.session || (all.length === 0 && lease.session.reminders.length === 0)) {
    return undefined;
  }
  const held = remindersIn(messages.slice(0, lease.matched));
  const untold = leftOver(lease.session.reminders, all);
  if (untold) return saying(untold.filter((at) => at < held.length).map((at) => held[at] ?? ''));
  // The client has changed or removed some. What the session was told cannot be unsaid, so the
  // state as it is now takes its place.
  const now = all.length > 0 ? '; what follows replaces them' : '';
  return saying([`(The earlier system reminders no longer apply${now}.)`, ...held]);
}

/** In the user's name, as the reminders were: moving one must not give it more weight. */
function saying(texts: readonly string[]): Message | undefined {
  if (texts.length === 0) return undefined;
  return { role: 'user', parts: [{ type: 'text', text: texts.join('\n') }], path: 'messages' };
}
