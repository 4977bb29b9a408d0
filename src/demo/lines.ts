import type { FrameEvent } from './framing';

const lineFeed = 0x0a;

/** Takes a byte stream apart into lines, a JSON message each (protocol §4c). */
export class LineReader {
  #kept = Buffer.alloc(0);

  /** Adds bytes and returns the messages they complete; what is no object is unframed. */
  push(chunk: Buffer): FrameEvent[] {
    const events: FrameEvent[] = [];
    let bytes = Buffer.concat([this.#kept, chunk]);
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed)) {
      const line = bytes.toString('utf8', 0, end).trim();
      bytes = bytes.subarray(end + 1);
      if (line.startsWith('{')) events.push({ kind: 'frame', json: line });
      else if (line !== '') events.push({ kind: 'unframed', text: line });
    }
    this.#kept = bytes;
    return events;
  }
}
