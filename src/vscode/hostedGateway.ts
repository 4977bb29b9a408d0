/**
 * The gateway as a window sees it: its own, or the one of another window. Everything in `src/vscode`
 * works on this, so that both kinds of window offer the same.
 */
import type { Event } from '../base/emitter';
import type { TurnEvent } from '../conversation/events';
import type { TurnRequest } from '../conversation/messages';
import type { GatewayActivity, RequestDetails } from '../gateway/activity';
import type { PoolSize } from '../gateway/controlRoutes';
import type { Gateway } from '../gateway/gateway';
import type { SignInOffer } from '../gateway/signIn';
import type { GatewaySnapshot } from '../gateway/snapshot';

export interface HostedGateway {
  /** Rejects with a GatewayError after undoing what it began. */
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly onDidChange: Event<void>;
  /** As of the last change. */
  snapshot(): GatewaySnapshot;
  activity(): Promise<GatewayActivity>;
  /** Undefined for a request that is no longer kept. */
  requestDetails(id: string): Promise<RequestDetails | undefined>;
  models(signal: AbortSignal): ReturnType<Gateway['models']>;
  chat(request: TurnRequest, signal: AbortSignal): AsyncIterable<TurnEvent>;
  /** Forgets every idle session; resolves with how many there were. */
  clearSessions(): Promise<number>;
  /** Forgets one idle session; false when it is not there, or in the middle of a turn. */
  evictSession(id: string): Promise<boolean>;
  restartInstance(instanceId: string): Promise<void>;
  drainInstance(instanceId: string): Promise<void>;
  resize(size: PoolSize): void;
  beginSignIn(): Promise<SignInOffer>;
  signedIn(instanceId: string, signal: AbortSignal): Promise<boolean>;
}
