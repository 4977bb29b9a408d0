/** The network as the fetching of images sees it: names become addresses, addresses answer. */
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { isIPv6 } from 'node:net';
import { version } from '../base/version';

/** What came back for one request; its body is read once. */
export interface RemoteAnswer {
  readonly status: number;
  /** Where a redirect leads, as it was sent. */
  readonly location: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection, whatever of the body is still unread. */
  close(): void;
}

export interface RemoteNetwork {
  /** Every address of a name, as literals. Rejects when it has none. */
  resolve(hostname: string): Promise<readonly string[]>;
  /**
   * Asks for `url` over one of `addresses`; the name in it is not looked up again. Rejects with any
   * error when nothing answers or `signal` aborts.
   */
  get(url: URL, addresses: readonly string[], signal: AbortSignal): Promise<RemoteAnswer>;
}

/** The network of this machine, without any proxy: a proxy would look the name up once more. */
export const systemNetwork: RemoteNetwork = {
  async resolve(hostname) {
    const found = await lookup(hostname, { all: true });
    return found.map(({ address }) => address);
  },

  async get(url, addresses, signal) {
    const { Agent } = await import('undici');
    const agent = new Agent({ connect: { lookup: fixedLookup(addresses) } });
    const close = (): void => void agent.destroy().catch(() => undefined);
    try {
      const { statusCode, headers, body } = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        // Packed content would have to be unpacked under a limit of its own.
        headers: {
          accept: 'image/*',
          'accept-encoding': 'identity',
          'user-agent': `lingma-gateway/${version}`,
        },
        signal,
      });
      // A body that nobody reads fails when its connection is closed, which is nobody's concern.
      body.on('error', () => undefined);
      const { location } = headers;
      return {
        status: statusCode,
        location: typeof location === 'string' ? location : undefined,
        body,
        close,
      };
    } catch (error) {
      close();
      throw error;
    }
  },
};

/** Gives these addresses for any name, in the form Node asks for. */
function fixedLookup(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (hostname, options, callback) => {
    const [first] = all;
    if (options.all === true) callback(null, all);
    else if (first) callback(null, first.address, first.family);
    else callback(new Error(`no address for ${hostname}`), '');
  };
}
