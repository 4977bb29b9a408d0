/** How deep JSON may nest, in requests and in the calls of an answer. */

/**
 * Levels a request may have. The deepest that clients send, schemas of tools, have some dozens; what
 * walks a value by calling itself is safe for a hundred times as many.
 */
export const MAX_JSON_DEPTH = 256;

/** Levels the arguments of a call may have, so that its client can send it back in a request. */
export const MAX_CALL_DEPTH = MAX_JSON_DEPTH - 16;

/** Whether a value that came from JSON has more levels of objects and arrays than `limit`. */
export function isDeeperThan(limit: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  if (Array.isArray(value)) {
    for (const child of value) if (isDeeperThan(limit - 1, child)) return true;
    return false;
  }
  // No list of the members is made: bodies are looked at with every turn.
  for (const key in value) {
    if (isDeeperThan(limit - 1, (value as Readonly<Record<string, unknown>>)[key])) return true;
  }
  return false;
}
