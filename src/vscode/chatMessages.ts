/**
 * VS Code's chat messages and the neutral conversation, each from the other. Parts are known by
 * their shape: what comes from another extension has crossed a process and need not be of the class
 * its name promises, and images have a class that not every supported VS Code declares.
 */
import { GatewayError, invalidRequest } from '../base/errors';
import { isRecord } from '../base/json';
import type { TurnEvent } from '../conversation/events';
import { imagePart } from '../conversation/images';
import type { ContentPart, Message, Part, Tool, TurnRequest } from '../conversation/messages';
import type { TokenCounter } from '../conversation/tokens';
import { promptTsxParts } from './promptTsx';

/** `vscode.LanguageModelChatRequestMessage`, as far as it is read. */
export interface ChatMessage {
  readonly role: number;
  readonly content: readonly unknown[];
}

/** `vscode.LanguageModelChatTool`. */
export interface ChatTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema?: object | undefined;
}

/** What VS Code asks of a model. */
export interface ChatRequest {
  /** The id of the model. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
  /** True when the model must call a tool (`LanguageModelChatToolMode.Required`). */
  readonly toolRequired: boolean;
}

/** VS Code's classes for the parts of an answer, injected so that all of this runs without it. */
export interface PartClasses<P> {
  readonly text: new (value: string) => P;
  readonly toolCall: new (callId: string, name: string, input: object) => P;
  /** A proposal that VS Code has at run time; undefined where it does not. */
  readonly thinking: (new (value: string) => P) | undefined;
}

/** `vscode.LanguageModelChatMessageRole`; the last one is a proposal which its own chat uses. */
const ROLES: Readonly<Record<number, 'user' | 'assistant' | 'system'>> = {
  1: 'user',
  2: 'assistant',
  3: 'system',
};

/** The calls of a conversation so far, by VS Code's id. */
type Calls = Map<string, { readonly name: string; readonly callIndex: number }>;

/** A part as its shape has it, before it is known whose message it stands in. */
type ChatPart =
  | { readonly kind: 'content'; readonly contents: readonly ContentPart[] }
  | {
      readonly kind: 'call';
      readonly callId: string;
      readonly name: string;
      readonly argumentsJson: string;
    }
  | { readonly kind: 'result'; readonly callId: string; readonly parts: readonly ContentPart[] }
  /** Says nothing to a model. */
  | { readonly kind: 'mark' };

/**
 * The request in neutral terms. Throws `unsupported_content` or `invalid_request`, naming the place,
 * for whatever cannot travel: nothing is left out but thoughts and marks.
 *
 * @param isThought Tells a thinking part, whose shape is that of a text.
 */
export function toTurnRequest(
  request: ChatRequest,
  isThought: (part: unknown) => boolean,
): TurnRequest {
  if (request.messages.length === 0) {
    throw invalidRequest('messages', 'The request holds no message. Send at least one.');
  }
  return {
    model: request.model,
    messages: toMessages(request.messages, isThought),
    tools: request.tools.map(toTool),
    toolChoice: { mode: request.toolRequired ? 'required' : 'auto' },
  };
}

/** The part of VS Code's that tells of an event; undefined when there is nothing to show. */
export function toResponsePart<P>(event: TurnEvent, classes: PartClasses<P>): P | undefined {
  switch (event.type) {
    case 'text':
      return new classes.text(event.delta);
    case 'reasoning':
      // As a text it would be taken for the answer and come back with the next request.
      return classes.thinking && new classes.thinking(event.delta);
    case 'toolCall':
      // Nothing but a JSON object is ever taken for a call (`toolBlocks`).
      return new classes.toolCall(event.id, event.name, JSON.parse(event.argumentsJson) as object);
    case 'start':
    case 'end':
      return undefined;
  }
}

/**
 * Tokens of a text or a message, as the gateway counts them. Never throws: VS Code counts while it
 * composes a request, and hands over messages in a form of its own.
 */
export function countTokens(
  value: string | ChatMessage,
  isThought: (part: unknown) => boolean,
  counter: TokenCounter,
): number {
  if (typeof value === 'string') return counter.text(value);
  try {
    return counter.messages(toMessages([value], isThought));
  } catch {
    return counter.text(JSON.stringify(value.content));
  }
}

function toTool({ name, description, inputSchema }: ChatTool): Tool {
  return { name, description, parameters: inputSchema ?? { type: 'object' } };
}

function toMessages(
  messages: readonly ChatMessage[],
  isThought: (part: unknown) => boolean,
): Message[] {
  const calls: Calls = new Map();
  return messages.flatMap(({ role, content }, index): Message[] => {
    const path = `messages[${index}]`;
    const parts = content.map((part, place) =>
      isThought(part) ? MARK : readPart(part, `${path}.content[${place}]`),
    );
    switch (ROLES[role]) {
      case 'user':
        return userMessages(parts, path, calls);
      case 'assistant':
        return [{ role: 'assistant', parts: assistantParts(parts, path, calls), path }];
      case 'system':
        return [{ role: 'system', parts: contentOnly(parts, path), path }];
      default:
        throw invalidRequest(`${path}.role`, `${path} has the role ${role}, which nobody has.`);
    }
  });
}

