/** What a {@link FrameReader} found in the byte stream. */
export type FrameEvent =
  | { readonly kind: 'frame'; readonly json: string }
  /** Bytes at a frame boundary that are bare JSON: to be ignored (protocol §2). */
  | { readonly kind: 'unframed'; readonly text: string }
  /** The stream cannot be followed any further. */
  | { readonly kind: 'fault'; readonly reason: string };

/** How frames leave the process (protocol §8.2 "framing"). */
export interface WireShape {
  readonly headerCase: 'canonical' | 'lower' | 'upper';
  readonly binary: boolean;
  readonly coalesce: boolean;
  /** Bytes per message, 0 for whole messages. */
  readonly split: number;
}

/** A frame larger than this is taken for a bogus length (protocol §2 "frame cap"). */
export const maxFrameBytes = 64 * 1024 * 1024;
const maxHeaderBytes = 8 * 1024;
const separator = Buffer.from('\r\n\r\n');
const openBrace = 0x7b;
const openBracket = 0x5b;

function contentLength(header: string): number | undefined {
  const lengths = header
    .split('\r\n')
    .map((line) => /^content-length[ \t]*:[ \t]*(.*?)[ \t]*$/i.exec(line)?.[1])
    .filter((value) => value !== undefined);
  const [text = ''] = lengths;
  if (lengths.length !== 1 || !/^\d{1,10}$/.test(text)) return undefined;
  const length = Number(text);
  return length <= maxFrameBytes ? length : undefined;
}

/**
 * Takes WebSocket messages apart into frames (protocol §2): bytes are kept across messages, a
 * message may hold several frames, header names may have any case and other headers may stand
 * beside the length.
 */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Length of the body that is being collected, once its header was read. */
  #expected: number | undefined;
  #broken = false;

  /** Adds the bytes of one message and returns what they complete. Silent after a fault. */
  push(chunk: Buffer): FrameEvent[] {
    const events: FrameEvent[] = [];
    if (this.#broken || chunk.length === 0) return events;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let event = this.#next(); event !== undefined; event = this.#next()) {
      events.push(event);
      if (event.kind === 'fault') {
        this.#broken = true;
        this.#keep(Buffer.alloc(0));
        break;
      }
    }
    return events;
  }

  #next(): FrameEvent | undefined {
    if (this.#expected === undefined) {
      const header = this.#readHeader();
      if (header !== undefined) return header;
    }
    if (this.#expected === undefined || this.#size < this.#expected) return undefined;
    const bytes = this.#gather();
    const json = bytes.toString('utf8', 0, this.#expected);
    this.#keep(bytes.subarray(this.#expected));
    this.#expected = undefined;
    return { kind: 'frame', json };
  }

  /** Sets the expected length, or returns why that is not possible (yet: nothing at all). */
  #readHeader(): FrameEvent | undefined {
    if (this.#size === 0) return undefined;
    const bytes = this.#gather();
    if (bytes[0] === openBrace || bytes[0] === openBracket) {
      this.#keep(Buffer.alloc(0));
      return { kind: 'unframed', text: bytes.toString('utf8', 0, 200) };
    }
    const end = bytes.subarray(0, maxHeaderBytes).indexOf(separator);
    if (end < 0) {
      if (bytes.length < maxHeaderBytes) return undefined;
      return { kind: 'fault', reason: 'header block too long' };
    }
    const header = bytes.toString('latin1', 0, end);
    const length = contentLength(header);
    if (length === undefined) {
      return { kind: 'fault', reason: `bad Content-Length in ${JSON.stringify(header)}` };
    }
    this.#expected = length;
    this.#keep(bytes.subarray(end + separator.length));
    return undefined;
  }

  #gather(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const all = Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [all];
    return all;
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
  }
}

const headerNames = {
  canonical: 'Content-Length',
  lower: 'content-length',
  upper: 'CONTENT-LENGTH',
} as const;

/** One frame as text (protocol §2); the length counts UTF-8 bytes. */
export function encodeFrame(json: string, headerCase: WireShape['headerCase']): string {
  return `${headerNames[headerCase]}: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
}

/**
 * Sends frames in the shape that was asked for: by default each as one text message. Strings go
 * out as text messages, buffers as binary ones.
 */
export class FrameWriter {
  readonly #send: (data: string | Buffer) => void;
  readonly #shape: WireShape;
  #queued: string[] = [];

  constructor(send: (data: string | Buffer) => void, shape: WireShape) {
    this.#send = send;
    this.#shape = shape;
  }

  /** Sends one message, or queues it until the event loop comes round when coalescing. */
  write(json: string): void {
    const frame = encodeFrame(json, this.#shape.headerCase);
    if (!this.#shape.coalesce) {
      this.#emit(frame);
      return;
    }
    this.#queued.push(frame);
    if (this.#queued.length === 1) {
      setImmediate(() => {
        this.flush();
      });
    }
  }

  /** Sends what is still queued. */
  flush(): void {
    if (this.#queued.length === 0) return;
    const frames = this.#queued.join('');
    this.#queued = [];
    this.#emit(frames);
  }

  #emit(frames: string): void {
    const { binary, split } = this.#shape;
    if (split === 0) {
      this.#send(binary ? Buffer.from(frames) : frames);
      return;
    }
    const bytes = Buffer.from(frames);
    for (let start = 0; start < bytes.length; start += split) {
      this.#send(bytes.subarray(start, start + split));
    }
  }
}
