/** Opens the WebSocket to a Lingma process (protocol §2). */
import type { Socket } from 'node:net';
import { GatewayError } from '../base/errors';
import type { MessageSocket } from './rpc';
import { clientTextFrame } from './textFrame';

/** One attempt's limit for TCP and WebSocket handshake together (protocol §2: 5 s). */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/**
 * Connects to `url` or rejects with `instance_lost`. An agent of our own is used on purpose: inside
 * VS Code the global fetch and WebSocket may be patched and sent through a proxy.
 */
export async function openSocket(url: string, signal: AbortSignal): Promise<MessageSocket> {
  // Half a megabyte that activation must not pay for.
  const { Agent, buildConnector, WebSocket } = await import('undici');
  const connect = buildConnector({ timeout: HANDSHAKE_TIMEOUT_MS });
  let tcp: Socket | null = null;
  const agent = new Agent({
    connect(options, callback) {
      connect(options, (...outcome) => {
        tcp = outcome[1];
        callback(...outcome);
      });
    },
  });
  const socket = new WebSocket(url, { dispatcher: agent });
  socket.binaryType = 'arraybuffer';
  const release = (): void => void agent.destroy().catch(() => undefined);

  await new Promise<void>((resolve, reject) => {
    const fail = (reason: string): void => {
      settle();
      release();
      reject(cannotConnect(url, reason));
    };
    const onAbort = (): void => {
      fail('cancelled');
    };
    const timer = setTimeout(() => {
      fail('time-out');
    }, HANDSHAKE_TIMEOUT_MS);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    socket.addEventListener('open', () => {
      settle();
      resolve();
    });
    socket.addEventListener('error', (event) => {
      fail(event.message || 'the connection failed');
    });
  });

  return {
    send(text) {
      if (socket.readyState !== WebSocket.OPEN || !tcp) return;
      writeTogether(tcp);
      tcp.write(clientTextFrame(text));
    },
    close() {
      socket.close();
      // The closing handshake of a dead peer never completes; its socket goes with the agent.
      setTimeout(release, 200).unref();
    },
    onMessage(listener) {
      socket.addEventListener('message', ({ data }) => {
        if (typeof data === 'string') listener(data);
        else if (data instanceof ArrayBuffer) listener(new Uint8Array(data));
      });
    },
    onClose(listener) {
      socket.addEventListener('close', ({ code, reason }) => {
        release();
        listener(reason || `WebSocket code ${code}`);
      });
    },
  };
}

/**
 * Sends what is written in one turn of the event loop with one system call, after all that arrived
 * in it has been seen: many clients may ask at once, an answer arrives as many requests that want
 * to be acknowledged, and its client should not have to wait for these.
 */
function writeTogether(tcp: Socket): void {
  if (tcp.writableCorked > 0) return;
  tcp.cork();
  setImmediate(() => {
    tcp.uncork();
  });
}

function cannotConnect(url: string, reason: string): GatewayError {
  return new GatewayError({
    code: 'instance_lost',
    status: 502,
    message: `No Lingma answers at ${url} (${reason}).`,
    retryable: true,
  });
}
