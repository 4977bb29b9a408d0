/** What a continued session still has to be told of its client's reminders. */
import type { Message } from '../conversation/messages';
import { remindersIn } from '../conversation/volatile';
import type { Lease } from '../session/cache';
import { digest } from '../session/chain';

export interface Reminders {
  /** Changed in messages the session already holds, so that no message would bring them. */
  readonly untold: readonly Message[];
  /** Digests of all that the session knows after the turn. */
  readonly told: ReadonlySet<string>;
}

/**
 * Reminders are left out of a session's head, because clients move and re-create them. Their
 * content must not get lost by that: what the session has not been told goes in front of the rest.
 */
export function remindersFor(messages: readonly Message[], lease: Lease): Reminders {
  const known = lease.session?.reminders ?? new Set<string>();
  const held = remindersIn(messages.slice(0, lease.matched));
  const untold = held
    .filter((text) => !known.has(digest(text)))
    .map((text): Message => ({
      role: 'system',
      parts: [{ type: 'text', text }],
      path: 'messages',
    }));
  return { untold, told: new Set([...known, ...remindersIn(messages).map(digest)]) };
}
