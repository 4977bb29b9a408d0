/** What a listener takes of anybody, before it is known who that is. */

export interface HttpLimits {
  /** Bytes of a request's head: the request line and all headers. */
  readonly headBytes: number;
  /** Lines of headers; 2,000 at most. */
  readonly headers: number;
  /** Milliseconds from a request's first byte to the end of its head. */
  readonly headMs: number;
  /** Milliseconds from a request's first byte to the last one of its body. */
  readonly requestMs: number;
  /** Milliseconds that a connection may be kept without a request, before its first one as well. */
  readonly idleMs: number;
  /** How often the times above are looked at, in milliseconds. */
  readonly checkEveryMs: number;
  readonly connections: number;
  /** Requests on one connection whose answers are not finished. */
  readonly pipelined: number;
  /** Bytes of bodies, decompressed, whose requests are not answered: of one key, and of all keys. */
  readonly bodyBytesPerKey: number;
  readonly bodyBytes: number;
  /** Wrong keys within a minute whose refusal is not delayed. */
  readonly wrongKeys: number;
  /** Milliseconds by which each further one is delayed more than the one before. */
  readonly wrongKeyStepMs: number;
  readonly wrongKeyMostMs: number;
  /** Refusals that are held back at a time; what is beyond is told at once, and cut off. */
  readonly wrongKeysHeld: number;
}

export const httpLimits: HttpLimits = {
  // Node's own default, which a variable of the environment could change.
  headBytes: 16 * 1024,
  // Clients send some thirty. Node leaves out those beyond 2,000, so this has to be fewer.
  headers: 200,
  // A head is one packet. Who needs longer drips it.
  headMs: 10_000,
  // 32 MiB over a slow network.
  requestMs: 120_000,
  // Longer than the minute for which clients and proxies commonly keep connections.
  idleMs: 65_000,
  checkEveryMs: 1_000,
  // Of the descriptors that a process has by default, some are left for files and processes.
  connections: 900,
  pipelined: 64,
  // A turn holds its body two or three times, and Node's heap may end at 2 GiB.
  bodyBytesPerKey: 256 * 1024 * 1024,
  bodyBytes: 512 * 1024 * 1024,
  wrongKeys: 10,
  wrongKeyStepMs: 25,
  wrongKeyMostMs: 1_000,
  wrongKeysHeld: 32,
};
