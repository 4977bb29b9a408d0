/** The gateway of another window: it is shown, talked to and steered over HTTP on this machine. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Emitter } from '../../base/emitter';
import { type ErrorCode, GatewayError, toGatewayError } from '../../base/errors';
import { isRecord } from '../../base/json';
import { WakefulTimeout } from '../../base/wakefulTimeout';
import type { TurnEvent } from '../../conversation/events';
import type { TurnRequest } from '../../conversation/messages';
import type { GatewayActivity, RequestDetails } from '../../gateway/activity';
import type { ClientKeyInfo, CreatedKey, KeyRecord } from '../../gateway/clientKeys';
import type { EffectiveConfig } from '../../gateway/effectiveConfig';
import type { HostAction, Leaving } from '../../gateway/leaving';
import type { SignInOffer } from '../../gateway/signIn';
import type { GatewaySnapshot } from '../../gateway/snapshot';
import type { Connection, Ended, FollowedGateway } from '../hostedGateway';
import {
  askLeader,
  type LeaderAddress,
  leaderGone,
  linesOf,
  openStream,
  toLeaderError,
} from './leaderClient';

/** The leader shows that it lives every 15 seconds; two of these signs may be late. */
const SILENCE_MS = 40_000;
/** How long the leader may take to begin its events, which it does at once. */
const HEAD_MS = 10_000;
/** How long the page for signing in is waited for, as the leader itself does. */
const SIGN_IN_MS = 600_000;
/** How long the leader may take to end once it has been asked to. */
const FAREWELL_MS = 5_000;

export class RemoteGateway implements FollowedGateway {
  readonly #address: LeaderAddress;
  readonly #changed = new Emitter<void>();
  readonly #closed = new AbortController();
  #snapshot: GatewaySnapshot | undefined;
  #tellEnd: (ended: Ended) => void = () => undefined;

  readonly onDidChange = this.#changed.event;

