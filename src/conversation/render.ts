/**
 * Conversations as prompts. A Lingma session takes one text per turn, so a turn that brings more
 * than one plain user message is written out as a transcript with a mark before each message.
 */
import { GatewayError } from '../base/errors';
import { mergeText } from './canonical';
import type { ContentPart, Message, Part, Role } from './messages';

const ROLE_NAMES: Readonly<Record<Role, string>> = {
  system: 'System',
  user: 'User',
  assistant: 'Assistant',
  tool: 'Tool result',
};

/** Throws `unsupported_content`, naming the place, if any message holds what no prompt can carry. */
export function assertRenderable(messages: readonly Message[]): void {
  for (const message of messages) renderMessage(message);
}

/**
 * The prompt for `messages`: one user message as it is, anything longer as a transcript under a
 * line that says what to do with it. Nothing is left out.
 */
export function renderPrompt(messages: readonly Message[]): string {
  const [only] = messages;
  if (only && messages.length === 1 && only.role === 'user') return renderMessage(only);
  const transcript = messages.map(
    (message) => `[${ROLE_NAMES[message.role]}]\n${renderMessage(message)}`,
  );
  return [instruction(messages), ...transcript].join('\n\n');
}

/** First, not last: the prompt then ends with what the user said. */
function instruction(messages: readonly Message[]): string {
  const task =
    messages.at(-1)?.role === 'assistant'
      ? 'Continue its last Assistant message; write only the continuation.'
      : 'Follow its System messages and write the next Assistant message.';
  return `The messages below are a conversation, each under the name of its speaker. ${task}`;
}

function renderMessage(message: Message): string {
  return mergeText<Part>(message.parts)
    .map((part) => renderPart(part, message.path))
    .join('\n');
}

function renderPart(part: Part, path: string): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'toolCall':
      return `(calls tool ${part.name} with ${part.argumentsJson})`;
    case 'toolResult':
      return mergeText<ContentPart>(part.parts)
        .map((inner) => renderPart(inner, path))
        .join('\n');
    case 'image':
    case 'audio':
      throw unsupportedContent(path, part.type);
  }
}

/** A message holds something that cannot travel; it is refused rather than left out. */
function unsupportedContent(path: string, what: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    param: path,
    message: `${path} holds ${what} content, which this gateway cannot pass on yet. Send text only.`,
  });
}
