/** Reads request bodies: JSON only, bounded, and valid UTF-8. */
import { isAscii } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDeeperThan, MAX_JSON_DEPTH } from '../base/depth';
import { cancelled, GatewayError } from '../base/errors';
import { parseJson } from '../base/exactJson';
import { CODINGS, decode, decoderFor } from './contentCoding';
import { excessOf } from './jsonShape';

/**
 * Large enough for a conversation with pictures, small enough not to threaten the host. A compressed
 * body counts as what it becomes.
 */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Numbers that a double cannot keep; a conversation full of ids of 64 bits has some hundreds. */
const MAX_LONG_NUMBERS = 10_000;

/** Bytes of JSON that cannot be costly, whatever stands in it. */
const HARMLESS_BYTES = 2 * 1024 * 1024;

/** Members of all objects and lists; a conversation of thousands of messages has some ten thousands. */
const MAX_VALUES = 500_000;

/** Headers that would change where a request ends or whom it is for, had they come in time. */
const NO_TRAILERS = new Set(['content-length', 'transfer-encoding', 'host', 'authorization']);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Room for a body in several chunks; made when there is one, filled and read within one call. */
const SCRATCH_BYTES = 2 * 1024 * 1024;
let scratch: Buffer | undefined;

/** Bodies that their clients keep back until they are asked for, by `Expect: 100-continue`. */
const keptBack = new WeakMap<IncomingMessage, ServerResponse>();

/** Takes note of the bytes of a body as they come; what it gives refuses the rest. */
type Scales = (bytes: number) => GatewayError | undefined;

const scales = new WeakMap<IncomingMessage, Scales>();

/** The bytes of this request's body are counted elsewhere, too, by what they are decompressed. */
export function weigh(request: IncomingMessage, onBytes: Scales): void {
  scales.set(request, onBytes);
}

/** The client waits for `100 Continue`: whoever reads the body sends it, whoever refuses does not. */
export function keepBack(request: IncomingMessage, response: ServerResponse): void {
  keptBack.set(request, response);
}

/** Whether the body has not been asked for, so that nothing of it can be expected to come. */
export function isKeptBack(request: IncomingMessage): boolean {
  return keptBack.has(request);
}

/**
 * The body as JSON; `writeJson` gives a part of it with the digits of its long numbers. Throws
 * `unsupported_media_type`, `body_too_large`, `invalid_json`, `invalid_request`, or what `weigh` was
 * given.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  // Other types can be sent by a plain web form, without a browser asking first.
  if (type !== 'application/json') throw unsupportedMediaType('content-type: application/json');
  const value = parse(await readChunks(request));
  if (isDeeperThan(MAX_JSON_DEPTH, value)) throw jsonTooDeep();
  return value;
}

function parse(chunks: readonly Buffer[]): unknown {
  const bytes = joined(chunks);
  if (bytes.length > HARMLESS_BYTES) {
    const excess = excessOf(bytes, { depth: MAX_JSON_DEPTH, values: MAX_VALUES });
    if (excess === 'depth') throw jsonTooDeep();
    if (excess === 'values') throw tooManyValues();
  }
  try {
    return parseJson(textOf(bytes), MAX_LONG_NUMBERS);
  } catch (error) {
    if (error instanceof RangeError) throw tooManyLongNumbers();
    const detail = error instanceof SyntaxError ? withoutQuote(error.message) : 'it is not UTF-8';
    throw new GatewayError({
      code: 'invalid_json',
      status: 400,
      message: `The request body is not valid JSON: ${detail}.`,
    });
  }
}

/** Throws for what is not UTF-8. Most bodies are ASCII, which can be told and copied at once. */
function textOf(bytes: Buffer): string {
  return isAscii(bytes) ? bytes.toString('latin1') : utf8.decode(bytes);
}

/** All chunks in a row. Valid until the next call: fresh memory for each body costs more than the copy. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  if (first && chunks.length === 1) return first;
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (size > SCRATCH_BYTES) return Buffer.concat(chunks, size);
  scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  let end = 0;
  for (const chunk of chunks) end += chunk.copy(scratch, end);
  return scratch.subarray(0, end);
}

/** V8 quotes what stands around the fault, and errors travel further than requests do. */
function withoutQuote(message: string): string {
  return message.replace(/, (?:\.\.\.)?"[^]*$/, '');
}

async function readChunks(request: IncomingMessage): Promise<Buffer[]> {
  const makeDecoder = decoderFor(request.headers['content-encoding']);
  if (makeDecoder === undefined) {
    throw unsupportedMediaType(`the body as it is, or compressed as ${CODINGS}`);
  }
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw bodyTooLarge();
  keptBack.get(request)?.writeContinue();
  keptBack.delete(request);
  const weighed = scales.get(request);
  const chunks = makeDecoder
    ? await collect(decode(request, makeDecoder()), weighed)
    : await arrived(request, weighed);
  const forbidden = Object.keys(request.trailers).find((name) => NO_TRAILERS.has(name));
  if (forbidden !== undefined) throw forbiddenTrailer(forbidden);
  return chunks;
}

/** All chunks of a body as they come in; an iterator costs as much as the rest of a small request. */
function arrived(request: IncomingMessage, weighed: Scales | undefined): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (error?: GatewayError): void => {
      request.off('data', onData).off('end', settle).off('close', onGone).off('error', onGone);
      if (!error) {
        resolve(chunks);
        return;
      }
      // It is not cut off: it is still to be told why.
      request.pause();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      const error = size > MAX_BODY_BYTES ? bodyTooLarge() : weighed?.(chunk.length);
      if (error) settle(error);
    };
    // The client left in the middle of its body.
    const onGone = (): void => {
      settle(cancelled());
    };
    request.on('data', onData).once('end', settle).once('close', onGone).once('error', onGone);
    if (request.destroyed) onGone();
  });
}

async function collect(
  body: AsyncIterable<Buffer>,
  weighed: Scales | undefined,
): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    const error = size > MAX_BODY_BYTES ? bodyTooLarge() : weighed?.(chunk.length);
    if (error) throw error;
    chunks.push(chunk);
  }
  return chunks;
}

function unsupportedMediaType(wanted: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_media_type',
    status: 415,
    message: `This endpoint takes JSON only; send ${wanted}.`,
  });
}

function forbiddenTrailer(name: string): GatewayError {
  return new GatewayError({
    code: 'invalid_request',
    status: 400,
    message: `The request has ${name} behind its body. Send it in front, or not at all.`,
  });
}

function jsonTooDeep(): GatewayError {
  return new GatewayError({
    code: 'invalid_json',
    status: 400,
    message: `The request body nests more than ${MAX_JSON_DEPTH} levels of JSON. Send a flatter one.`,
  });
}

function tooManyValues(): GatewayError {
  return new GatewayError({
    code: 'invalid_json',
    status: 400,
    message: `The request body has more than ${MAX_VALUES} values in its lists and objects. Send fewer.`,
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
