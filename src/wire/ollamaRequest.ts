/** Requests of Ollama's dialect, checked and made neutral. */
import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import { writeJson } from '../base/exactJson';
import { untypedImagePart } from '../conversation/images';
import type {
  ContentPart,
  Message,
  Part,
  ToolResultPart,
  TurnRequest,
} from '../conversation/messages';
import { conversationHint } from './conversationHint';
import { jsonFormat } from './jsonFormat';
import { answerLimits, stopSequences } from './limits';
import { OpenCalls } from './ollamaCalls';
import { ollamaModelName } from './ollamaModels';
import { assertServed, ollamaParameters } from './parameters';
import { list, parseWith, payload } from './validation';

export interface OllamaRequest {
  readonly turn: TurnRequest;
  readonly stream: boolean;
}

/** Base64 without a word of what kind of picture it is. */
const images = v.nullish(v.array(v.string()));

const call = v.looseObject({
  id: v.nullish(v.string()),
  function: v.looseObject({ name: v.string(), arguments: v.nullish(payload) }),
});

const message = v.looseObject({
  role: v.picklist(['system', 'user', 'assistant', 'tool']),
  content: v.nullish(v.string()),
  images,
  tool_calls: v.nullish(v.array(call)),
  tool_call_id: v.nullish(v.string()),
  tool_name: v.nullish(v.string()),
});

const tool = v.looseObject({
  type: v.nullish(v.literal('function')),
  function: v.looseObject({
    name: v.pipe(v.string(), v.nonEmpty()),
    description: v.nullish(v.string()),
    parameters: v.nullish(payload),
  }),
});

const shared = {
  model: v.pipe(v.string(), v.nonEmpty()),
  stream: v.nullish(v.boolean()),
  // A text for models with several levels of thinking.
  think: v.nullish(v.union([v.boolean(), v.string()])),
  format: v.nullish(
    v.lazy((input) => (typeof input === 'string' ? v.picklist(['', 'json']) : payload)),
  ),
  options: v.nullish(
    v.looseObject({
      stop: v.nullish(stopSequences),
      num_predict: v.nullish(v.pipe(v.number(), v.integer())),
    }),
  ),
};
const chat = v.looseObject({
  ...shared,
  messages: v.pipe(list(message), v.nonEmpty()),
  tools: v.nullish(v.array(tool)),
});
const generate = v.looseObject({
  ...shared,
  prompt: v.pipe(v.string(), v.nonEmpty()),
  system: v.nullish(v.string()),
  images,
});
const load = v.looseObject({
  model: v.string(),
  messages: v.nullish(v.pipe(v.array(v.unknown()), v.maxLength(0))),
  prompt: v.nullish(v.literal('')),
});

/** The model that a request without any message asks to be loaded; undefined for other requests. */
export function modelToLoad(body: unknown): string | undefined {
  return v.is(load, body) ? body.model : undefined;
}

/**
 * Parses the body of `POST /api/chat`. Throws `invalid_request`, `unsupported_parameter` or
 * `unsupported_content`, naming the field.
 */
export function parseOllamaChat(body: unknown, headers: IncomingHttpHeaders): OllamaRequest {
  const parsed = parseWith(chat, body);
  const tools = (parsed.tools ?? []).map(({ function: { name, description, parameters } }) => ({
    name,
    description: description ?? '',
    parameters: parameters ?? { type: 'object' },
  }));
  return requestOf(parsed, body, headers, { messages: toMessages(parsed.messages), tools });
}

/** Parses the body of `POST /api/generate`; throws as `parseOllamaChat` does. */
export function parseOllamaGenerate(body: unknown, headers: IncomingHttpHeaders): OllamaRequest {
  const parsed = parseWith(generate, body);
  const system: Message[] = parsed.system
    ? [{ role: 'system', parts: [{ type: 'text', text: parsed.system }], path: 'system' }]
    : [];
  const parts = contentParts(parsed.prompt, parsed.images, '');
  const messages = [...system, { role: 'user', parts, path: 'prompt' } as const];
  return requestOf(parsed, body, headers, { messages, tools: [] });
}

function requestOf(
  parsed: Pick<v.InferOutput<typeof chat>, keyof typeof shared>,
  body: unknown,
  headers: IncomingHttpHeaders,
  said: Pick<TurnRequest, 'messages' | 'tools'>,
): OllamaRequest {
  assertServed(ollamaParameters, parsed);
  const { model, stream, think, format, options } = parsed;
  // Zero and below stand for no limit.
  const most = Math.max(0, options?.num_predict ?? 0);
  return {
    turn: {
      ...said,
      model: ollamaModelName(model),
      toolChoice: { mode: 'auto' },
      ...(format ? jsonFormat(format === 'json' ? undefined : format) : {}),
      limits: answerLimits(options?.stop, most > 0 ? most : undefined),
      reasoning: think !== false,
      conversationHint: conversationHint(headers, body),
    },
    // Ollama streams unless it is told not to.
    stream: stream ?? true,
  };
}

type WireMessage = v.InferOutput<typeof message>;

function toMessages(items: readonly WireMessage[]): Message[] {
  let open = new OpenCalls([]);
  return items.map((item, index): Message => {
    const path = `messages[${index}]`;
    const parts = contentParts(item.content, item.images, `${path}.`);
    switch (item.role) {
      case 'system':
      case 'user':
        return { role: item.role, parts, path };
      case 'assistant': {
        const calls = item.tool_calls ?? [];
        open = new OpenCalls(calls);
        return { role: 'assistant', parts: [...parts, ...calls.map(callPart)], path };
      }
      case 'tool':
        return { role: 'tool', parts: [resultPart(item, parts, open)], path };
    }
  });
}

function callPart({ function: { name, arguments: given } }: v.InferOutput<typeof call>): Part {
  return { type: 'toolCall', name, argumentsJson: writeJson(given ?? {}) };
}

function resultPart(
  { tool_call_id: id, tool_name: name }: WireMessage,
  parts: readonly ContentPart[],
  open: OpenCalls,
): ToolResultPart {
  const answered = open.take(id ?? '', name ?? '');
  return {
    type: 'toolResult',
    name: answered?.name ?? name ?? '',
    callIndex: answered?.callIndex ?? 0,
    parts,
  };
}

/** @param place What stands before the names of the fields. */
function contentParts(
  text: string | null | undefined,
  pictures: readonly string[] | null | undefined,
  place: string,
): ContentPart[] {
  // Ollama itself puts the pictures of a message in front of its text.
  return [
    ...(pictures ?? []).map((data, index) => untypedImagePart(data, `${place}images[${index}]`)),
    ...(text ? [{ type: 'text' as const, text }] : []),
  ];
}
