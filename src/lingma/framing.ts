/**
 * LSP framing (protocol §2): `Content-Length: N`, an empty line, N bytes of UTF-8 JSON.
 * Our own reader rather than vscode-jsonrpc's: that one takes negative lengths, has no cap and
 * waits for ever on a bogus one, all of which the protocol's regression cases forbid. The tests
 * hold both side by side.
 */
import { GatewayError } from '../base/errors';
import { parseJson } from '../base/exactJson';

/** Longest body a peer may announce; more is a defect on its side, not something to buffer. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const MAX_HEADER_BYTES = 8 * 1024;
const KEPT_BUFFER_BYTES = 1024 * 1024;

const CRLF_CRLF = '\r\n\r\n';

/** One frame as the text of one WebSocket message. */
export function encodeFrame(json: string): string {
  return `Content-Length: ${Buffer.byteLength(json)}${CRLF_CRLF}${json}`;
}

/** The stream is not framed as the protocol says; the connection cannot be used any further. */
export function framingError(detail: string): GatewayError {
  return new GatewayError({
    code: 'upstream_protocol',
    status: 502,
    message: `Lingma sent something that is not a protocol frame (${detail}); its process is restarted.`,
    retryable: true,
  });
}

/** Cuts what arrives, text or binary and split anywhere, into the texts of single messages. */
export interface MessageDecoder {
  /** The messages completed by `data`, in order; throws `upstream_protocol` at what is none. */
  read(data: string | Uint8Array): Iterable<string>;
}

/** How JSON messages are told apart on one connection, in both directions. */
export interface Framing {
  encode(json: string): string;
  createDecoder(): MessageDecoder;
  /**
   * A message's content, whose long numbers `writeJson` gives whole; undefined for one to pass over.
   * Throws `upstream_protocol`.
   */
  parse(message: string): unknown;
}

/** The framing of every Lingma runtime, over WebSocket, pipe and unix socket (protocol §2). */
export const headerFraming: Framing = {
  encode: encodeFrame,
  createDecoder: () => new FrameDecoder(),
  parse(message) {
    try {
      return parseJson(message);
    } catch {
      throw framingError('its body is not JSON');
    }
  },
};

/** Cuts a stream of messages, text or binary and split anywhere, into frame bodies. */
export class FrameDecoder implements MessageDecoder {
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** Body length announced by the header read last, or undefined while a header is awaited. */
  #bodyLength: number | undefined;

  /**
   * Bodies completed by `data`, in order and one at a time, so that what came before a malformed
   * frame is still heard. Throws `upstream_protocol` on that frame. Read it to the end.
   */
  *read(data: string | Uint8Array): Generator<string, void> {
    if (typeof data === 'string' && this.#isEmpty()) {
      const body = wholeFrame(data);
      if (body !== undefined) {
        yield body;
        return;
      }
    }
    this.#append(typeof data === 'string' ? Buffer.from(data) : data);
    for (;;) {
      this.#bodyLength ??= this.#readHeader();
      if (this.#bodyLength === undefined || this.#end - this.#start < this.#bodyLength) return;
      const body = this.#take(this.#bodyLength);
      this.#bodyLength = undefined;
      yield body;
    }
  }

  #isEmpty(): boolean {
    return this.#start === this.#end && this.#bodyLength === undefined;
  }

  #readHeader(): number | undefined {
    const unread = this.#buffer.subarray(this.#start, this.#end);
    // What does not start like a header will never become one: said now rather than waited for, and
    // whether or not the rest has come.
    if (unread.length > 0 && !/^[A-Za-z]/.test(String.fromCharCode(unread[0] ?? 0))) {
      throw framingError('it does not start with a header');
    }
    const headerEnd = unread.indexOf(CRLF_CRLF);
    // Of a header that is just short enough, all but the last byte of what ends it may be here.
    const headerBytes = headerEnd < 0 ? unread.length - (CRLF_CRLF.length - 1) : headerEnd;
    if (headerBytes > MAX_HEADER_BYTES) throw framingError('its header is too long');
    if (headerEnd < 0) return undefined;
    const length = parseHeader(unread.toString('latin1', 0, headerEnd));
    this.#start += headerEnd + CRLF_CRLF.length;
    return length;
  }

  #take(length: number): string {
    const body = this.#buffer.toString('utf8', this.#start, this.#start + length);
    this.#start += length;
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
      // One huge frame must not cost its memory for the rest of the connection.
      if (this.#buffer.length > KEPT_BUFFER_BYTES) this.#buffer = Buffer.alloc(0);
    }
    return body;
  }

  #append(chunk: Uint8Array): void {
    const unread = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      // Double, so that a long body in many small pieces costs linear time.
      const grown = Buffer.allocUnsafe(Math.max(2 * unread, unread + chunk.length, 4096));
      this.#buffer.copy(grown, 0, this.#start, this.#end);
      this.#buffer = grown;
      this.#start = 0;
      this.#end = unread;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }
}

/** The usual case without copying: one text message that is exactly one frame. */
function wholeFrame(message: string): string | undefined {
  const headerEnd = message.indexOf(CRLF_CRLF);
  if (headerEnd < 0 || headerEnd > MAX_HEADER_BYTES || !/^[A-Za-z]/.test(message)) return undefined;
  const body = message.slice(headerEnd + CRLF_CRLF.length);
  const length = parseHeader(message.slice(0, headerEnd));
  return Buffer.byteLength(body) === length ? body : undefined;
}

/** The body length a header block announces; extra headers are fine, any case of name is. */
function parseHeader(header: string): number {
  for (const line of header.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) throw framingError('a header line has no colon');
    if (!/^[ \t]*content-length[ \t]*$/i.test(line.slice(0, colon))) continue;
    // White space is what headers have of it: of other kinds, text and bytes have different ones.
    const value = /^[ \t]*(\d{1,15})[ \t]*$/.exec(line.slice(colon + 1))?.[1];
    if (value === undefined) throw framingError('its length is not a number');
    const length = Number(value);
    if (length > MAX_FRAME_BYTES) throw framingError(`its length is ${length} bytes`);
    return length;
  }
  throw framingError('it has no Content-Length');
}
