/** What the gateway asks of a Lingma process, whichever protocol dialect that process speaks. */
import type { GatewayError } from '../base/errors';
import type { Tool } from '../conversation/messages';
import type { WrittenCall } from '../conversation/toolCalls/call';
import type { AnswerEvent } from './answerQueue';

/** How Lingma takes a turn: as a chat, or as a task for its agent (protocol §4a.1). */
export type AskMode = 'chat' | 'agent';

/** Tokens as a process reports them (protocol §4a.2); what it does not say is left out. */
export interface ReportedUsage {
  /** Tokens of the conversation before this answer. */
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  /** Tokens of the conversation with this answer. */
  readonly totalTokens?: number | undefined;
  /** The part of `inputTokens` that was read from the model's cache. */
  readonly cachedTokens?: number | undefined;
  /** The part of `outputTokens` that is reasoning. */
  readonly reasoningTokens?: number | undefined;
}

export interface AskRequest {
  /** The session to continue, or `undefined` to start one. */
  readonly sessionId: string | undefined;
  readonly prompt: string;
  /** `data:` URIs of the pictures the prompt speaks of, in the order of their numbers there. */
  readonly images: readonly string[];
  /** The process's own key of the model; empty lets it choose. */
  readonly modelKey: string;
  /** Standard agents know no such modes and get none. */
  readonly mode: AskMode;
  /**
   * Tools of the caller that the process itself is told of, where its protocol has a place for them
   * (protocol §6); a call of one ends the answer.
   */
  readonly tools?: readonly Tool[] | undefined;
}

/** A completed answer, confirmed by the process. */
export interface AnswerResult {
  /** The session that now holds the turn; the real id, which may differ from the one asked for. */
  readonly sessionId: string;
  /** The whole answer as the session holds it, without the process's own mark-up. */
  readonly text: string;
  /** Undefined when the process has reported none. */
  readonly usage?: ReportedUsage | undefined;
}

export interface AskLimits {
  /** Milliseconds without any event of the turn. */
  readonly idleMs: number;
  /** Milliseconds for the whole turn; the ceiling that frees a slot from a wedged turn. */
  readonly turnMs: number;
}

/** A running turn. Iterate it once; it throws a GatewayError when the turn fails. */
export interface Answer extends AsyncIterable<AnswerEvent> {
  /** The session's id as far as it is known by now. */
  readonly sessionId: string | undefined;
  /** Whether the prompt may have reached the process; until then its session is what it was. */
  readonly asked: boolean;
  /**
   * The call of one of the request's tools that ended the answer, known once it has been iterated.
   * There is no completed answer then, and nobody may continue the session.
   */
  readonly call?: WrittenCall | undefined;
  /** Stops the turn upstream, best effort, and fails it with `error`; nothing once it has ended. */
  cancel(error: GatewayError): void;
}

/** Hears of a turn's end from the process, however slowly the answer is read. */
export interface AskObserver {
  /**
   * The process confirms the answer. Called before the last event can be read, so that whatever is
   * recorded is in place when the client sees the end.
   */
  completed(result: AnswerResult): void;
  /**
   * The process is done with the turn; after `completed`, once.
   * @param error Why it did not end well.
   */
  ended(error?: GatewayError): void;
}

export interface Dialect {
  /** Starts a turn. */
  ask(request: AskRequest, observer: AskObserver): Answer;
  /** Deletes a session, best effort; never rejects. */
  deleteSession(sessionId: string): void;
  /**
   * Deletes every session it made, best effort and within a second; for a process that goes on
   * without us. Never rejects.
   */
  retire(): Promise<void>;
  /** An inbound message of the process. */
  receive(method: string, params: unknown): void;
  /** The connection ended: every open turn fails with `error`. */
  close(error: GatewayError): void;
  /** Turns that were answered; a process that has served did not fail at start. */
  readonly completedTurns: number;
  /** Turns that have not ended; for leak checks. */
  readonly openTurns: number;
}
