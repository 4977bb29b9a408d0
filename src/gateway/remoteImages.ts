/**
 * Images of which a client sent the address only. They are refused, or, where the settings allow
 * it, fetched from public addresses before the conversation is hashed: what a picture is known by
 * is its bytes, and those behind an address may change.
 */
import { isIP } from 'node:net';
import { cancelled, GatewayError, invalidRequest } from '../base/errors';
import {
  imageKind,
  imagePart,
  IMAGE_KINDS,
  isRemoteImage,
  MAX_IMAGE_BYTES,
  remoteImage,
  tooLarge,
} from '../conversation/images';
import type { ContentPart, ImagePart, Message, Part } from '../conversation/messages';
import { isPublicAddress } from './publicAddress';
import type { RemoteNetwork } from './remoteNetwork';

/** Most different addresses in one request. */
export const MAX_REMOTE_IMAGES = 8;
const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Limit of all fetches of a request together, which run side by side. */
const FETCH_TIMEOUT_MS = 10_000;
const INSTEAD = 'Send the image itself as base64 (a data: URI).';

/**
 * The messages with the bytes of every image in them. Throws an error of status 400 that names the
 * field of an image that cannot be had, and the reason of `signal` when it aborts.
 */
export type RemoteImages = (
  messages: readonly Message[],
  signal: AbortSignal,
) => Promise<readonly Message[]>;

/** Fetches nothing: throws `unsupported_content` at the first remote image. */
export const refuseRemoteImages: RemoteImages = (messages) => {
  const [first] = remoteImagesIn(messages);
  return first ? Promise.reject(remoteImage(first.path)) : Promise.resolve(messages);
};

/**
 * Fetches remote images through `network`, each address once. Names and redirects that lead
 * anywhere but to public addresses are refused before anything is sent there.
 */