  readonly ended = new Promise<Ended>((resolve) => (this.#tellEnd = resolve));

  constructor(address: LeaderAddress) {
    this.#address = address;
  }

  /** Connects; resolves with the first snapshot. Rejects with `leader_gone`. */
  async start(): Promise<void> {
    const { signal } = this.#closed;
    const response = await openStream(this.#address, {
      method: 'GET',
      path: '/internal/events',
      signal,
      headMs: HEAD_MS,
    });
    await new Promise<void>((resolve, reject) => {
      const subscription = this.onDidChange(() => {
        subscription.dispose();
        resolve();
      });
      void this.#follow(response).then(() => {
        reject(leaderGone('the events ended'));
      });
    });
  }

  detach(): void {
    this.#closed.abort(leaderGone('no longer followed'));
    this.#changed.dispose();
  }

  snapshot(): GatewaySnapshot {
    if (!this.#snapshot) throw leaderGone('nothing has been heard of it yet');
    return this.#snapshot;
  }

  async connection(): Promise<Connection> {
    return (await this.#get('/internal/connection')) as Connection;
  }

  async activity(): Promise<GatewayActivity> {
    return (await this.#get('/internal/activity')) as GatewayActivity;
  }

  async effectiveConfig(): Promise<EffectiveConfig> {
    const { options } = (await this.#get('/internal/effective-config')) as {
      options: EffectiveConfig;
    };
    return options;
  }

  async requestDetails(id: string): Promise<RequestDetails | undefined> {
    const path = `/internal/requests/${encodeURIComponent(id)}`;
    return (await unlessCode(['not_found'], this.#get(path))) as RequestDetails | undefined;
  }

  async models(signal: AbortSignal): ReturnType<FollowedGateway['models']> {
    const request = { method: 'GET', path: '/internal/models', signal } as const;
    const { models } = (await askLeader(this.#address, request)) as {
      models: Awaited<ReturnType<FollowedGateway['models']>>;
    };
    return models;
  }

  async *chat(request: TurnRequest, signal: AbortSignal): AsyncGenerator<TurnEvent, void> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    try {
      const response = await openStream(this.#address, {
        method: 'POST',
        path: '/internal/chat',
        body: request,
        signal: ended,
      });
      yield* turnEvents(linesOf(response));
    } catch (error) {
      if (ended.aborted) throw toGatewayError(ended.reason);
      throw error instanceof GatewayError ? error : leaderGone(error);
    }
  }

  async clearSessions(): Promise<number> {
    const answer = await this.#ask('DELETE', '/internal/sessions');
    return isRecord(answer) && typeof answer['cleared'] === 'number' ? answer['cleared'] : 0;
  }

  async evictSession(id: string): Promise<boolean> {
    const path = `/internal/sessions/${encodeURIComponent(id)}`;
    const evicted = this.#ask('DELETE', path);
    return (await unlessCode(['not_found', 'session_busy'], evicted)) !== undefined;
  }

  async clientKeys(): Promise<readonly ClientKeyInfo[]> {
    const { keys } = (await this.#get('/internal/keys')) as { keys: readonly ClientKeyInfo[] };
    return keys;
  }

  async createKey(name: string): Promise<CreatedKey> {
    return (await this.#ask('POST', '/internal/keys', { name })) as CreatedKey;
  }

  async admitKey({ name, digest, createdAtMs, lastUsedAtMs }: KeyRecord): Promise<void> {
    await this.#ask('POST', '/internal/keys', { name, digest, createdAtMs, lastUsedAtMs });
  }

  async revokeKey(name: string): Promise<void> {
    const path = `/internal/keys/${encodeURIComponent(name)}`;
    await unlessCode(['not_found'], this.#ask('DELETE', path));
  }

  async restartInstance(instanceId: string): Promise<void> {
    await this.#ask('POST', `/internal/instances/${encodeURIComponent(instanceId)}/restart`);
  }

  async drainInstance(instanceId: string): Promise<void> {
    await this.#ask('POST', `/internal/instances/${encodeURIComponent(instanceId)}/drain`);
  }

  async beginSignIn(): Promise<SignInOffer> {
    const answer = await this.#ask('POST', '/internal/login');
    const { instance, loginUrl } = isRecord(answer) ? answer : {};
    if (typeof instance !== 'string' || typeof loginUrl !== 'string') throw toLeaderError(answer);
    return { instanceId: instance, loginUrl };
  }

  /** The leader looks for the sign-in; its snapshot says when it has found one. */
  signedIn(instanceId: string, signal: AbortSignal): Promise<boolean> {
    const over = AbortSignal.any([signal, this.#closed.signal, AbortSignal.timeout(SIGN_IN_MS)]);
    const isIn = (): boolean =>
      this.snapshot().instances.find(({ id }) => id === instanceId)?.signedIn === true;
    if (over.aborted || isIn()) return Promise.resolve(!over.aborted);
    return new Promise((resolve) => {
      const settle = (result: boolean): void => {
        subscription.dispose();
        resolve(result);
      };
      const subscription = this.onDidChange(() => {
        if (isIn()) settle(true);
      });
      void this.ended.then(() => {
        settle(false);
      });
      over.addEventListener('abort', () => {
        settle(false);
      });
    });
  }

  async request(action: HostAction): Promise<void> {
    await this.#ask('POST', '/internal/host', { action });
    await Promise.race([this.ended, sleep(FAREWELL_MS, undefined, { ref: false })]);
  }

  #get(path: string): Promise<unknown> {
    return this.#ask('GET', path);
  }

  #ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const { signal } = this.#closed;
    return askLeader(this.#address, { method, path, body, signal });
  }

  /** Reads the events to their end, which it tells. */
  async #follow(response: IncomingMessage): Promise<void> {
    const silence = new WakefulTimeout(SILENCE_MS, () => {
      response.destroy();
    });
    let end: Ended = { reason: 'lost' };
    let name = '';
    try {
      for await (const line of linesOf(response)) {
        silence.refresh();
        if (line.startsWith('event: ')) name = line.slice('event: '.length);
        if (!line.startsWith('data: ')) continue;
        const data: unknown = JSON.parse(line.slice('data: '.length));
        if (name === 'leaving') end = data as Leaving;
        else if (name === 'snapshot') this.#update(data as GatewaySnapshot);
      }
    } catch {
      // Broken off: the leader was killed, or hangs.
    }
    silence.clear();
    if (!this.#closed.signal.aborted) this.#tellEnd(end);
  }

  #update(snapshot: GatewaySnapshot): void {
    this.#snapshot = snapshot;
    this.#changed.fire();
  }
}

async function* turnEvents(lines: AsyncIterable<string>): AsyncGenerator<TurnEvent, void> {
  for await (const line of lines) {
    // An empty line is a sign of life.
    if (line === '') continue;
    const event = JSON.parse(line) as TurnEvent | { type: 'error'; error: unknown };
    if (event.type === 'error') throw toLeaderError(event.error);
    yield event;
    if (event.type === 'end') return;
  }
  throw leaderGone('the answer broke off');
}

/** What `promise` gives, or undefined when it rejects with one of these codes. */
async function unlessCode(
  codes: readonly ErrorCode[],
  promise: Promise<unknown>,
): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof GatewayError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
