/**
 * Keeps a listener on its port. A reset of the network, or a system that ran out of something in the
 * wrong moment, can end a listening socket while its process and its connections live on; then
 * nobody new would ever be served, and nothing would say so.
 */
import { connect, type Server } from 'node:net';
import { reachedAt } from '../base/address';
import { WakefulTimeout } from '../base/wakefulTimeout';
import type { Logger } from '../observe/log';

/** Not every end of a socket is told; this is how long one may go unnoticed. */
const LOOK_EVERY_MS = 15_000;
const LOOK_LIMIT_MS = 2_000;
/** Milliseconds before the second try, twice as many before each one after it. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface PortKeeperOptions {
  /** Listens. */
  readonly server: Server;
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
  /** Hears why the port cannot be taken again, at each try, and `undefined` once it could after all. */
  readonly onChange: (failure: NodeJS.ErrnoException | undefined) => void;
  /** Milliseconds between two looks; 15 s by default. */
  readonly lookEveryMs?: number | undefined;
}

export class PortKeeper {
  readonly #options: PortKeeperOptions;
  #nextLook: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  /** Set while it is looked. */
  #endLook: (() => void) | undefined;
  /** Tries that have failed since the port was lost; undefined while it is ours. */
  #failed: number | undefined;
  #stopped = false;

  constructor(options: PortKeeperOptions) {
    this.#options = options;
    options.server
      .on('listening', () => {
        this.#found();
      })
      .on('close', () => {
        this.#lost('it was closed');
      })
      .on('error', (error) => {
        if (this.#failed === undefined) this.#lost(error.message);
        else this.#tryLater(error);
      });
    this.#lookLater();
  }

  /** To be called before the listener is closed on purpose. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#nextLook);
    clearTimeout(this.#pause);
    this.#endLook?.();
  }

  #lookLater(): void {
    const { lookEveryMs = LOOK_EVERY_MS } = this.#options;
    this.#nextLook = setTimeout(() => {
      this.#look();
      this.#lookLater();
    }, lookEveryMs).unref();
  }

  /**
   * Calls itself, as a client does. To hear anybody is enough: Node takes one connection in a turn of
   * the event loop, so that many may be waiting before this one.
   */
  #look(): void {
    if (this.#failed !== undefined || this.#endLook) return;
    const { server, host, port } = this.#options;
    const socket = connect({ host: reachedAt(host), port }).unref();
    const end = (why?: string): void => {
      limit.clear();
      server.off('connection', onPeer).off('drop', onPeer);
      socket.destroy();
      this.#endLook = undefined;
      if (why !== undefined) this.#lost(why);
    };
    const onPeer = (): void => {
      end();
    };
    let connected = false;
    const limit = new WakefulTimeout(LOOK_LIMIT_MS, () => {
      end(connected ? 'another program answers there' : undefined);
    });
    this.#endLook = end;
    server.on('connection', onPeer).on('drop', onPeer);
    socket.once('connect', () => (connected = true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      // Whatever else goes wrong on the way says nothing about the listener.
      end(code === 'ECONNREFUSED' ? 'nobody listens there any more' : undefined);
    });
  }

  #lost(why: string): void {
    if (this.#stopped || this.#failed !== undefined) return;
    this.#failed = 0;
    const { server, logger, port } = this.#options;
    logger.log('warn', `port ${port} is lost (${why}) and taken again; open connections go on`);
    // An end that nobody told of leaves something behind.
    server.close();
    this.#listen();
  }

  #listen(): void {
    const { server, host, port } = this.#options;
    server.listen({ port, host, exclusive: true });
  }

  #tryLater(error: NodeJS.ErrnoException): void {
    if (this.#stopped) return;
    const failed = this.#failed ?? 0;
    if (failed === 0) {
      const { logger, port } = this.#options;
      logger.log('error', `port ${port} cannot be taken again yet: ${error.message}`);
    }
    this.#failed = failed + 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failed);
    this.#pause = setTimeout(() => {
      this.#listen();
    }, pauseMs);
    this.#options.onChange(error);
  }

  #found(): void {
    // The stop came between a try and its success.
    if (this.#stopped) this.#options.server.close();
    if (this.#stopped || this.#failed === undefined) return;
    const failed = this.#failed;
    this.#failed = undefined;
    this.#options.logger.log('warn', `listens on port ${this.#options.port} again`);
    if (failed > 0) this.#options.onChange(undefined);
  }
}
