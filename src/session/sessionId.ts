/** Names of our own for sessions: they say nothing of the conversation, nor of the process. */
import { randomInt } from 'node:crypto';

/** Nearly 48 bits, the most that `randomInt` gives, in base 36. */
const IDS = 2 ** 48 - 1;
const LENGTH = 10;

/** A random id of 10 characters `0-9a-z`. */
export function createSessionId(): string {
  return randomInt(IDS).toString(36).padStart(LENGTH, '0');
}
