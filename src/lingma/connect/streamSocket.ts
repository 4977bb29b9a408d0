/** Message channels over byte streams: unix sockets, Windows pipes, and a program's stdin/stdout. */
import { connect as connectSocket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { GatewayError } from '../../base/errors';
import type { MessageSocket } from '../rpc';

/** One attempt's limit, the same as for a WebSocket (protocol §2: 5 s). */
const CONNECT_TIMEOUT_MS = 5_000;

/** A pair of streams as a channel; `destroy` ends both. */
export function streamSocket(
  input: Readable,
  output: Writable,
  destroy: () => void,
): MessageSocket {
  let reason = 'closed';
  const onError = (error: Error): void => {
    reason = error.message;
  };
  input.on('error', onError);
  // Writing to a peer that has just gone; its end is reported by the input.
  output.on('error', onError);
  return {
    send(text) {
      if (output.writable) output.write(text);
    },
    close: destroy,
    onMessage(listener) {
      input.on('data', (chunk: Buffer) => {
        listener(chunk);
      });
    },
    onClose(listener) {
      let told = false;
      const tell = (): void => {
        if (told) return;
        told = true;
        listener(reason);
      };
      input.once('end', tell);
      input.once('close', tell);
    },
  };
}

/**
 * Connects to a unix socket or a Windows pipe. Rejects with `instance_lost` when nobody answers
 * there within 5 s or `signal` aborts.
 */
export function openLocalSocket(path: string, signal: AbortSignal): Promise<MessageSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ path });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
    };
    const fail = (reason: string): void => {
      settle();
      // Whatever it still reports is nobody's business any more.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(cannotConnect(path, reason));
    };
    const onError = (error: Error): void => {
      fail(error.message);
    };
    const onAbort = (): void => {
      fail('cancelled');
    };
    const timer = setTimeout(() => {
      fail('time-out');
    }, CONNECT_TIMEOUT_MS);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => {
      settle();
      resolve(streamSocket(socket, socket, () => socket.destroy()));
    });
    if (signal.aborted) onAbort();
  });
}

function cannotConnect(path: string, reason: string): GatewayError {
  return new GatewayError({
    code: 'instance_lost',
    status: 502,
    message: `No Lingma answers at ${path} (${reason}).`,
    retryable: true,
  });
}
