/**
 * The gateway as a window sees it: its own, or the one of another window. Everything in `src/vscode`
 * works on this, so that both kinds of window offer the same.
 */
import type { Event } from '../base/emitter';
import type { TurnEvent } from '../conversation/events';
import type { TurnRequest } from '../conversation/messages';
import type { GatewayActivity, RequestDetails } from '../gateway/activity';
import type { ClientKeyInfo, CreatedKey, KeyRecord } from '../gateway/clientKeys';
import type { EffectiveConfig } from '../gateway/effectiveConfig';
import type { Gateway } from '../gateway/gateway';
import type { LiveOptions } from '../gateway/liveOptions';
import type { HostAction, Leaving } from '../gateway/leaving';
import type { SignInOffer } from '../gateway/signIn';
import type { GatewaySnapshot } from '../gateway/snapshot';

/** What a client needs to call the gateway. */
export interface Connection {
  /** `http://127.0.0.1:PORT`. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

export interface HostedGateway {
  /** Rejects with a GatewayError after undoing what it began. */
  start(): Promise<void>;
  readonly onDidChange: Event<void>;
  /** As of the last change. */
  snapshot(): GatewaySnapshot;
  /** Rejects while it does not listen. */
  connection(): Promise<Connection>;
  activity(): Promise<GatewayActivity>;
  /** Every option with its value now and where it comes from; no secrets. */
  effectiveConfig(): Promise<EffectiveConfig>;
  /** Undefined for a request that is no longer kept. */
  requestDetails(id: string): Promise<RequestDetails | undefined>;
  models(signal: AbortSignal): ReturnType<Gateway['models']>;
  chat(request: TurnRequest, signal: AbortSignal): AsyncIterable<TurnEvent>;
  /** Forgets every idle session; resolves with how many there were. */
  clearSessions(): Promise<number>;
  /** Forgets one idle session; false when it is not there, or in the middle of a turn. */
  evictSession(id: string): Promise<boolean>;
  /** The clients that may call besides the owner. */
  clientKeys(): Promise<readonly ClientKeyInfo[]>;
  /** Makes a key that opens the gateway at once. Rejects with `invalid_request`. */
  createKey(name: string): Promise<CreatedKey>;
  /** Lets in a client whose key was made elsewhere. Rejects with `invalid_request`. */
  admitKey(record: KeyRecord): Promise<void>;
  /** Shuts a client out at once; nothing happens when there is none of that name. */
  revokeKey(name: string): Promise<void>;
  restartInstance(instanceId: string): Promise<void>;
  drainInstance(instanceId: string): Promise<void>;
  beginSignIn(): Promise<SignInOffer>;
  signedIn(instanceId: string, signal: AbortSignal): Promise<boolean>;
}

/** The gateway that runs in this window. */
export interface OwnGateway extends HostedGateway {
  /** @param leaving What the windows that follow it are told. */
  stop(leaving: Leaving): Promise<void>;
  /** Takes over other live options, the clients' keys among them, without a restart. */
  reconfigure(options: LiveOptions): void;
}

/** The gateway of another window. */
export interface FollowedGateway extends HostedGateway {
  /** Follows it no longer; the gateway itself goes on. */
  detach(): void;
  /** Has the other window stop or restart it; resolves when this gateway is over. */
  request(action: HostAction): Promise<void>;
  /** Settles when it can no longer be followed; never after `detach`. */
  readonly ended: Promise<Ended>;
}

/** Why a gateway can no longer be followed: what it said, or nothing at all. */
export type Ended = Leaving | { readonly reason: 'lost' };
