/** What a session was told besides what its head covers: the client's reminders. */
import type { LookUp } from './lease';

type Told = Pick<LookUp, 'reminders' | 'conversation'>;

/**
 * Whether a session has been told nothing that the request does not say as well. The head does not
 * cover reminders, so chats that open alike in different projects share it; a session that was told
 * another project's notes is not this conversation. Reminders that have *changed* are only believed
 * where the client's own id says that it is the same conversation.
 */
export function knowsOnly(session: Told, { reminders, conversation }: Told): boolean {
  if (conversation !== undefined && conversation === session.conversation) return true;
  return leftOver(session.reminders, reminders) !== undefined;
}

/**
 * Positions in `said` that are left when `told` is taken out of it, in order; undefined when `told`
 * holds something, or holds it in an order, that `said` does not.
 */
export function leftOver(told: readonly string[], said: readonly string[]): number[] | undefined {
  const left: number[] = [];
  let matched = 0;
  for (const [at, one] of said.entries()) {
    if (one === told[matched]) matched++;
    else left.push(at);
  }
  return matched === told.length ? left : undefined;
}
