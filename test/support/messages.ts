import type { Message, Part, Role, ToolResultPart } from '../../src/conversation/messages';

/** A message of these parts; a string stands for one text part. */
export function message(role: Role, ...parts: readonly (Part | string)[]): Message {
  return { role, parts: parts.map(toPart), path: 'messages[0]' };
}

export const user = (...parts: readonly (Part | string)[]) => message('user', ...parts);
export const system = (...parts: readonly (Part | string)[]) => message('system', ...parts);
export const assistant = (...parts: readonly (Part | string)[]) => message('assistant', ...parts);

export function image(url: string): Part {
  return { type: 'image', url };
}

export function audio(data: string, format = 'wav'): Part {
  return { type: 'audio', data, format };
}

export function call(name: string, argumentsJson: string): Part {
  return { type: 'toolCall', name, argumentsJson };
}

export function result(...parts: readonly (ToolResultPart['parts'][number] | string)[]): Part {
  return {
    type: 'toolResult',
    name: 'f',
    callIndex: 0,
    parts: parts.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
  };
}

function toPart(part: Part | string): Part {
  return typeof part === 'string' ? { type: 'text', text: part } : part;
}
