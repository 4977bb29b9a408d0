/**
 * Pictures as clients send them: checked before anything else sees them, so that what comes after
 * may rely on their form. Nothing is decoded but the first bytes.
 */
import { GatewayError, invalidRequest } from '../base/errors';
import type { ImagePart } from './messages';

/** Most bytes of one picture; what other gateways to Lingma take (protocol §7). */
export const MAX_IMAGE_BYTES = 20 * 1024 * 1024;

/** What the bytes of each kind begin with; `null` stands for any byte. */
const SIGNATURES: Readonly<Record<string, readonly (readonly (number | null)[])[]>> = {
  'image/png': [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  'image/jpeg': [[0xff, 0xd8, 0xff]],
  'image/gif': [bytesOf('GIF87a'), bytesOf('GIF89a')],
  'image/webp': [[...bytesOf('RIFF'), null, null, null, null, ...bytesOf('WEBP')]],
  'image/bmp': [bytesOf('BM')],
};
/** Kinds of pictures that can travel. */
export const IMAGE_TYPES: readonly string[] = Object.keys(SIGNATURES);
/** Base64 characters that hold the longest signature. */
const SIGNATURE_CHARACTERS = 16;
/** The same kinds, for people. */
export const IMAGE_KINDS = 'PNG, JPEG, GIF, WebP or BMP';

const DATA_URI = /^data:([^,;]*)((?:;[^,;]*)*),/i;
/** Longest start of an address that is searched for it. */
const PREFIX_CHARACTERS = 200;
const REMOTE = /^https?:/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The picture at `url`, a `data:` URI of base64, spelled in one way whatever its client wrote before
 * the bytes; a remote address is kept as it is. `path` is the request field that holds it. Throws
 * `unsupported_content` for what this gateway does not pass on and `invalid_request` for what is no
 * picture.
 */
export function imagePart(url: string, path: string): ImagePart {
  const [start, type = '', parameters = ''] = DATA_URI.exec(url.slice(0, PREFIX_CHARACTERS)) ?? [];
  if (start === undefined) {
    if (REMOTE.test(url)) return { type: 'image', url, path };
    throw notAnImage(path);
  }
  const kind = type.toLowerCase().replace(/^image\/jpg$/, 'image/jpeg');
  const signatures = Object.hasOwn(SIGNATURES, kind) ? SIGNATURES[kind] : undefined;
  if (!signatures || !/;base64$/i.test(parameters)) throw otherKind(path);
  const data = url.slice(start.length);
  if (decodedLength(data) > MAX_IMAGE_BYTES) throw tooLarge(path);
  if (data.length % 4 === 1 || !BASE64.test(data)) {
    throw invalidRequest(path, `${path} is not valid base64.`);
  }
  const bytes = Buffer.from(data.slice(0, SIGNATURE_CHARACTERS), 'base64');
  if (!signatures.some((signature) => beginsWith(bytes, signature))) {
    throw invalidRequest(path, `${path} is called ${kind}, but its bytes are not of that kind.`);
  }
  const prefix = `data:${kind};base64,`;
  return { type: 'image', url: start === prefix ? url : prefix + data };
}

/** The picture whose bytes `data` holds in base64, where its client does not say what kind it is. */
export function untypedImagePart(data: string, path: string): ImagePart {
  const kind = imageKind(Buffer.from(data.slice(0, SIGNATURE_CHARACTERS), 'base64'));
  if (kind === undefined) throw otherKind(path);
  return imagePart(`data:${kind};base64,${data}`, path);
}

/** The media type that these bytes begin like; undefined when it is none that can travel. */
export function imageKind(bytes: Uint8Array): string | undefined {
  return Object.entries(SIGNATURES).find(([, signatures]) =>
    signatures.some((signature) => beginsWith(bytes, signature)),
  )?.[0];
}

/** Whether only the address of the picture is known. */
export function isRemoteImage({ url }: ImagePart): boolean {
  return REMOTE.test(url);
}

/** An image of which only a reference was sent, where nothing is fetched. */
export function remoteImage(path: string): GatewayError {
  return unsupported(
    path,
    `${path} refers to an image kept elsewhere, which this gateway does not fetch. ` +
      'Send the image itself as base64 (a data: URI).',
  );
}

function otherKind(path: string): GatewayError {
  return unsupported(path, `${path} is no base64 ${IMAGE_KINDS} image. Send one of these.`);
}

function notAnImage(path: string): GatewayError {
  return invalidRequest(path, `${path} is no image address. Send the image as a data: URI.`);
}

/** The picture has more than `MAX_IMAGE_BYTES`. */
export function tooLarge(path: string): GatewayError {
  const limit = MAX_IMAGE_BYTES / 1024 / 1024;
  return invalidRequest(path, `${path} is larger than ${limit} MiB. Send a smaller image.`);
}

function unsupported(path: string, message: string): GatewayError {
  return new GatewayError({ code: 'unsupported_content', status: 400, param: path, message });
}

/** Bytes that base64 text stands for. */
function decodedLength(data: string): number {
  const padding = data.endsWith('==') ? 2 : Number(data.endsWith('='));
  return Math.floor(((data.length - padding) * 3) / 4);
}

function beginsWith(bytes: Uint8Array, signature: readonly (number | null)[]): boolean {
  return signature.every((byte, index) => byte === null || byte === bytes[index]);
}

function bytesOf(text: string): number[] {
  return [...Buffer.from(text, 'latin1')];
}
