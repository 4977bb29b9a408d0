import type { AnswerBook } from './answers';
import type { ImageStore } from './images';
import type { Outcome, RpcId } from './jsonRpc';
import type { Knobs } from './knobs';
import type { ModelCatalogue } from './models';
import type { Records } from './records';
import type { SessionStore } from './sessions';

/** A turn that is being played, as `chat/stop` and the end of a connection see it. */
export interface RunningTurn {
  readonly requestId: string;
  readonly sessionId: string;
  /** Ends the turn where it stands. */
  readonly stop: () => void;
}

/** What a client tells of a tool it ran (protocol §6 `tool/invokeResult`). */
export interface ToolResult {
  readonly name: string;
  readonly success: boolean;
  readonly errorMessage: string | null;
  readonly result: unknown;
}

/** What the connections of one demo process share. */
export interface World {
  /** A Lingma runtime, or a standard agent on stdin and stdout (protocol §4c). */
  readonly speaks: 'lingma' | 'agent';
  readonly knobs: Knobs;
  readonly loginUrl: string;
  readonly models: ModelCatalogue;
  readonly answers: AnswerBook;
  readonly images: ImageStore;
  readonly sessions: SessionStore;
  /** By request id. */
  readonly turns: Map<string, RunningTurn>;
  readonly account: { signedIn: boolean };
  readonly records: Records;
  /** Ends the process at once, as a crash would. */
  readonly exit: (code: number) => void;
}

/** A connected client, as the methods see it. */
export interface Client {
  /** Turns that end with the connection. */
  readonly turns: Set<RunningTurn>;
  /** Tool calls whose `tool/invokeResult` has not come, by tool call id. */
  readonly toolCalls: Map<string, (result: ToolResult) => void>;
  readonly request: (method: string, params: object, onReply?: (outcome: Outcome) => void) => void;
  readonly notify: (method: string, params: object) => void;
  readonly reply: (id: RpcId, result: unknown) => void;
  readonly fail: (id: RpcId | null, code: number, message: string) => void;
  /** Sends a text that need not be a message. */
  readonly sendRaw: (text: string) => void;
  readonly isCongested: () => boolean;
  readonly isAcknowledged: () => boolean;
  readonly close: (code: number, reason: string) => void;
}
