/** Names of our own for sessions: they say nothing of the conversation, nor of the process. */
import { randomBytes } from 'node:crypto';

/** 48 bits in base 36. */
const LENGTH = 10;

/** A random id of 10 characters `0-9a-z`. */
export function createSessionId(): string {
  return randomBytes(6).readUIntBE(0, 6).toString(36).padStart(LENGTH, '0');
}
