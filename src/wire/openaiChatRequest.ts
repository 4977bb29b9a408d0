/** Requests of the Chat Completions dialect, checked and made neutral. */
import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import { GatewayError } from '../base/errors';
import { isRecord } from '../base/json';
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
import { jsonFormat } from './jsonFormat';
import { answerLimits, stopSequences, tokenLimit } from './limits';
import { assertServed, chatParameters } from './parameters';
import { isNoEffort } from './reasoning';
import { type Calls, nothingToCall, toolResult, unknownChoice } from './toolCalls';
import { isListOf, isTextual, list, parseWith, payload, quick, stringOrList } from './validation';

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

/** One message of a conversation. */
export const messageSchema = v.variant('role', [
  v.looseObject({ role: v.picklist(['system', 'developer']), content: stringOrList(textPart) }),
  v.looseObject({
    role: v.literal('user'),
    content: stringOrList(userPart),
    name: v.nullish(v.string()),
  }),
  v.looseObject({
    role: v.literal('assistant'),
    content: v.nullish(stringOrList(assistantPart)),
    refusal: v.nullish(v.string()),
    tool_calls: v.nullish(v.array(toolCall)),
    function_call: v.nullish(v.unknown()),
  }),
  v.looseObject({
    role: v.literal('tool'),
    // Pictures are beyond the letter of the API; clients send what their tools give them.
    content: stringOrList(userPart),
    tool_call_id: v.string(),
  }),
]);

/** Messages that the schema takes and that need no closer look. */
export function isPlainMessage(value: Record<string, unknown>): boolean {
  const { role, content, name, tool_calls: calls, refusal, tool_call_id: callId } = value;
  switch (role) {
    case 'system':
    case 'developer':
      return isTextual(content, 'text');
    case 'user':
      return name === undefined && isTextual(content, 'text');
    case 'assistant':
      if (refusal !== undefined && refusal !== null) return false;
      if (calls !== undefined && calls !== null && !isListOf(calls, isPlainCall)) return false;
      return content === undefined || content === null || isTextual(content, 'text');
    case 'tool':
      return typeof callId === 'string' && isTextual(content, 'text');
    default:
      return false;
  }
}

function isPlainCall({ id, type, function: called }: Record<string, unknown>): boolean {
  return (
    type === 'function' &&
    typeof id === 'string' &&
    isRecord(called) &&
    typeof called['name'] === 'string' &&
    typeof called['arguments'] === 'string'
  );
}

const tool = v.looseObject({
  type: v.literal('function'),
  function: v.looseObject({
    name: v.pipe(v.string(), v.nonEmpty()),
    description: v.nullish(v.string()),
    parameters: v.nullish(payload),
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
      schema: v.optional(payload),
    }),
  }),
]);

const request = v.looseObject({
  model: v.pipe(v.string(), v.nonEmpty()),
  messages: v.pipe(list(quick(messageSchema, isPlainMessage)), v.nonEmpty()),
  tools: v.nullish(v.array(tool)),
  tool_choice: v.nullish(toolChoice),
  parallel_tool_calls: v.nullish(v.boolean()),
  response_format: v.nullish(responseFormat),
  stop: v.nullish(stopSequences),
  max_tokens: v.nullish(tokenLimit),
  max_completion_tokens: v.nullish(tokenLimit),
  reasoning_effort: v.nullish(v.string()),
  // Spellings of other vendors that speak this dialect.
  thinking: v.nullish(v.looseObject({ type: v.string() })),
  enable_thinking: v.nullish(v.boolean()),
  stream: v.nullish(v.boolean()),
  stream_options: v.nullish(v.looseObject({ include_usage: v.nullish(v.boolean()) })),
});

type ParsedMessage = v.InferOutput<typeof messageSchema>;

/** Parses a request. Throws `invalid_request` or `unsupported_parameter`, naming the field. */
export function parseChatRequest(body: unknown, headers: IncomingHttpHeaders): ChatRequest {
  const parsed = parseWith(request, body);
  assertServed(chatParameters, parsed);
  return {
    turn: {
      model: parsed.model,
      messages: toMessages(parsed.messages),
      tools: (parsed.tools ?? []).map(toTool),
      toolChoice: toToolChoice(parsed),
      parallelToolCalls: parsed.parallel_tool_calls ?? true,
      ...toFormat(parsed),
      limits: answerLimits(parsed.stop, parsed.max_completion_tokens ?? parsed.max_tokens),
      reasoning: wantsReasoning(parsed),
      conversationHint: conversationHint(headers, body),
    },
    stream: parsed.stream ?? false,
    includeUsage: parsed.stream_options?.include_usage ?? false,
  };
}

type Parsed = v.InferOutput<typeof request>;

function toFormat({ response_format: wanted }: Parsed): Partial<TurnRequest> {
  if (!wanted || wanted.type === 'text') return {};
  if (wanted.type === 'json_object') return jsonFormat();
  const { schema, description } = wanted.json_schema;
  return jsonFormat(schema, description, 'response_format.json_schema.schema');
}

/** The model thinks or not as it likes; a client that wants no thoughts is shown none. */
function wantsReasoning(parsed: Parsed): boolean {
  if (parsed.thinking?.type === 'disabled' || parsed.enable_thinking === false) return false;
  return !isNoEffort(parsed.reasoning_effort);
}

function toTool({ function: { name, description, parameters } }: v.InferOutput<typeof tool>): Tool {
  return { name, description: description ?? '', parameters: parameters ?? { type: 'object' } };
}

function toToolChoice(parsed: Parsed): ToolChoice {
  const choice = parsed.tool_choice ?? 'auto';
  const tools = parsed.tools ?? [];
  if (choice === 'required' && tools.length === 0) throw nothingToCall();
  if (typeof choice === 'string') return { mode: choice };
  const { name } = choice.function;
  if (tools.some((offered) => offered.function.name === name)) return { mode: 'named', name };
  throw unknownChoice('tool_choice', name);
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
      return {
        role: 'user',
        parts: [...speaker(item.name), ...contentParts(item.content, path)],
        path,
      };
    case 'assistant': {
      if (item.function_call) throw legacyCall(path);
      const calls = item.tool_calls?.map((call): Part => ({
        type: 'toolCall',
        name: call.function.name,
        argumentsJson: call.function.arguments,
      }));
      return {
        role: 'assistant',
        parts: [
          ...contentParts(item.content, path),
          ...contentParts(item.refusal, path),
          ...(calls ?? []),
        ],
        path,
      };
    }
    case 'tool': {
      const result = toolResult(calls, item.tool_call_id, contentParts(item.content, path));
      return { role: 'tool', parts: [result], path };
    }
  }
}

/** Who speaks, where several do: the model has to know, and it tells two conversations apart. */
function speaker(name: string | null | undefined): ContentPart[] {
  return name ? [{ type: 'text', text: `${name}:` }] : [];
}

/** The call format that tools replaced; left out, the model would not know what it did. */
function legacyCall(path: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    param: `${path}.function_call`,
    message: `${path}.function_call is no longer supported. Send the call in tool_calls.`,
  });
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
