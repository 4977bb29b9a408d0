/**
 * Why a turn continues a session or does not, as a pure function of what the cache knows. The
 * reason never decides anything: fidelity does (session-reuse §3.1). It tells people what happened.
 */
import type { ReuseReason } from '../conversation/events';

/** What became of the session that once stood at a head; `idle` still stands there. */
export type HeadFate = 'idle' | 'leased' | 'moved' | 'expired' | 'lost';

/** What is known about a request's conversation. */
export interface Evidence {
  /** The fate of the longest prefix that any session ever stood at; undefined = none did. */
  readonly fate: HeadFate | undefined;
  /** Whether that prefix ends with the request's newest answer. */
  readonly newest: boolean;
  /** Messages in the request. */
  readonly messageCount: number;
  /** Messages of the conversation that last came under the same explicit id, if any did. */
  readonly hintedMessageCount: number | undefined;
}

export function reasonFor(evidence: Evidence): ReuseReason {
  const { fate, newest, messageCount, hintedMessageCount } = evidence;
  switch (fate) {
    case 'idle':
      // A session stands there, but its client told it what this one does not say.
      return 'diverged';
    case 'leased':
      return newest ? 'busy' : 'diverged';
    case 'expired':
    case 'lost':
      return fate;
    case 'moved':
      // Answers after the known prefix that we never gave: not a branch of ours.
      return newest ? 'branched' : 'diverged';
    case undefined:
      if (hintedMessageCount === undefined) return 'new';
      // Clients shorten a conversation only by writing a summary in its place.
      return messageCount < hintedMessageCount ? 'compacted' : 'diverged';
  }
}