export function fetchRemoteImages(
  network: RemoteNetwork,
  timeoutMs = FETCH_TIMEOUT_MS,
): RemoteImages {
  return async (messages, signal) => {
    const places = new Map<string, string>();
    for (const { url, path } of remoteImagesIn(messages)) {
      if (!places.has(url)) places.set(url, path);
      if (places.size > MAX_REMOTE_IMAGES) throw tooMany(path);
    }
    if (places.size === 0) return messages;
    const ended = new AbortController();
    const onAbort = (): void => {
      ended.abort(signal.reason instanceof GatewayError ? signal.reason : cancelled());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const timer = setTimeout(() => {
      ended.abort();
    }, timeoutMs);
    try {
      const fetched = await Promise.all(
        [...places].map(async ([url, path]) => {
          const fetching = new Fetch(network, path, ended.signal);
          return [url, await fetching.image(url)] as const;
        }),
      );
      return withImages(messages, new Map(fetched));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      // One that failed leaves the others without a purpose.
      ended.abort(cancelled());
    }
  };
}

/** The fetching of one image; every failure names the field it came from. */
class Fetch {
  readonly #network: RemoteNetwork;
  readonly #path: string;
  readonly #signal: AbortSignal;

  constructor(network: RemoteNetwork, path: string, signal: AbortSignal) {
    this.#network = network;
    this.#path = path;
    this.#signal = signal;
  }

  async image(url: string): Promise<ImagePart> {
    let next = this.#parse(url);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const reply = await this.#ask(next);
      if (!('location' in reply)) return reply;
      next = this.#parse(reply.location, next);
    }
    throw this.#refused(`is redirected more than ${MAX_REDIRECTS} times.`);
  }

  /** One request: the image, or where else it is to be found. */
  async #ask(url: URL): Promise<ImagePart | { readonly location: string }> {
    const addresses = await this.#addresses(url);
    const answer = await this.#unlessEnded(
      this.#network.get(url, addresses, this.#signal),
      (late) => {
        late.close();
      },
    );
    try {
      const { status, location } = answer;
      if (REDIRECTS.has(status) && location !== undefined) return { location };
      if (status !== 200) throw this.#refused(`was answered with status ${status}.`);
      const bytes = await this.#unlessEnded(this.#read(answer.body));
      const kind = imageKind(bytes);
      if (kind === undefined) throw this.#refused(`leads to no ${IMAGE_KINDS} image.`);
      return imagePart(`data:${kind};base64,${bytes.toString('base64')}`, this.#path);
    } finally {
      answer.close();
    }
  }

  /** The addresses of the host. A name in use inside and one that nobody has are told alike. */
  async #addresses({ hostname }: URL): Promise<readonly string[]> {
    const literal = hostname.replace(/^\[(.*)\]$/, '$1');
    const addresses =
      isIP(literal) > 0
        ? [literal]
        : await this.#unlessEnded(this.#network.resolve(hostname).catch(() => []));
    if (addresses.length === 0 || !addresses.every(isPublicAddress)) {
      throw this.#refused('leads to no public address of the internet.');
    }
    return addresses;
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > MAX_IMAGE_BYTES) throw tooLarge(this.#path);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  #parse(address: string, base?: URL): URL {
    const url = URL.canParse(address, base?.href) ? new URL(address, base) : undefined;
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
      throw this.#refused('leads to no http or https address.');
    }
    if (url.username !== '' || url.password !== '') {
      throw this.#refused('has a user name or a password in its address.');
    }
    return url;
  }

  /**
   * What `work` gives, or the end of the fetch, whichever comes first; not everything that is
   * waited for can be cancelled. `late` takes what is given after the end.
   */
  async #unlessEnded<T>(work: Promise<T>, late?: (given: T) => void): Promise<T> {
    const signal = this.#signal;
    let onAbort = (): void => undefined;
    const end = new Promise<never>((_, reject) => {
      onAbort = () => {
        reject(this.#end());
        work.then(late).catch(() => undefined);
      };
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await Promise.race([end, work]);
    } catch (error) {
      if (signal.aborted) throw this.#end();
      throw error instanceof GatewayError ? error : this.#refused('could not be fetched.');
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #end(): GatewayError {
    const reason: unknown = this.#signal.reason;
    return reason instanceof GatewayError ? reason : this.#refused('was not there in time.');
  }

  #refused(problem: string): GatewayError {
    return invalidRequest(this.#path, `The image at ${this.#path} ${problem} ${INSTEAD}`);
  }
}

function tooMany(path: string): GatewayError {
  return invalidRequest(
    path,
    `${path} is one remote image too many: ${MAX_REMOTE_IMAGES} are fetched for one request. ${INSTEAD}`,
  );
}

/** The remote images, in order, with the field that holds each. */
function* remoteImagesIn(messages: readonly Message[]): Generator<{ url: string; path: string }> {
  for (const message of messages) {
    // Nearly every message has none, and every turn looks at all of them.
    if (!message.parts.some(holdsImage)) continue;
    for (const part of message.parts.flatMap(contents)) {
      if (part.type !== 'image' || !isRemoteImage(part)) continue;
      yield { url: part.url, path: part.path ?? message.path };
    }
  }
}

function holdsImage(part: Part): boolean {
  return part.type === 'image' || (part.type === 'toolResult' && part.parts.some(holdsImage));
}

function contents(part: Part): readonly Part[] {
  return part.type === 'toolResult' ? part.parts : [part];
}

function withImages(
  messages: readonly Message[],
  images: ReadonlyMap<string, ImagePart>,
): readonly Message[] {
  const replaced = (part: ContentPart): ContentPart =>
    part.type === 'image' ? (images.get(part.url) ?? part) : part;
  return messages.map((message) => ({
    ...message,
    parts: message.parts.map((part): Part => {
      if (part.type === 'toolCall') return part;
      if (part.type !== 'toolResult') return replaced(part);
      return { ...part, parts: part.parts.map(replaced) };
    }),
  }));
}
