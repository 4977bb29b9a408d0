/** Reads request bodies: JSON only, bounded, and valid UTF-8. */
import type { IncomingMessage } from 'node:http';
import { isDeeperThan, MAX_JSON_DEPTH } from '../base/depth';
import { cancelled, GatewayError } from '../base/errors';
import { parseJson } from '../base/exactJson';

/** Large enough for a conversation with pictures, small enough not to threaten the host. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Numbers that a double cannot keep; a conversation full of ids of 64 bits has some hundreds. */
const MAX_LONG_NUMBERS = 10_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The body as JSON; `writeJson` gives a part of it with the digits of its long numbers. Throws
 * `unsupported_media_type`, `body_too_large` or `invalid_json`.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  // Other types can be sent by a plain web form, without a browser asking first.
  if (type !== 'application/json') throw unsupportedMediaType('content-type: application/json');
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw unsupportedMediaType('an uncompressed body');
  const value = parse(await readBytes(request));
  if (isDeeperThan(MAX_JSON_DEPTH, value)) throw jsonTooDeep();
  return value;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(utf8.decode(bytes), MAX_LONG_NUMBERS);
  } catch (error) {
    if (error instanceof RangeError) throw tooManyLongNumbers();
    const detail = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    throw new GatewayError({
      code: 'invalid_json',
      status: 400,
      message: `The request body is not valid JSON: ${detail}.`,
    });
  }
}

async function readBytes(request: IncomingMessage): Promise<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw bodyTooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop early must not cut the client off: it is still to be told why.
    const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw bodyTooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    // What the stream itself throws means that the client left in the middle of its body.
    throw error instanceof GatewayError ? error : cancelled();
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function unsupportedMediaType(wanted: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_media_type',
    status: 415,
    message: `This endpoint takes JSON only; send ${wanted}.`,
  });
}

function jsonTooDeep(): GatewayError {
  return new GatewayError({
    code: 'invalid_json',
    status: 400,
    message: `The request body nests more than ${MAX_JSON_DEPTH} levels of JSON. Send a flatter one.`,
  });
}

function tooManyLongNumbers(): GatewayError {
  return new GatewayError({
    code: 'invalid_json',
    status: 400,
    message: `The request body has more than ${MAX_LONG_NUMBERS} numbers with more digits than a double keeps. Send fewer, or send them as strings.`,
  });
}

function bodyTooLarge(): GatewayError {
  return new GatewayError({
    code: 'body_too_large',
    status: 413,
    message: `The request body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB. Send less.`,
  });
}
