/** The gateway that runs in this window, as the rest of the window sees it. */
import { GatewayError, stopping } from '../../base/errors';
import type { Event } from '../../base/emitter';
import type { TurnEvent } from '../../conversation/events';
import type { TurnRequest } from '../../conversation/messages';
import type { KeyRecord } from '../../gateway/clientKeys';
import { Gateway, type GatewayDependencies } from '../../gateway/gateway';
import type { Leaving } from '../../gateway/leaving';
import type { LiveOptions } from '../../gateway/liveOptions';
import type { GatewayOptions } from '../../gateway/options';
import type { Connection, OwnGateway } from '../hostedGateway';

export class LocalGateway implements OwnGateway {
  readonly #gateway: Gateway;
  readonly #apiKey: string;
  readonly onDidChange: Event<void>;

  /** Throws as the constructor of `Gateway` does. */
  constructor(options: GatewayOptions, dependencies: GatewayDependencies) {
    this.#gateway = new Gateway(options, dependencies);
    this.#apiKey = options.apiKey;
    this.onDidChange = this.#gateway.onDidChange;
  }

  start(): Promise<void> {
    return this.#gateway.start();
  }

  stop(leaving: Leaving): Promise<void> {
    return this.#gateway.stop(leaving);
  }

  reconfigure(options: LiveOptions): void {
    this.#gateway.reconfigure(options);
  }

  snapshot() {
    return this.#gateway.snapshot();
  }

  connection(): Promise<Connection> {
    const { baseUrl } = this.snapshot();
    if (baseUrl === null) return Promise.reject(stopping());
    return Promise.resolve({ baseUrl, apiKey: this.#apiKey });
  }

  async activity() {
    return Promise.resolve(this.#gateway.activity());
  }

  async effectiveConfig() {
    return Promise.resolve(this.#gateway.effectiveConfig());
  }

  async requestDetails(id: string) {
    return Promise.resolve(this.#gateway.requestDetails(id));
  }

  models(signal: AbortSignal) {
    return this.#gateway.models(signal);
  }

  chat(request: TurnRequest, signal: AbortSignal): AsyncIterable<TurnEvent> {
    return this.#gateway.chat(request, signal);
  }

  async clearSessions() {
    return Promise.resolve(this.#gateway.clearSessions());
  }

  async evictSession(id: string) {
    return Promise.resolve(this.#gateway.evictSession(id));
  }

  async clientKeys() {
    return Promise.resolve(this.#gateway.clientKeys());
  }

  createKey(name: string) {
    return this.#gateway.createKey(name);
  }

  admitKey(record: KeyRecord) {
    return this.#gateway.admitKey(record);
  }

  async revokeKey(name: string) {
    try {
      await this.#gateway.revokeKey(name);
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'not_found')) throw error;
    }
  }

  async restartInstance(instanceId: string) {
    await Promise.resolve();
    this.#gateway.restartInstance(instanceId);
  }

  async drainInstance(instanceId: string) {
    await Promise.resolve();
    this.#gateway.drainInstance(instanceId);
  }

  beginSignIn() {
    return this.#gateway.beginSignIn();
  }

  signedIn(instanceId: string, signal: AbortSignal) {
    return this.#gateway.signedIn(instanceId, signal);
  }
}
