import { type KeyRecord, newKey } from '../../src/gateway/clientKeys';

/** What is kept of a client's new key; the key itself nobody has. */
export function newRecord(name: string, createdAtMs = 1): KeyRecord {
  const { digest, lastUsedAtMs } = newKey(name, createdAtMs);
  return { name, digest, createdAtMs, lastUsedAtMs };
}
