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
}

export interface AudioPart {
  readonly type: 'audio';
  readonly data: string;
  readonly format: string;
}

export interface ToolCallPart {
  readonly type: 'toolCall';
  /** Made up by the client or by us; never part of a conversation's identity. */
  readonly id: string;
  readonly name: string;
  /** JSON text of the arguments, as the client sent it. */
  readonly argumentsJson: string;
}

export interface ToolResultPart {
  readonly type: 'toolResult';
  readonly callId: string;
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

/** One turn as a client asks for it, whichever dialect it spoke. */
export interface TurnRequest {
  /** The model as the client named it; resolved later against the catalogue and the aliases. */
  readonly model: string;
  readonly messages: readonly Message[];
  /** The client's own id of the conversation, validated; a hint that decides nothing. */
  readonly conversationHint?: string | undefined;
}
