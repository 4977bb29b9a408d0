/**
 * Finds out who listens on a port of this machine, on a connection that can then be used: what is
 * proved holds for the very socket, so nothing is ever sent to somebody who took the port since.
 */
import { connect, type Socket } from 'node:net';
import { LOOPBACK, urlHost } from '../../base/address';
import { isRecord } from '../../base/json';
import { WakefulTimeout } from '../../base/wakefulTimeout';
import {
  CHALLENGE_HEADER,
  checkIdentity,
  newChallenge,
  type WindowIdentity,
} from '../../gateway/windowIdentity';

const MAX_ANSWER_BYTES = 64 * 1024;

export type Probe =
  /** A gateway of this user's; the connection is for the caller to use or to destroy. */
  | { readonly kind: 'ours'; readonly identity: WindowIdentity; readonly socket: Socket }
  /** A gateway that does not share our secret: the launcher's, another user's, an older build's. */
  | { readonly kind: 'gateway' }
  | { readonly kind: 'stranger' }
  /** It takes the connection and says nothing. */
  | { readonly kind: 'silent' }
  /** Nobody listens (any more). */
  | { readonly kind: 'gone' };

export interface ProbeOptions {
  /** An address of this machine; 127.0.0.1 when left out. */
  readonly host?: string;
  readonly port: number;
  /** What the windows share. */
  readonly secret: string;
  /** Milliseconds the answer may take in all. */
  readonly timeoutMs: number;
}

/** Never rejects. */
export function probe({ host = LOOPBACK, port, secret, timeoutMs }: ProbeOptions): Promise<Probe> {
  const challenge = newChallenge();
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    let received = Buffer.alloc(0);
    const settle = (result: Probe): void => {
      limit.clear();
      socket.off('data', onData).off('close', onClose);
      if (result.kind !== 'ours') socket.destroy();
      resolve(result);
    };
    const limit = new WakefulTimeout(timeoutMs, () => {
      settle({ kind: 'silent' });
    });
    const onClose = (): void => {
      // One that ends without a word may be about to go; one that spoke otherwise is no gateway.
      settle({ kind: received.length === 0 ? 'gone' : 'stranger' });
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const answer = readAnswer(received);
      if (answer === 'incomplete') return;
      if (!isRecord(answer)) {
        settle({ kind: 'stranger' });
        return;
      }
      const identity = checkIdentity(secret, { challenge, host, port }, answer['identity']);
      if (identity) settle({ kind: 'ours', identity, socket });
      else settle({ kind: looksLikeGateway(answer) ? 'gateway' : 'stranger' });
    };
    socket.setNoDelay(true);
    // Errors end in a close; one that came unheard would end the process.
    socket.on('error', () => undefined);
    socket.on('data', onData).once('close', onClose);
    socket.write(
      `GET /healthz HTTP/1.1\r\nhost: ${urlHost(host)}:${port}\r\n${CHALLENGE_HEADER}: ${challenge}\r\n\r\n`,
    );
  });
}

/** The JSON body of an HTTP answer; undefined for anything that is none. */
function readAnswer(bytes: Buffer): unknown {
  const headEnd = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, headEnd === -1 ? bytes.length : headEnd);
  if (!'HTTP/1.1 '.startsWith(head.slice(0, 9)) || bytes.length > MAX_ANSWER_BYTES) {
    return undefined;
  }
  if (headEnd === -1) return 'incomplete';
  const length = /^content-length: *(\d+) *$/im.exec(head)?.[1];
  if (length === undefined || Number(length) > MAX_ANSWER_BYTES) return undefined;
  const body = bytes.subarray(headEnd + 4);
  if (body.length < Number(length)) return 'incomplete';
  try {
    return JSON.parse(body.toString('utf8', 0, Number(length)));
  } catch {
    return undefined;
  }
}

/** As `/healthz` has answered in every build. */
function looksLikeGateway(answer: Readonly<Record<string, unknown>>): boolean {
  return typeof answer['version'] === 'string' && isRecord(answer['instances']);
}