/** Results are messages of their own, and come before whatever else the message says. */
function userMessages(parts: readonly ChatPart[], path: string, calls: Calls): Message[] {
  const results: Message[] = [];
  const rest: ChatPart[] = [];
  parts.forEach((part, place) => {
    if (part.kind !== 'result') {
      rest.push(part);
      return;
    }
    const { name, callIndex } = calls.get(part.callId) ?? { name: '', callIndex: 0 };
    results.push({
      role: 'tool',
      parts: [{ type: 'toolResult', name, callIndex, parts: part.parts }],
      path: `${path}.content[${place}]`,
    });
  });
  const said = contentOnly(rest, path);
  if (said.length === 0 && results.length > 0) return results;
  return [...results, { role: 'user', parts: said, path }];
}

/**
 * The text, then the calls. The texts are pieces of one answer as it was streamed, so nothing comes
 * between them.
 */
function assistantParts(parts: readonly ChatPart[], path: string, calls: Calls): Part[] {
  let said = '';
  const made: Part[] = [];
  for (const part of parts) {
    if (part.kind === 'call') {
      const { callId, name, argumentsJson } = part;
      calls.set(callId, { name, callIndex: made.length });
      made.push({ type: 'toolCall', name, argumentsJson });
    } else {
      for (const content of contentOnly([part], path)) {
        if (content.type !== 'text') throw misplaced(path, content.type);
        said += content.text;
      }
    }
  }
  return said ? [{ type: 'text', text: said }, ...made] : made;
}

function contentOnly(parts: readonly ChatPart[], path: string): ContentPart[] {
  return parts.flatMap((part) => {
    if (part.kind === 'mark') return [];
    if (part.kind === 'content') return part.contents;
    throw misplaced(path, part.kind === 'call' ? 'tool call' : 'tool result');
  });
}

/** What every PNG begins with. */
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

const MARK: ChatPart = { kind: 'mark' };

function readPart(part: unknown, path: string): ChatPart {
  if (isRecord(part)) {
    const { callId, name, input, content, value, mimeType, data } = part;
    if (typeof callId === 'string' && typeof name === 'string' && isRecord(input)) {
      return { kind: 'call', callId, name, argumentsJson: JSON.stringify(input) };
    }
    if (typeof callId === 'string' && Array.isArray(content)) {
      return { kind: 'result', callId, parts: resultParts(content, part['isError'], path) };
    }
    if (typeof mimeType === 'string' && data instanceof Uint8Array) {
      return readData(mimeType, data, path);
    }
    if (typeof value === 'string') return text(value);
    const contents = promptTsxParts(value, path);
    if (contents) return { kind: 'content', contents };
  }
  throw unsupported(path, 'is a kind of content that this gateway does not know');
}

/** What a result says; that it is a failure has to be said in words, as in the HTTP dialects. */
function resultParts(content: readonly unknown[], isError: unknown, path: string): ContentPart[] {
  const parts = content.map((part, place) => readPart(part, `${path}.content[${place}]`));
  const said = contentOnly(parts, path);
  return isError === true ? [{ type: 'text', text: 'Error:' }, ...said] : said;
}

/**
 * Data that a model can take. What has no media type (`cache_control`, `stateful_marker`, …) is a
 * mark by which VS Code's own chat talks to the models of its own vendor.
 */
function readData(mimeType: string, data: Uint8Array, path: string): ChatPart {
  if (!mimeType.includes('/')) return MARK;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (mimeType.startsWith('image/')) {
    // VS Code makes large pictures smaller, as PNG, and calls them what they were.
    const type = bytes.subarray(0, PNG.length).equals(PNG) ? 'image/png' : mimeType;
    const url = `data:${type};base64,${bytes.toString('base64')}`;
    return { kind: 'content', contents: [imagePart(url, path)] };
  }
  // `text/x-json` is what VS Code calls JSON.
  if (/^text\/|^application\/json\b|\+json\b/.test(mimeType)) {
    try {
      return text(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
      throw unsupported(path, `is called ${mimeType}, but is not valid UTF-8`);
    }
  }
  throw unsupported(path, `is data of the type ${mimeType}`);
}

function text(value: string): ChatPart {
  return { kind: 'content', contents: [{ type: 'text', text: value }] };
}

function misplaced(path: string, what: string): GatewayError {
  return unsupported(path, `holds ${what} content, which its role cannot say`);
}

function unsupported(path: string, how: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    param: path,
    message: `${path} ${how}. Send text, images, tool calls and their results.`,
  });
}
