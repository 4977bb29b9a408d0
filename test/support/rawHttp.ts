/** HTTP as bytes, for requests that no client library would send. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** The lines of the head without the first, as they came. */
  readonly headerLines: readonly string[];
  readonly body: string;
  /** Everything that came until the connection closed. */
  readonly text: string;
}

/** Lines of a request, the last of which asks for the connection to be closed, and its body. */
export function rawRequest(lines: readonly string[], body = ''): Buffer {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [...lines, ...length, 'Connection: close', '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}

/** Sends the bytes and reads until the other side closes; fails after `limitMs` without that. */
export function exchange(port: number, bytes: Buffer, limitMs = 10_000): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const limit = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end after ${limitMs} ms of ${JSON.stringify(textOf(chunks))}`));
    }, limitMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    // A connection that is reset is over, too; what came before counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(limit);
      resolve(readAnswer(textOf(chunks)));
    });
  });
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('latin1');
}

function readAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...headerLines] = text.slice(0, Math.max(0, end)).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  return { status, headerLines, body: text.slice(end + 4), text };
}
