/**
 * The ways to get a connection to something that takes turns: spawn Lingma, attach to a client
 * that runs already, or spawn an agent. Whoever supervises an instance knows only this interface.
 */
import type { Framing } from '../framing';
import type { MessageSocket } from '../rpc';

/**
 * What is at the other end, which decides the handshake and the dialect:
 * - `spawned` a Lingma process of ours;
 * - `shared` a Lingma client of the user's that others use, too, and that goes on without us;
 * - `agent` a program of ours that speaks the standard Agent Client Protocol.
 */
export type Peer = 'spawned' | 'shared' | 'agent';

/** An open connection and what stands behind it. */
export interface Connection {
  readonly peer: Peer;
  readonly socket: MessageSocket;
  readonly framing: Framing;
  /** The process behind it, as far as it is known. */
  readonly pid: number | null;
  /** Its port on this machine, when there is one. */
  readonly port: number | null;
  /** A folder with nothing in it, for whoever acts on its working directory. */
  readonly cwd: string;
  /** Settles with words for people when the process has ended; never for one that is not ours. */
  readonly ended: Promise<string>;
  /** Ends what `connect` began, and nothing else; resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

export interface Connector {
  /**
   * Connects, or rejects with a GatewayError after undoing what it began; a retryable one when
   * another attempt could end differently. Aborting `signal` rejects, too.
   */
  connect(signal: AbortSignal): Promise<Connection>;
}
