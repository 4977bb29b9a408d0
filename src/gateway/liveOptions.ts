/** The options that a running gateway takes over at once, without losing a turn or a session. */
import type { GatewayOptions } from './options';

/** Their names; every other option needs a new gateway. */
export const LIVE_OPTION_NAMES = [
  'instances',
  'maxInFlight',
  'sessionMax',
  'sessionMaxPerInstance',
  'sessionTtlSeconds',
  'idleTimeoutSeconds',
  'turnTimeoutSeconds',
  'modelAliases',
  'askMode',
  'remoteImages',
  'blindModels',
  'corsOrigins',
  'allowedHosts',
  'maxTurnsPerKey',
  'captureBodies',
  'clientKeys',
] as const satisfies (keyof GatewayOptions)[];

export type LiveOptions = Pick<GatewayOptions, (typeof LIVE_OPTION_NAMES)[number]>;

/**
 * The live options as they are now: one object for the whole life of a gateway. Whoever holds it
 * must read from it each time, and not keep what it read.
 */
export class LiveOptionsHolder {
  readonly #current: LiveOptions;

  constructor(options: GatewayOptions) {
    this.#current = pick(options);
  }

  get current(): LiveOptions {
    return this.#current;
  }

  /** Takes over what `options` says of them; options of other names are left alone. */
  update(options: Partial<LiveOptions>): void {
    Object.assign(this.#current, pick({ ...this.#current, ...options }));
  }
}

function pick(options: LiveOptions): LiveOptions {
  const entries = LIVE_OPTION_NAMES.map((name) => [name, options[name]] as const);
  return Object.fromEntries(entries) as unknown as LiveOptions;
}
