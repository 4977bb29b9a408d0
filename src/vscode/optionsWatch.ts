import type { Disposable } from '../base/disposable';
import { LIVE_OPTION_NAMES } from '../gateway/liveOptions';
import type { GatewayOptions } from '../gateway/options';
import type { Logger } from '../observe/log';
import type { GatewayController } from './controller';
import { changedOptions } from './settings';

export interface OptionsWatchDependencies {
  readonly logger: Logger;
  readonly controller: Pick<
    GatewayController,
    'state' | 'wantedOptions' | 'isConcernedBy' | 'reconfigure' | 'restart'
  >;
  readonly buildOptions: () => Promise<GatewayOptions>;
  /** How long settings and key must rest before they are looked at. */
  readonly settleMs?: number;
  /** How often it looks for what no event tells, in milliseconds. */
  readonly lookEveryMs?: number;
}

/** Another editor, with a gateway on another port, may have rotated the key or revoked one. */
const LOOK_EVERY_MS = 60_000;

/** What a gateway changes while it runs, so that no turn and no warm session is lost. */
const LIVE: ReadonlySet<string> = new Set(LIVE_OPTION_NAMES);

/**
 * Brings a changed setting or key to the gateway: in place where it can change, else by a restart.
 * Several changes are one restart.
 */
export class OptionsWatch implements Disposable {
  readonly #dependencies: OptionsWatchDependencies;
  readonly #look: ReturnType<typeof setInterval>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(dependencies: OptionsWatchDependencies) {
    this.#dependencies = dependencies;
    const { controller, lookEveryMs = LOOK_EVERY_MS } = dependencies;
    this.#look = setInterval(() => {
      if (controller.state.kind === 'ready') this.notice();
    }, lookEveryMs);
  }

  /** Call when the settings or the key may have changed. */
  readonly notice = (): void => {
    clearTimeout(this.#timer);
    if (this.#disposed) return;
    this.#timer = setTimeout(() => {
      void this.#apply();
    }, this.#dependencies.settleMs ?? 400);
  };

  dispose(): void {
    this.#disposed = true;
    clearInterval(this.#look);
    clearTimeout(this.#timer);
  }

  async #apply(): Promise<void> {
    const { logger, controller, buildOptions } = this.#dependencies;
    try {
      const after = await buildOptions();
      const before = controller.wantedOptions();
      if (!before) {
        // No gateway is wanted, or its start has yet to read the options: nothing to replace.
        if (controller.state.kind !== 'failed') return;
        logger.log('info', 'start, because the settings can be used now');
        await controller.restart('settings');
        return;
      }
      const changed = changedOptions(before, after).filter((name) =>
        controller.isConcernedBy(name),
      );
      if (changed.length === 0) return;
      if (changed.every((name) => LIVE.has(name)) && controller.reconfigure(after)) {
        logger.log('info', `without a restart: a change of ${changed.join(', ')}`);
        return;
      }
      logger.log('info', `restart, because of a change of ${changed.join(', ')}`);
      await controller.restart('settings');
    } catch (error) {
      logger.log('error', `the changed settings could not be applied: ${String(error)}`);
    }
  }
}
