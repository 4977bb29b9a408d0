/**
 * Conversations as prompts. A Lingma session takes one text per turn and pictures beside it, so a
 * turn that brings more than one plain user message is written out as a transcript with a mark
 * before each message and one where each picture belongs.
 */
import { GatewayError } from '../base/errors';
import { mergeText } from './canonical';
import type { ContentPart, Message, Part, Role, Tool, ToolChoice } from './messages';
import { choiceInstruction, toolContract, writeCall } from './toolBlocks';

const ROLE_NAMES: Readonly<Record<Exclude<Role, 'tool'>, string>> = {
  system: 'System',
  user: 'User',
  assistant: 'Assistant',
};

/** What a prompt is made of. */
export interface PromptParts {
  /** The messages to send: all of them, or those the session does not hold yet. */
  readonly messages: readonly Message[];
  /** True when the session holds what came before. */
  readonly continuing: boolean;
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  /** False when the answer may hold one call at most. */
  readonly parallelToolCalls?: boolean | undefined;
  /** What this turn asks beyond the conversation. */
  readonly instruction?: string | undefined;
  /** Pictures the session holds already: the numbers go on from there. */
  readonly imagesHeld?: number | undefined;
  /** The model, if it takes no pictures: a text then stands where each was, and none travels. */
  readonly unseenBy?: string | undefined;
}

/** Throws `unsupported_content`, naming the place, if any message holds what no prompt can carry. */
export function assertRenderable(messages: readonly Message[]): void {
  for (const { parts, path } of messages) {
    if (parts.some(holdsAudio)) throw unsupportedAudio(path);
  }
}

/** Audio is all that a prompt has no place for. */
function holdsAudio(part: Part): boolean {
  return part.type === 'audio' || (part.type === 'toolResult' && part.parts.some(holdsAudio));
}

/** What one turn sends. */
export interface Prompt {
  /** Where a picture belongs it reads `[Image 1]`, `[Image 2]`, … */
  readonly text: string;
  /** `data:` URIs of the pictures, in the order of their numbers. */
  readonly images: readonly string[];
}

/**
 * The prompt for one turn: a single user message as it is, anything else as a transcript. What to
 * do with it comes first, so that the prompt ends with what was said last. Nothing is left out.
 */
export function renderPrompt(prompt: PromptParts): Prompt {
  const images = new Images(prompt.imagesHeld, prompt.unseenBy);
  return { text: renderText(prompt, images), images: images.urls };
}

function renderText(prompt: PromptParts, images: Images): string {
  const { messages, continuing, tools, toolChoice } = prompt;
  const asides = [
    tools.length > 0 ? choiceInstruction(toolChoice, prompt.parallelToolCalls) : '',
    prompt.instruction ?? '',
    // A new session is told by the introduction.
    continuing && messages.at(-1)?.role === 'assistant' ? CONTINUE : '',
  ].filter(Boolean);
  // The session keeps what it is told; what only this turn asks must not bind the next.
  const aside = asides.length > 0 ? `(For your next message only: ${asides.join(' ')})` : '';
  const [only] = messages;
  const single = only !== undefined && messages.length === 1 && only.role === 'user';
  const introduced = !continuing && (!single || tools.length > 0);
  if (single && !introduced && !aside) return renderAlone(only, images);
  return [
    introduced ? instruction(messages) : '',
    // A continued session has been told already: the tool set is part of its identity.
    !continuing && tools.length > 0 ? toolContract(tools) : '',
    aside,
    ...messages.map((message) => `[${heading(message)}]\n${renderMessage(message, images)}`),
  ]
    .filter(Boolean)
    .join('\n\n');
}

const CONTINUE = 'Continue the last Assistant message; write only the continuation.';

function instruction(messages: readonly Message[]): string {
  const task =
    messages.at(-1)?.role === 'assistant'
      ? CONTINUE
      : 'Follow its System messages and write the next Assistant message.';
  return `The messages below are a conversation, each under the name of its speaker. ${task}`;
}

function heading(message: Message): string {
  if (message.role !== 'tool') return ROLE_NAMES[message.role];
  const calls = message.parts.flatMap((part) =>
    part.type === 'toolResult'
      ? [`${part.name || 'a tool'}, call ${part.callIndex + 1}${part.isError ? ', failed' : ''}`]
      : [],
  );
  return `Result of ${calls.join(' and ')}`;
}

/** Pictures alone want a text beside them (protocol §7). */
function renderAlone(message: Message, images: Images): string {
  const text = renderMessage(message, images);
  const wordless = images.urls.length > 0 && message.parts.every((part) => !isWritten(part));
  return wordless ? `${text}\n(Sent without a text.)` : text;
}

function isWritten(part: Part): boolean {
  return part.type === 'text' && part.text.trim() !== '';
}

/** The text of a message; its pictures are added to `images`, which gives them their numbers. */
function renderMessage(message: Message, images: Images): string {
  return mergeText<Part>(message.parts)
    .map((part) => renderPart(part, message.path, images))
    .join('\n');
}

function renderPart(part: Part, path: string, images: Images): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'toolCall':
      return writeCall(part.name, part.argumentsJson);
    case 'toolResult':
      return mergeText<ContentPart>(part.parts)
        .map((inner) => renderPart(inner, path, images))
        .join('\n');
    case 'image':
      return images.add(part.url);
    case 'audio':
      throw unsupportedAudio(path);
  }
}

/** A message holds something that cannot travel; it is refused rather than left out. */
function unsupportedAudio(path: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    param: path,
    message: `${path} holds audio content, which this gateway cannot pass on. Send its text instead.`,
  });
}

/** The pictures of a prompt, and their numbers in the session. */
class Images {
  readonly urls: string[] = [];
  readonly #unseenBy: string | undefined;
  #count: number;

  constructor(held = 0, unseenBy?: string) {
    this.#count = held;
    this.#unseenBy = unseenBy;
  }

  /** Adds a picture, unless the model could not see it; gives its mark, numbered from 1. */
  add(url: string): string {
    const number = ++this.#count;
    if (this.#unseenBy !== undefined) {
      return `[Image ${number}: left out, the model ${this.#unseenBy} takes no images]`;
    }
    this.urls.push(url);
    return `[Image ${number}]`;
  }
}

/** Pictures in these messages, those in results of tools included. */
export function countImages(messages: readonly Message[]): number {
  const inPart = (part: Part): number => {
    if (part.type === 'toolResult') return part.parts.reduce((sum, one) => sum + inPart(one), 0);
    return part.type === 'image' ? 1 : 0;
  };
  return messages.reduce(
    (sum, { parts }) => sum + parts.reduce((of, one) => of + inPart(one), 0),
    0,
  );
}
