/**
 * What the gateway does, for everything in this window that shows it. It is asked for only while
 * somebody watches: when the gateway says that something changed, and at a slow pace for what
 * changes without being said.
 */
import { type Disposable, toDisposable } from '../base/disposable';
import { Emitter, type Event } from '../base/emitter';
import { toGatewayError } from '../base/errors';
import type { HostState } from '../dashboard/protocol';
import type { GatewayActivity } from '../gateway/activity';
import type { Logger } from '../observe/log';
import type { HostedGateway } from './hostedGateway';
import { Throttle } from './throttle';

/** The part of the controller that the feed needs. */
export interface ActivitySource {
  readonly serving: Pick<HostedGateway, 'activity'> | undefined;
  readonly onDidChange: Event<HostState>;
}

/** Milliseconds. */
export interface FeedPace {
  /** Least time between two requests. */
  readonly leastMs: number;
  /** Time to the next request while turns run, and while none does. */
  readonly runningMs: number;
  readonly idleMs: number;
}

const usualPace: FeedPace = { leastMs: 500, runningMs: 1000, idleMs: 30_000 };

export class ActivityFeed implements Disposable {
  readonly #source: ActivitySource;
  readonly #logger: Logger;
  readonly #pace: FeedPace;
  readonly #throttle: Throttle;
  readonly #changed = new Emitter<GatewayActivity>();
  readonly #subscription: Disposable;
  #watchers = 0;
  #current: GatewayActivity | undefined;
  #fetching = false;
  #again = false;
  #next: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(source: ActivitySource, logger: Logger, pace: FeedPace = usualPace) {
    this.#source = source;
    this.#logger = logger.child('activity');
    this.#pace = pace;
    this.#throttle = new Throttle(() => void this.#fetch(), pace.leastMs);
    this.#subscription = source.onDidChange(() => {
      if (!source.serving) this.#current = undefined;
      else this.refresh();
    });
  }

  /** Fires with every activity that was fetched. */
  readonly onDidChange = this.#changed.event;

  /** As of the last request; undefined before the first, and without a gateway. */
  get current(): GatewayActivity | undefined {
    return this.#current;
  }

  /** Keeps the feed going until the result is disposed. */
  watch(): Disposable {
    this.#watchers += 1;
    this.refresh();
    let watching = true;
    return toDisposable(() => {
      if (!watching) return;
      watching = false;
      this.#watchers -= 1;
      if (this.#watchers === 0) clearTimeout(this.#next);
    });
  }

  /** Asks again, soon: something was done that will show. */
  refresh(): void {
    if (this.#watchers > 0) this.#throttle.schedule();
  }

  dispose(): void {
    this.#disposed = true;
    this.#subscription.dispose();
    this.#throttle.dispose();
    clearTimeout(this.#next);
    this.#changed.dispose();
  }

  async #fetch(): Promise<void> {
    const gateway = this.#source.serving;
    if (!gateway || this.#watchers === 0) return;
    if (this.#fetching) {
      // One answer at a time: a slow gateway is not asked faster than it answers.
      this.#again = true;
      return;
    }
    this.#fetching = true;
    clearTimeout(this.#next);
    try {
      const activity = await gateway.activity();
      // By now it may be another gateway, or none.
      if (this.#source.serving === gateway && !this.#disposed) {
        this.#current = activity;
        this.#changed.fire(activity);
      }
    } catch (error) {
      // The state says what is wrong with the gateway; here it only means that there is no news.
      this.#logger.log('debug', toGatewayError(error).message);
    }
    this.#fetching = false;
    if (this.#disposed || this.#watchers === 0) return;
    if (this.#again) {
      this.#again = false;
      this.#throttle.schedule();
    } else {
      const { runningMs, idleMs } = this.#pace;
      const running = this.#current?.requests.some(
        ({ state }) => state === 'waiting' || state === 'streaming',
      );
      this.#next = setTimeout(
        () => {
          this.refresh();
        },
        running ? runningMs : idleMs,
      );
    }
  }
}
