/**
 * The client's own id of a conversation. It may be wrong, shared by side requests, or made up, so
 * it never finds a session; it tells a changed conversation from an unknown one, and that changed
 * reminders are still those of the same conversation.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isRecord } from '../base/json';
import type { ConversationHint } from '../conversation/messages';

const MAX_LENGTH = 256;

/** Headers real clients use, the most specific first. */
const HEADERS = [
  'x-claude-code-session-id',
  'x-session-id',
  'thread-id',
  'session-id',
  'session_id',
];

/** The first valid id among the known headers and body fields, or undefined. */
export function conversationHint(
  headers: IncomingHttpHeaders,
  body: unknown,
): ConversationHint | undefined {
  const fields = isRecord(body) ? body : {};
  const ids: unknown[] = [
    ...HEADERS.map((name) => headers[name]),
    fields['session_id'],
    sessionOfUser(fields['metadata']),
  ];
  const id = ids.find(isValid);
  if (id !== undefined) return { id, names: 'conversation' };
  const key = fields['prompt_cache_key'];
  return isValid(key) ? { id: key, names: 'cache' } : undefined;
}

/** Claude Code sends a JSON text with a `session_id` as `metadata.user_id`. */
function sessionOfUser(metadata: unknown): unknown {
  if (!isRecord(metadata) || typeof metadata['user_id'] !== 'string') return undefined;
  try {
    const user: unknown = JSON.parse(metadata['user_id']);
    return isRecord(user) ? user['session_id'] : undefined;
  } catch {
    return undefined;
  }
}

function isValid(id: unknown): id is string {
  return typeof id === 'string' && id.length > 0 && id.length <= MAX_LENGTH && !/\p{Cc}/u.test(id);
}
