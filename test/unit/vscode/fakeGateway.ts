/** Gateways that do what a test says, for the controller. */
import { Emitter } from '../../../src/base/emitter';
import { GatewayError } from '../../../src/base/errors';
import { newKey } from '../../../src/gateway/clientKeys';
import type { Leaving } from '../../../src/gateway/leaving';
import type { GatewayOptions } from '../../../src/gateway/options';
import type { GatewaySnapshot } from '../../../src/gateway/snapshot';
import type { OwnGateway } from '../../../src/vscode/hostedGateway';
import { snapshot } from './support';

function deferred() {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** A gateway whose start waits until the test lets it go on. */
export class FakeGateway implements OwnGateway {
  readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;
  readonly begun = deferred();
  readonly started = deferred();
  stops = 0;
  current: GatewaySnapshot = snapshot();

  constructor(readonly options: GatewayOptions) {}

  async start() {
    this.begun.resolve();
    await this.started.promise;
  }

  readonly farewells: string[] = [];

  async stop({ reason }: Leaving) {
    await Promise.resolve();
    this.stops += 1;
    this.farewells.push(reason);
  }

  connection() {
    return Promise.resolve({ baseUrl: this.current.baseUrl ?? '', apiKey: this.options.apiKey });
  }

  activity() {
    return Promise.resolve({
      sessions: [],
      requests: [],
      history: [],
      clients: [],
      capturing: false,
    });
  }

  effectiveConfig() {
    return Promise.resolve({});
  }

  requestDetails() {
    return Promise.resolve(undefined);
  }

  evictSession() {
    return Promise.resolve(false);
  }

  snapshot() {
    return this.current;
  }

  clearSessions() {
    return Promise.resolve(3);
  }

  models() {
    return Promise.resolve([]);
  }

  async *chat() {
    // Nobody talks in these tests.
  }

  readonly sizes: number[][] = [];
  readonly acts: string[] = [];

  reconfigure({ instances, maxInFlight }: Pick<GatewayOptions, 'instances' | 'maxInFlight'>) {
    this.sizes.push([instances, maxInFlight]);
  }

  clientKeys() {
    return Promise.resolve([]);
  }

  createKey(name: string) {
    return Promise.resolve(newKey(name, 0));
  }

  admitKey() {
    return Promise.resolve();
  }

  revokeKey() {
    return Promise.resolve();
  }

  async restartInstance(id: string) {
    this.acts.push(`restart ${id}`);
    if (id === 'lingma-1') return Promise.resolve();
    throw new GatewayError({ code: 'not_found', status: 404, message: 'There is none.' });
  }

  async drainInstance(id: string) {
    this.acts.push(`drain ${id}`);
    return Promise.resolve();
  }

  beginSignIn() {
    return Promise.resolve({ instanceId: 'lingma-1', loginUrl: 'https://login.example/' });
  }

  signedIn() {
    return Promise.resolve(true);
  }
}
