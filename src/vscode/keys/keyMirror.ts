/**
 * Keeps a window that follows ready to lead: it knows the keys that the leading one lets in, and
 * that one knows those which were made here. Both are told by digests alone.
 */
import type { Disposable } from '../../base/disposable';
import { toGatewayError } from '../../base/errors';
import { freeName } from '../../gateway/clientKeys';
import type { Logger } from '../../observe/log';
import type { GatewayController } from '../controller';
import type { HostedGateway } from '../hostedGateway';
import type { KeyStore } from './keyStore';

/** How often a window looks that follows; what its own editor knows it hears at once. */
const LOOK_EVERY_MS = 60_000;

export interface KeyMirrorDependencies {
  readonly controller: Pick<GatewayController, 'state' | 'onDidChange'> & {
    readonly serving: KeyGateway | undefined;
  };
  readonly store: Pick<KeyStore, 'list' | 'mirror' | 'revoked' | 'onDidChange'>;
  readonly logger: Logger;
  readonly lookEveryMs?: number;
}

type KeyGateway = Pick<HostedGateway, 'clientKeys' | 'admitKey' | 'revokeKey'>;

export class KeyMirror implements Disposable {
  readonly #dependencies: KeyMirrorDependencies;
  readonly #subscriptions: readonly Disposable[];
  #followed: KeyGateway | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(dependencies: KeyMirrorDependencies) {
    this.#dependencies = dependencies;
    const { controller, store } = dependencies;
    this.#subscriptions = [
      controller.onDidChange(() => {
        this.#look();
      }),
      store.onDidChange(() => {
        this.#schedule();
      }),
    ];
  }

  dispose(): void {
    clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #look(): void {
    const { controller, lookEveryMs = LOOK_EVERY_MS } = this.#dependencies;
    const { state } = controller;
    const follows = state.kind === 'ready' && state.role === 'follower';
    const followed = follows ? controller.serving : undefined;
    if (followed === this.#followed) return;
    this.#followed = followed;
    clearInterval(this.#timer);
    if (!followed) return;
    this.#timer = setInterval(() => {
      this.#schedule();
    }, lookEveryMs);
    this.#schedule();
  }

  #schedule(): void {
    this.#last = this.#last.then(async () => {
      const gateway = this.#followed;
      if (!gateway) return;
      try {
        await this.#exchange(gateway);
      } catch (error) {
        // The next look tries again, and a gateway that has gone is followed no longer.
        const { message } = toGatewayError(error);
        this.#dependencies.logger.log('debug', `keys were not exchanged: ${message}`);
      }
    });
  }

  async #exchange(gateway: KeyGateway): Promise<void> {
    const { store } = this.#dependencies;
    const theirs = [...(await gateway.clientKeys())];
    const revoked = await store.revoked();
    for (const { name, digest } of theirs) {
      if (revoked.has(digest)) await gateway.revokeKey(name);
    }
    await store.mirror(theirs);
    for (const record of await store.list()) {
      if (theirs.some(({ digest }) => digest === record.digest)) continue;
      await gateway.admitKey({ ...record, name: freeName(record.name, theirs) });
    }
  }
}
