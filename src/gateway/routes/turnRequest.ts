/** A neutral turn request as another window sends it: JSON of the type itself. */
import * as v from 'valibot';
import type { TurnRequest } from '../../conversation/messages';
import { parseWith } from '../../wire/validation';

const text = v.object({ type: v.literal('text'), text: v.string() });
const image = v.object({
  type: v.literal('image'),
  url: v.string(),
  path: v.optional(v.string()),
});
const audio = v.object({ type: v.literal('audio'), data: v.string(), format: v.string() });
const content = v.variant('type', [text, image, audio]);
const part = v.variant('type', [
  text,
  image,
  audio,
  v.object({ type: v.literal('toolCall'), name: v.string(), argumentsJson: v.string() }),
  v.object({
    type: v.literal('toolResult'),
    name: v.string(),
    callIndex: v.number(),
    isError: v.optional(v.boolean()),
    parts: v.array(content),
  }),
]);

const turnRequest = v.object({
  model: v.string(),
  messages: v.array(
    v.object({
      role: v.picklist(['system', 'user', 'assistant', 'tool']),
      parts: v.array(part),
      path: v.string(),
    }),
  ),
  tools: v.array(v.object({ name: v.string(), description: v.string(), parameters: v.unknown() })),
  toolChoice: v.variant('mode', [
    v.object({ mode: v.picklist(['auto', 'none', 'required']) }),
    v.object({ mode: v.literal('named'), name: v.string() }),
  ]),
  parallelToolCalls: v.optional(v.boolean()),
  instruction: v.optional(v.string()),
  format: v.optional(v.object({ schema: v.optional(v.unknown()) })),
  limits: v.optional(v.object({ stop: v.array(v.string()), maxTokens: v.optional(v.number()) })),
  reasoning: v.optional(v.boolean()),
  conversationHint: v.optional(
    v.object({ id: v.string(), names: v.picklist(['conversation', 'cache']) }),
  ),
});

/** The request, or `invalid_request` naming the field at fault. */
export function parseTurnRequest(body: unknown): TurnRequest {
  return parseWith(turnRequest, body);
}
