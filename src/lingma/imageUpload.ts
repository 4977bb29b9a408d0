/**
 * Gives a process the pictures of a turn before the turn is asked (protocol §7, "Legacy"): each is
 * uploaded by a request of its own, and a later message of the process says where it is kept.
 */
import { randomUUID } from 'node:crypto';
import { GatewayError } from '../base/errors';
import { isRecord } from '../base/json';
import type { RpcConnection, RpcReply } from './rpc';

/** Milliseconds for the reply, as for any control call (protocol §8) … */
export const REPLY_LIMIT_MS = 30_000;
/** … and from there to the message with the address (protocol §7). */
export const RESULT_LIMIT_MS = 10_000;

/** Where the pictures of a turn go to; one of the two is called, once, unless the upload is withdrawn. */
export interface UploadObserver {
  /** All are there; `imageUrls` has the order of the pictures. */
  uploaded(imageUrls: readonly string[]): void;
  failed(error: GatewayError): void;
}

/** The uploads of one connection. */
export class ImageUploads {
  readonly #rpc: RpcConnection;
  /** Uploads that wait for their result, by their request ids. */
  readonly #waiting = new Map<string, Upload>();

  constructor(rpc: RpcConnection) {
    this.#rpc = rpc;
  }

  /** Uploads that have not ended; for leak checks. */
  get open(): number {
    return this.#waiting.size;
  }

  /**
   * Uploads pictures, all at once, given as `data:` URIs. Returns how to withdraw: nothing is
   * reported after that, nor kept.
   */
  start(images: readonly string[], observer: UploadObserver): () => void {
    const imageUrls: string[] = images.map(() => '');
    const running = new Set<Upload>();
    const withdraw = (): void => {
      for (const upload of running) upload.end();
      running.clear();
    };
    images.forEach((imageUri, index) => {
      const upload = new Upload(`image ${index + 1} of ${images.length}`, {
        done: (imageUrl) => {
          imageUrls[index] = imageUrl;
          running.delete(upload);
          if (running.size === 0) observer.uploaded(imageUrls);
        },
        failed: (error) => {
          withdraw();
          observer.failed(error);
        },
        ended: () => {
          this.#waiting.delete(requestId);
          this.#rpc.forget(rpcId);
        },
      });
      running.add(upload);
      const requestId = randomUUID();
      // Registered before it is sent: the result may overtake the reply.
      this.#waiting.set(requestId, upload);
      const rpcId = this.#rpc.send('image/upload', { imageUri, requestId }, (reply) => {
        upload.onReply(reply);
      });
    });
    return withdraw;
  }

  /** Takes the result of an upload; false for any other message. */
  receive(method: string, params: unknown): boolean {
    if (method !== 'image/uploadResultNotification') return false;
    const { requestId } = resultOf(params);
    // An unknown id belongs to an upload that was given up: nothing to do or to keep.
    if (typeof requestId === 'string') this.#waiting.get(requestId)?.onResult(params);
    return true;
  }
}

interface UploadHooks {
  done(imageUrl: string): void;
  failed(error: GatewayError): void;
  /** The upload is over, however it went; before the other two. */
  ended(): void;
}

/** One picture on its way. */
class Upload {
  readonly #name: string;
  readonly #hooks: UploadHooks;
  #timer: NodeJS.Timeout;
  #ended = false;

  constructor(name: string, hooks: UploadHooks) {
    this.#name = name;
    this.#hooks = hooks;
    this.#timer = this.#limit(REPLY_LIMIT_MS);
  }

  /** A good reply only says that the picture came in; where it is kept comes in another message. */
  onReply(reply: RpcReply | GatewayError): void {
    if (this.#ended) return;
    if (reply instanceof GatewayError) {
      this.#fail(reply);
    } else if ('error' in reply) {
      const { code, message } = reply.error;
      this.#fail(
        code === METHOD_NOT_FOUND ? imagesUnknown() : imageRefused(this.#name, message, code),
      );
    } else {
      const problem = problemIn(reply.result);
      if (problem) {
        this.#fail(imageRefused(this.#name, problem.message, problem.code));
        return;
      }
      clearTimeout(this.#timer);
      this.#timer = this.#limit(RESULT_LIMIT_MS);
    }
  }

  /** With the address everything is known: the reply is not waited for any longer. */
  onResult(params: unknown): void {
    const { imageUrl } = resultOf(params);
    if (typeof imageUrl === 'string' && imageUrl) {
      this.end();
      this.#hooks.done(imageUrl);
    } else {
      const { message, code } = problemIn(params) ?? { message: 'it named no address', code: '' };
      this.#fail(imageRefused(this.#name, message, code));
    }
  }

  /** Waits for nothing any more and reports nothing. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#hooks.ended();
  }

  #fail(error: GatewayError): void {
    this.end();
    this.#hooks.failed(error);
  }

  #limit(limitMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#fail(uploadTimeout(this.#name, limitMs));
    }, limitMs);
  }
}

const METHOD_NOT_FOUND = -32_601;

/** `{result: {requestId, imageUrl}}`; the members may also stand one level higher. */
function resultOf(params: unknown): Record<string, unknown> {
  if (!isRecord(params)) return {};
  return isRecord(params['result']) ? { ...params, ...params['result'] } : params;
}

/** What a reply says against the picture: an error code, or a success that is none. */
function problemIn(answer: unknown): { message: string; code: string } | undefined {
  const { success, errorCode, errorMessage } = resultOf(answer);
  const code = typeof errorCode === 'string' || typeof errorCode === 'number' ? `${errorCode}` : '';
  const failed = success === false || (success !== true && code !== '' && code !== '0');
  if (!failed) return undefined;
  const message =
    typeof errorMessage === 'string' && errorMessage ? errorMessage : 'no reason given';
  return { message, code };
}

function imageRefused(name: string, message: string, code: string | number): GatewayError {
  const reason = code === '' ? message : `${message}, ${code}`;
  return new GatewayError({
    code: 'upstream_rejected',
    status: 400,
    message: `Lingma did not take ${name} of this turn (${reason}). Send a smaller or another image.`,
  });
}

function imagesUnknown(): GatewayError {
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    message: 'This Lingma takes no images (it does not know image/upload). Send text only.',
  });
}

function uploadTimeout(name: string, limitMs: number): GatewayError {
  return new GatewayError({
    code: 'upstream_timeout',
    status: 504,
    message: `Lingma did not store ${name} of this turn within ${limitMs / 1000} s. Send the request again.`,
    retryable: true,
  });
}
