import { createHash, randomUUID } from 'node:crypto';
import { RpcError, rpcCodes } from './jsonRpc';
import type { Client, World } from './world';

/** The pictures that were uploaded to the process, by the address it gave each of them. */
export class ImageStore {
  readonly #digests = new Map<string, string>();

  /** Keeps a picture by its SHA-256 and gives it an address of its own. */
  add(sha256: string): string {
    const url = `https://images.demo.invalid/${randomUUID()}`;
    this.#digests.set(url, sha256);
    return url;
  }

  /** The SHA-256 of a picture's bytes; undefined for an address the process never gave out. */
  digestOf(url: string): string | undefined {
    return this.#digests.get(url);
  }
}

const dataUri = /^data:image\/(?:png|jpe?g|gif|webp|bmp);base64,([A-Za-z0-9+/]+={0,2})$/;

interface Upload {
  readonly requestId: string;
  readonly bytes: Buffer;
}

function readUpload(params: Readonly<Record<string, unknown>>): Upload {
  const { requestId, imageUri } = params;
  const refuse = (problem: string): never => {
    throw new RpcError(rpcCodes.badParams, `image/upload: ${problem}`);
  };
  if (typeof requestId !== 'string' || requestId === '') {
    return refuse('requestId must be a non-empty string');
  }
  const [, data] = dataUri.exec(typeof imageUri === 'string' ? imageUri : '') ?? [];
  if (data === undefined) return refuse('imageUri must be a base64 data: URI of an image');
  return { requestId, bytes: Buffer.from(data, 'base64') };
}

/**
 * Answers `image/upload` (protocol §7) with its reply; the notification that says where the picture
 * is kept follows, both as the knobs want them. Throws an {@link RpcError} for wrong parameters.
 */
export function uploadImage(
  params: Readonly<Record<string, unknown>>,
  world: World,
  client: Client,
): object {
  const { requestId, bytes } = readUpload(params);
  const { imageUpload, imageDelayMs, imageMaxBytes } = world.knobs;
  if (imageUpload === 'error') {
    throw new RpcError(rpcCodes.handler, 'refused by the imageUpload knob');
  }
  const refusal = (errorCode: string, errorMessage: string): object => {
    world.records.event('image-refused', { requestId, errorCode });
    return { requestId, errorCode, errorMessage, result: { success: false } };
  };
  if (imageUpload === 'refused') return refusal('Refused', 'refused by the imageUpload knob');
  if (imageMaxBytes > 0 && bytes.length > imageMaxBytes) {
    return refusal('TooLarge', `the image has more than ${imageMaxBytes} bytes`);
  }
  const finish = (): void => {
    if (imageUpload === 'failed') {
      const problem = { errorCode: 'StoreFailed', errorMessage: 'failed by the imageUpload knob' };
      client.notify(notification, { ...problem, result: { requestId, imageUrl: '' } });
      return;
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const imageUrl = world.images.add(sha256);
    // Before it is told: nobody may use an address that was never noted.
    world.records.event('image-uploaded', { requestId, imageUrl, sha256, bytes: bytes.length });
    client.notify(notification, { result: { requestId, imageUrl } });
  };
  if (imageUpload === 'early') finish();
  else if (imageUpload !== 'never') setTimeout(finish, imageDelayMs);
  return { requestId, result: { success: true } };
}

const notification = 'image/uploadResultNotification';
