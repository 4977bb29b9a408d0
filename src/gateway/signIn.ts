/**
 * Signing in: the vendor's own page in the user's own browser. The gateway asks a process for the
 * address and then looks, for a while, whether that process knows the user. It never sees a
 * password, and no token gets further than `lingma/account`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance, LiveProcess } from '../lingma/instance';
import { signInUnavailable } from '../lingma/account';

export interface SignInOffer {
  /** The instance that the user signs in to: each one keeps a sign-in of its own. */
  readonly instanceId: string;
  /** https, or http on this computer. */
  readonly loginUrl: string;
}

/** What is needed of an instance. */
export type SignInInstance = Pick<Instance, 'id' | 'status' | 'refresh'>;

export interface SignInOptions {
  readonly instances: () => readonly SignInInstance[];
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** Milliseconds after the last address was given out for which it is looked. */
  readonly forMs: number;
}

interface Watch {
  looksLeft: number;
  readonly outcome: Promise<boolean>;
}

export class SignIn {
  readonly #options: SignInOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #closed = new AbortController();

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /**
   * The page for the ready instance that needs it most, and a look-out for its sign-in. Rejects
   * with `sign_in_unavailable`.
   */
  async begin(): Promise<SignInOffer> {
    const [live] = this.#options
      .instances()
      .flatMap(({ status }) => (status.state === 'ready' ? [status.live] : []))
      .sort((left, right) => need(right) - need(left));
    if (!live) throw signInUnavailable('No Lingma process is ready.');
    if (!live.account) throw signInUnavailable('This agent has a sign-in of its own.');
    const { instanceId } = live.owner;
    const loginUrl = await live.account.signInUrl();
    this.#watch(instanceId);
    return { instanceId, loginUrl };
  }

  /**
   * Whether the user has signed in to that instance: settles as soon as that is so, or with false
   * when nobody looks any more or `signal` aborts.
   */
  outcome(instanceId: string, signal: AbortSignal): Promise<boolean> {
    const watch = this.#watches.get(instanceId);
    if (!watch || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const onAbort = (): void => {
        resolve(false);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      void watch.outcome.then((signedIn) => {
        signal.removeEventListener('abort', onAbort);
        resolve(signedIn);
      });
    });
  }

  /** Looks no more. */
  close(): void {
    this.#closed.abort();
  }

  /** One look-out for each instance; asking for another address prolongs it. */
  #watch(instanceId: string): void {
    const looks = Math.ceil(this.#options.forMs / this.#options.everyMs);
    const running = this.#watches.get(instanceId);
    if (running) running.looksLeft = looks;
    else {
      const watch = { looksLeft: looks, outcome: Promise.resolve(false) };
      watch.outcome = this.#look(instanceId, watch).finally(() => {
        this.#watches.delete(instanceId);
      });
      this.#watches.set(instanceId, watch);
    }
  }

  async #look(instanceId: string, watch: { looksLeft: number }): Promise<boolean> {
    const { signal } = this.#closed;
    while (watch.looksLeft-- > 0) {
      await sleep(this.#options.everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return false;
      const instance = this.#options.instances().find(({ id }) => id === instanceId);
      if (!instance) return false;
      await instance.refresh();
      if (instance.status.state === 'ready' && instance.status.live.signedIn) return true;
    }
    return false;
  }
}

/** Signed out before not known before signed in: the last may want another account. */
function need({ account, signedIn }: LiveProcess): number {
  if (!account || signedIn === true) return 0;
  return signedIn === false ? 2 : 1;
}
