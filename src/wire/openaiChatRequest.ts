/** Requests of the Chat Completions dialect, checked and made neutral. */
import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import { invalidRequest } from '../base/errors';
import { imagePart } from '../conversation/images';
import type {
  ContentPart,
  Message,
  Part,
  Tool,
  ToolChoice,
  TurnRequest,
} from '../conversation/messages';
import { conversationHint } from './conversationHint';
import { jsonInstruction } from './jsonFormat';
import { type Calls, toolResult } from './toolCalls';
import { parseWith, stringOrList, unsupportedParameter } from './validation';

export interface ChatRequest {
  readonly turn: TurnRequest;
  readonly stream: boolean;
  /** Whether the stream closes with a chunk that carries the usage. */
  readonly includeUsage: boolean;
}

const textPart = v.looseObject({ type: v.literal('text'), text: v.string() });
const userPart = v.variant('type', [
  textPart,
  v.looseObject({
    type: v.literal('image_url'),
    image_url: v.looseObject({ url: v.string() }),
  }),
  v.looseObject({
    type: v.literal('input_audio'),
    input_audio: v.looseObject({ data: v.string(), format: v.string() }),
  }),
]);
const assistantPart = v.variant('type', [
  textPart,
  v.looseObject({ type: v.literal('refusal'), refusal: v.string() }),
]);
const toolCall = v.looseObject({
  id: v.string(),
  type: v.literal('function'),
  function: v.looseObject({ name: v.string(), arguments: v.string() }),
});

const message = v.variant('role', [
  v.looseObject({ role: v.picklist(['system', 'developer']), content: stringOrList(textPart) }),
  v.looseObject({ role: v.literal('user'), content: stringOrList(userPart) }),
  v.looseObject({
    role: v.literal('assistant'),
    content: v.nullish(stringOrList(assistantPart)),
    tool_calls: v.nullish(v.array(toolCall)),
  }),
  v.looseObject({
    role: v.literal('tool'),
    content: stringOrList(textPart),
    tool_call_id: v.string(),
  }),
]);

const tool = v.looseObject({
  type: v.literal('function'),
  function: v.looseObject({
    name: v.pipe(v.string(), v.nonEmpty()),
    description: v.nullish(v.string()),
    parameters: v.nullish(v.looseObject({})),
  }),
});
const toolChoice = v.lazy((input) =>
  typeof input === 'string'
    ? v.picklist(['auto', 'none', 'required'])
    : v.looseObject({
        type: v.literal('function'),
        function: v.looseObject({ name: v.string() }),
      }),
);

const responseFormat = v.variant('type', [
  v.looseObject({ type: v.literal('text') }),
  v.looseObject({ type: v.literal('json_object') }),
  v.looseObject({
    type: v.literal('json_schema'),
    json_schema: v.looseObject({
      description: v.nullish(v.string()),
      schema: v.optional(v.looseObject({})),
    }),
  }),
]);

const request = v.looseObject({
  model: v.pipe(v.string(), v.nonEmpty()),
  messages: v.pipe(v.array(message), v.nonEmpty()),
  tools: v.nullish(v.array(tool)),
  tool_choice: v.nullish(toolChoice),
  response_format: v.nullish(responseFormat),
  stream: v.nullish(v.boolean()),
  stream_options: v.nullish(v.looseObject({ include_usage: v.nullish(v.boolean()) })),
});

type ParsedMessage = v.InferOutput<typeof message>;

/**
 * What would change the answer's meaning if it were ignored is refused instead; the test tells
 * whether a value asks for it. Sampling parameters have no counterpart in Lingma and are accepted
 * without effect (README).
 */
const refused: Readonly<Record<string, (value: unknown) => boolean>> = {
  functions: (value) => Array.isArray(value) && value.length > 0,
  n: (value) => value !== 1,
  stop: (value) => !(Array.isArray(value) && value.length === 0),
  logprobs: (value) => value !== false,
  audio: () => true,
  modalities: (value) => !(Array.isArray(value) && value.every((mode) => mode === 'text')),
};

/** Parses a request. Throws `invalid_request` or `unsupported_parameter`, naming the field. */
export function parseChatRequest(body: unknown, headers: IncomingHttpHeaders): ChatRequest {
  const parsed = parseWith(request, body);
  for (const [name, asksForIt] of Object.entries(refused)) {
    const value = parsed[name];
    if (value !== undefined && value !== null && asksForIt(value)) throw unsupportedParameter(name);
  }
  return {
    turn: {
      model: parsed.model,
      messages: toMessages(parsed.messages),
      tools: (parsed.tools ?? []).map(toTool),
      toolChoice: toToolChoice(parsed),
      instruction: formatInstruction(parsed),
      conversationHint: conversationHint(headers, body),
    },
    stream: parsed.stream ?? false,
    includeUsage: parsed.stream_options?.include_usage ?? false,
  };
}

type Parsed = v.InferOutput<typeof request>;

function formatInstruction({ response_format: wanted }: Parsed): string | undefined {
  if (!wanted || wanted.type === 'text') return undefined;
  if (wanted.type === 'json_object') return jsonInstruction();
  return jsonInstruction(wanted.json_schema.schema, wanted.json_schema.description);
}

function toTool({ function: { name, description, parameters } }: v.InferOutput<typeof tool>): Tool {
  return { name, description: description ?? '', parameters: parameters ?? { type: 'object' } };
}

function toToolChoice(parsed: Parsed): ToolChoice {
  const choice = parsed.tool_choice ?? 'auto';
  if (typeof choice === 'string') return { mode: choice };
  const { name } = choice.function;
  if (parsed.tools?.some((offered) => offered.function.name === name))
    return { mode: 'named', name };
  throw invalidRequest('tool_choice', `tool_choice names "${name}", which is not among the tools.`);
}

function toMessages(items: readonly ParsedMessage[]): Message[] {
  const calls: Calls = new Map();
  return items.map((item, index) => {
    if (item.role === 'assistant') {
      item.tool_calls?.forEach((call, callIndex) => {
        calls.set(call.id, { name: call.function.name, callIndex });
      });
    }
    return toMessage(item, `messages[${index}]`, calls);
  });
}

function toMessage(item: ParsedMessage, path: string, calls: Calls): Message {
  switch (item.role) {
    case 'system':
    case 'developer':
      return { role: 'system', parts: contentParts(item.content, path), path };
    case 'user':
      return { role: 'user', parts: contentParts(item.content, path), path };
    case 'assistant': {
      const calls = item.tool_calls?.map((call): Part => ({
        type: 'toolCall',
        name: call.function.name,
        argumentsJson: call.function.arguments,
      }));
      return {
        role: 'assistant',
        parts: [...contentParts(item.content, path), ...(calls ?? [])],
        path,
      };
    }
    case 'tool': {
      const result = toolResult(calls, item.tool_call_id, contentParts(item.content, path));
      return { role: 'tool', parts: [result], path };
    }
  }
}

type WirePart = v.InferOutput<typeof userPart> | v.InferOutput<typeof assistantPart>;

/** @param path Where the message stands. */
function contentParts(
  value: string | readonly WirePart[] | null | undefined,
  path: string,
): ContentPart[] {
  if (value === null || value === undefined) return [];
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  return value.map((part, index): ContentPart => {
    switch (part.type) {
      case 'text':
        return { type: 'text', text: part.text };
      case 'refusal':
        return { type: 'text', text: part.refusal };
      case 'image_url':
        return imagePart(part.image_url.url, `${path}.content[${index}].image_url.url`);
      case 'input_audio':
        return { type: 'audio', data: part.input_audio.data, format: part.input_audio.format };
    }
  });
}
