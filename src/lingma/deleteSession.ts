import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../base/errors';
import type { RpcConnection } from './rpc';

const DELETE_TIMEOUT_MS = 10_000;
/** How long deleting all sessions may take when we leave. */
const FAREWELL_MS = 1_000;

/** Deletes a session of a Lingma runtime (protocol §4a.3), best effort; never rejects. */
export async function deleteLingmaSession(rpc: RpcConnection, sessionId: string): Promise<void> {
  const remove = (params: object): Promise<unknown> =>
    rpc.request('chat/deleteSessionById', params, DELETE_TIMEOUT_MS);
  try {
    await remove({ sessionId });
  } catch (error) {
    // Some versions name the parameter `id` (protocol §4a.3).
    if (error instanceof GatewayError && error.code === 'upstream_rejected') {
      await remove({ id: sessionId }).catch(() => undefined);
    }
  }
}

/** Waits for deletions that never reject, but no longer than a leaving gateway can. */
export async function farewell(deletions: readonly Promise<void>[]): Promise<void> {
  await Promise.race([Promise.all(deletions), sleep(FAREWELL_MS, undefined, { ref: false })]);
}
