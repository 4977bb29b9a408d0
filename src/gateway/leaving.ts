/** Why a gateway goes, for the windows that follow it: it decides what they do next. */
import type { ErrorCode } from '../base/errors';

export type Leaving =
  /** Its window closes or reloads: another one takes over. */
  | { readonly reason: 'closing' }
  /** A new gateway follows in the same window: wait for it. */
  | { readonly reason: 'restarting' }
  /** The user wants none. */
  | { readonly reason: 'stopped' }
  /** It could not start; another window could not either. */
  | { readonly reason: 'failed'; readonly code: ErrorCode; readonly problem: string };

/** What another window may ask of the one that runs the gateway. */
export const hostActions = ['stop', 'restart'] as const;

export type HostAction = (typeof hostActions)[number];

/** The windows of one user as the gateway that serves them all sees them. */
export interface WindowHost {
  /** What the windows share; it opens everything, as the gateway's own key does. */
  readonly secret: string;
  /** Another window asks for this; the gateway answers it before anything happens. */
  readonly request: (action: HostAction) => void;
  /** Its port was lost, and somebody else has taken it since: perhaps another window leads by now. */
  readonly portTaken: () => void;
}
