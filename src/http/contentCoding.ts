/** Bodies that clients send compressed. */
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { cancelled, GatewayError } from '../base/errors';

/** By what `content-encoding` calls them. */
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** The codings a body may come in, for messages. */
export const CODINGS = 'gzip, deflate or br';

/**
 * Makes the decoder for a `content-encoding`: null when there is nothing to decode, undefined for
 * what is unknown and for several at once.
 */
export function decoderFor(encoding: string | undefined): (() => Transform) | null | undefined {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  return name === 'identity' ? null : DECODERS.get(name);
}

/**
 * The body's bytes as they are decoded, a few KiB at a time: whoever stops reading stops the decoding.
 * Throws `invalid_request` for bytes that are not what the header says, `cancelled` when the client
 * leaves in the middle.
 */
export async function* decode(request: IncomingMessage, decoder: Transform): AsyncIterable<Buffer> {
  const onGone = (): void => {
    decoder.destroy(cancelled());
  };
  request.once('error', onGone).once('aborted', onGone).pipe(decoder);
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw error instanceof GatewayError ? error : notAsDeclared(request, error);
  } finally {
    request.off('error', onGone).off('aborted', onGone).unpipe(decoder);
    decoder.destroy();
  }
}

function notAsDeclared(request: IncomingMessage, cause: unknown): GatewayError {
  return new GatewayError({
    code: 'invalid_request',
    status: 400,
    message: `The request body is not ${request.headers['content-encoding'] ?? ''}, as its content-encoding says, or not all of it.`,
    cause,
  });
}
