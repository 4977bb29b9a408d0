/** The sockets that listen in this process, whoever made them. */
import assert from 'node:assert/strict';
import { Server } from 'node:net';

/** Node's own inside: a listener is reached from outside by nothing else. */
interface Inside {
  readonly _getActiveHandles: () => unknown[];
}

/** A listener and the socket of the system that it has. */
export type Listener = Server & { readonly _handle: { close(): void } };

/** The one that has the port. Its `_handle.close()` takes the port away without a word. */
export function listenerOn(port: number): Listener {
  const found = (process as unknown as Inside)._getActiveHandles().find((handle) => {
    const address = handle instanceof Server ? handle.address() : null;
    return typeof address === 'object' && address?.port === port;
  });
  assert.ok(found instanceof Server);
  return found as Listener;
}
