/**
 * Framing of agents on stdin and stdout: one JSON message a line (protocol §4c). Their stdout is
 * not theirs alone, so a line that is no JSON is passed over.
 */
import { StringDecoder } from 'node:string_decoder';
import { parseJson } from '../base/exactJson';
import { type Framing, framingError, MAX_FRAME_BYTES, type MessageDecoder } from './framing';

/** A message a line; `JSON.stringify` never writes a line feed of its own. */
export const lineFraming: Framing = {
  encode: (json) => `${json}\n`,
  createDecoder: () => new LineDecoder(),
  parse(line) {
    try {
      return parseJson(line);
    } catch {
      return undefined;
    }
  },
};

/** Cuts what arrives into lines, empty ones left out; a line of more than 64 MiB is an error. */
export class LineDecoder implements MessageDecoder {
  readonly #characters = new StringDecoder('utf8');
  /** Pieces of a line that has not ended yet; joined once, so that a long line costs linear time. */
  #pieces: string[] = [];
  #length = 0;

  *read(data: string | Uint8Array): Generator<string, void> {
    const lines = (typeof data === 'string' ? data : this.#characters.write(data)).split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#keep(line);
      const whole = this.#pieces.join('').trim();
      this.#pieces = [];
      this.#length = 0;
      if (whole) yield whole;
    }
    this.#keep(rest);
  }

  #keep(piece: string): void {
    if (!piece) return;
    this.#length += piece.length;
    if (this.#length > MAX_FRAME_BYTES) throw framingError('a line has no end');
    this.#pieces.push(piece);
  }
}
