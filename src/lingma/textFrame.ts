/**
 * Text messages as WebSocket frames of a client (RFC 6455 §5.2). A library masks byte by byte, which
 * for a whole conversation costs as much as having parsed it; four bytes at a time are a quarter.
 */
import { randomInt } from 'node:crypto';

/** FIN, and the opcode of a text. */
const WHOLE_TEXT = 0x81;
const MASKED = 0x80;
/** Lengths from which on a frame says its length in two bytes, and in eight. */
const TWO_BYTES = 126;
const EIGHT_BYTES = 65_536;
/** Where the payload begins in the buffer, behind the longest head, so that words are aligned. */
const PAYLOAD_AT = 16;
const KEY_AT = PAYLOAD_AT - 4;

/** One message in one frame, ready to be written to the socket. */
export function clientTextFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const words = Math.ceil(length / 4);
  const buffer = Buffer.allocUnsafe(PAYLOAD_AT + 4 * words);
  buffer.writeUInt32BE(randomInt(2 ** 32), KEY_AT);
  buffer.write(text, PAYLOAD_AT);
  mask(new Uint32Array(buffer.buffer, buffer.byteOffset + KEY_AT, 1 + words));
  return buffer.subarray(writeHead(buffer, length), PAYLOAD_AT + length);
}

/** The first word is the key; in whatever order this machine has its bytes, all have the same. */
function mask(words: Uint32Array): void {
  const key = words[0] ?? 0;
  for (let at = 1; at < words.length; at++) words[at] = (words[at] ?? 0) ^ key;
}

/** Writes what comes before the key; gives where it begins. */
function writeHead(buffer: Buffer, length: number): number {
  if (length < TWO_BYTES) {
    buffer[KEY_AT - 1] = MASKED | length;
    buffer[KEY_AT - 2] = WHOLE_TEXT;
    return KEY_AT - 2;
  }
  if (length < EIGHT_BYTES) {
    buffer.writeUInt16BE(length, KEY_AT - 2);
    buffer[KEY_AT - 3] = MASKED | 126;
    buffer[KEY_AT - 4] = WHOLE_TEXT;
    return KEY_AT - 4;
  }
  buffer.writeBigUInt64BE(BigInt(length), KEY_AT - 8);
  buffer[KEY_AT - 9] = MASKED | 127;
  buffer[KEY_AT - 10] = WHOLE_TEXT;
  return KEY_AT - 10;
}
