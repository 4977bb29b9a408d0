/**
 * The neutral conversation: what every HTTP dialect is parsed into and what everything behind it
 * works on. No wire format appears here.
 */

/** `system` also stands for OpenAI's `developer`; `tool` carries tool results only. */
export type Role = 'system' | 'user' | 'assistant' | 'tool';

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** An image as its client sent it: a `data:` URI or a remote address. */
export interface ImagePart {
  readonly type: 'image';
  readonly url: string;
  /** The request field that holds a remote address, for the errors of whoever fetches it. */
  readonly path?: string | undefined;
}

export interface AudioPart {
  readonly type: 'audio';
  readonly data: string;
  readonly format: string;
}

/** A call the assistant made. Its id is the client's affair: no model ever decides on it. */
export interface ToolCallPart {
  readonly type: 'toolCall';
  readonly name: string;
  /** JSON text of the arguments, as the client sent it. */
  readonly argumentsJson: string;
}

/** A result belongs to a call by the client's id; what counts is which call that is. */
export interface ToolResultPart {
  readonly type: 'toolResult';
  /** Name of the tool that was called; empty when the request holds no call with that id. */
  readonly name: string;
  /** Which of the calls of its answer this one answers, from 0. */
  readonly callIndex: number;
  /** True when the tool failed; the model is told so. */
  readonly isError?: boolean | undefined;
  readonly parts: readonly ContentPart[];
}

/** What people and tools can say. */
export type ContentPart = TextPart | ImagePart | AudioPart;
export type Part = ContentPart | ToolCallPart | ToolResultPart;

export interface Message {
  readonly role: Role;
  readonly parts: readonly Part[];
  /** Where the message stands in the client's request (`messages[3]`), for errors that point at it. */
  readonly path: string;
}

/** A tool the client offers and runs itself. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments. */
  readonly parameters: unknown;
}

/** Whether the model may, must, or must not call a tool, and which. */
export type ToolChoice =
  | { readonly mode: 'auto' | 'none' | 'required' }
  | { readonly mode: 'named'; readonly name: string };

/** An answer that is JSON: one object, or, where a schema is given, a value that fits it. */
export interface JsonFormat {
  readonly schema?: unknown;
  /** Where the schema stands in its request. */
  readonly path?: string | undefined;
}

/** The process knows no such limits, so the gateway ends an answer that reaches one. */
export interface AnswerLimits {
  /** Not empty, each; the answer ends before the first of them that it holds. */
  readonly stop: readonly string[];
  /** Tokens of the answer, its reasoning and its calls at most, by our own count. */
  readonly maxTokens?: number | undefined;
}

/** An id that came with a request, at most 256 characters without control characters. */
export interface ConversationHint {
  readonly id: string;
  /**
   * Whether the client means one conversation by it. A cache key does not: whoever shares a prefix
   * may share the key.
   */
  readonly names: 'conversation' | 'cache';
}

/** One turn as a client asks for it, whichever dialect it spoke. */
export interface TurnRequest {
  /** The model as the client named it; resolved later against the catalogue and the aliases. */
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  /** False when an answer may hold one call at most. */
  readonly parallelToolCalls?: boolean | undefined;
  /** What this turn asks beyond the conversation, such as an output format; part of no identity. */
  readonly instruction?: string | undefined;
  /** The form the answer must have; `instruction` says so to the model, the gateway checks it. */
  readonly format?: JsonFormat | undefined;
  /** Where the gateway cuts the answer. */
  readonly limits?: AnswerLimits | undefined;
  /** False when the client wants no reasoning beside the answer. */
  readonly reasoning?: boolean | undefined;
  /** The client's own id of the conversation; it never finds a session by itself. */
  readonly conversationHint?: ConversationHint | undefined;
}
