import type { Event } from '../base/emitter';
import type { Logger } from '../observe/log';
import type { GatewayOptions } from './options';
import type { GatewaySnapshot } from './snapshot';

export interface GatewayDependencies {
  readonly logger: Logger;
}

/**
 * One gateway from its start to its stop: a listener on 127.0.0.1 and a pool of Lingma processes
 * behind it. Single use: after `stop` build a new one.
 */
export declare class Gateway {
  constructor(options: GatewayOptions, dependencies: GatewayDependencies);

  /** Fires after anything in `snapshot()` may have changed; may fire often, so throttle. */
  readonly onDidChange: Event<void>;

  /**
   * Binds the port, then starts the instances; resolves when the first one is ready.
   * Rejects with a GatewayError (`port_in_use`, `start_failed`, …) after undoing what it began.
   */
  start(): Promise<void>;

  /** Ends running turns with a typed error, closes the listener, stops every process. Idempotent. */
  stop(): Promise<void>;

  snapshot(): GatewaySnapshot;

  /** Forgets every idle session; returns how many there were. */
  clearSessions(): number;
}
