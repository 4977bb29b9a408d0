/** Requests of the Messages dialect, checked and made neutral. */
import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import { writeJson } from '../base/exactJson';
import { isRecord } from '../base/json';
import type {
  ContentPart,
  Message,
  Part,
  Tool,
  ToolChoice,
  TurnRequest,
} from '../conversation/messages';
import {
  type AssistantBlock,
  assistantBlock,
  blockParts,
  contentParts,
  isPlainAssistantBlock,
  isPlainUserBlock,
  textBlock,
  type UserBlock,
  userBlock,
} from './anthropicBlocks';
import { conversationHint } from './conversationHint';
import { jsonFormat } from './jsonFormat';
import { answerLimits, stopList, tokenLimit } from './limits';
import { assertServed, messagesParameters } from './parameters';
import { type Calls, nothingToCall, toolResult, unknownChoice } from './toolCalls';
import {
  isListOf,
  isTextual,
  list,
  parseWith,
  payload,
  quick,
  stringOrList,
  unsupportedParameter,
} from './validation';

export interface MessagesRequest {
  readonly turn: TurnRequest;
  readonly stream: boolean;
}

/** One message of a conversation. */
export const messageSchema = v.variant('role', [
  v.looseObject({ role: v.literal('user'), content: stringOrList(userBlock) }),
  v.looseObject({ role: v.literal('assistant'), content: stringOrList(assistantBlock) }),
  // Claude Code puts instructions where they belong in time; they stay there.
  v.looseObject({ role: v.literal('system'), content: stringOrList(textBlock) }),
]);

/** Messages that the schema takes and that need no closer look. */
export function isPlainMessage({ role, content }: Record<string, unknown>): boolean {
  switch (role) {
    case 'user':
      return isTextual(content, 'text') || isListOf(content, isPlainUserBlock);
    case 'assistant':
      return isTextual(content, 'text') || isListOf(content, isPlainAssistantBlock);
    case 'system':
      return isTextual(content, 'text');
    default:
      return false;
  }
}

const clientTool = v.looseObject({
  name: v.pipe(v.string(), v.nonEmpty()),
  description: v.nullish(v.string()),
  input_schema: payload,
});
const serverTool = v.looseObject({ type: v.string() });
const tool = v.lazy((input) => (isServerTool(input) ? serverTool : clientTool));

const oneAtATime = { disable_parallel_tool_use: v.nullish(v.boolean()) };
const toolChoice = v.variant('type', [
  v.looseObject({ type: v.picklist(['auto', 'any']), ...oneAtATime }),
  v.looseObject({ type: v.literal('none') }),
  v.looseObject({ type: v.literal('tool'), name: v.string(), ...oneAtATime }),
]);

const outputFormat = v.looseObject({ type: v.literal('json_schema'), schema: payload });

const request = v.looseObject({
  model: v.pipe(v.string(), v.nonEmpty()),
  max_tokens: tokenLimit,
  stop_sequences: v.nullish(stopList),
  thinking: v.nullish(
    v.looseObject({
      type: v.picklist(['enabled', 'adaptive', 'disabled']),
      display: v.nullish(v.string()),
    }),
  ),
  messages: v.pipe(list(quick(messageSchema, isPlainMessage)), v.nonEmpty()),
  system: v.nullish(stringOrList(textBlock)),
  tools: v.nullish(v.array(tool)),
  tool_choice: v.nullish(toolChoice),
  output_config: v.nullish(v.looseObject({ format: v.nullish(outputFormat) })),
  // The name it had before it moved into output_config.
  output_format: v.nullish(outputFormat),
  stream: v.nullish(v.boolean()),
});

type Parsed = v.InferOutput<typeof request>;
type ParsedMessage = v.InferOutput<typeof messageSchema>;
type ClientTool = v.InferOutput<typeof clientTool>;

/** Parses a request. Throws `invalid_request` or `unsupported_parameter`, naming the field. */
export function parseMessagesRequest(body: unknown, headers: IncomingHttpHeaders): MessagesRequest {
  const parsed = parseWith(request, body);
  assertServed(messagesParameters, parsed);
  const tools = toTools(parsed.tools ?? []);
  return {
    turn: {
      model: parsed.model,
      messages: [...systemMessages(parsed.system), ...toMessages(parsed.messages)],
      tools,
      toolChoice: toToolChoice(parsed, tools),
      parallelToolCalls: parsed.tool_choice?.disable_parallel_tool_use !== true,
      ...toFormat(parsed),
      limits: answerLimits(parsed.stop_sequences, parsed.max_tokens),
      reasoning: wantsReasoning(parsed),
      conversationHint: conversationHint(headers, body),
    },
    stream: parsed.stream ?? false,
  };
}

/** Parses a request for a count: the same checks, but it needs no limit for an answer. */
export function parseCountTokensRequest(body: unknown, headers: IncomingHttpHeaders): TurnRequest {
  return parseMessagesRequest(isRecord(body) ? { max_tokens: 1, ...body } : body, headers).turn;
}

/** Tools the API runs itself have a type of their own and no schema. */
function isServerTool(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { type } = value;
  return type !== undefined && type !== null && type !== 'custom';
}

/**
 * The tools the model is told of. There is no server here to run a server tool, so a request about
 * nothing else is refused. Beside tools of the client (Cline always adds a web search) it is an
 * offer which the model never learns of and which nothing in the conversation relies on.
 */
function toTools(tools: NonNullable<Parsed['tools']>): Tool[] {
  const offered = tools.filter((item): item is ClientTool => !isServerTool(item));
  if (tools.length > 0 && offered.length === 0) throw unsupportedParameter('tools[0].type');
  return offered.map(({ name, description, input_schema }) => ({
    name,
    description: description ?? '',
    parameters: input_schema,
  }));
}

function toToolChoice(parsed: Parsed, tools: readonly Tool[]): ToolChoice {
  const choice = parsed.tool_choice ?? { type: 'auto' };
  if (choice.type === 'any' && tools.length === 0) throw nothingToCall();
  if (choice.type !== 'tool') return { mode: choice.type === 'any' ? 'required' : choice.type };
  const { name } = choice;
  if (tools.some((offered) => offered.name === name)) return { mode: 'named', name };
  throw unknownChoice('tool_choice.name', name);
}

function systemMessages(system: Parsed['system']): Message[] {
  const parts = contentParts(system, 'system');
  return parts.length > 0 ? [{ role: 'system', parts, path: 'system' }] : [];
}

function toMessages(items: readonly ParsedMessage[]): Message[] {
  const calls: Calls = new Map();
  return items.flatMap((item, index) => {
    const path = `messages[${index}]`;
    switch (item.role) {
      case 'system':
        return [{ role: 'system', parts: contentParts(item.content, `${path}.content`), path }];
      case 'assistant':
        return [{ role: 'assistant', parts: assistantParts(item.content, calls), path }];
      case 'user':
        return userMessages(item.content, path, calls);
    }
  });
}

/**
 * The text, then the calls. Text blocks are pieces of one text, cut where a call or a thought stood
 * in the stream, so nothing comes between them.
 */
function assistantParts(content: string | readonly AssistantBlock[], calls: Calls): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const said = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  const made = content.filter((block) => block.type === 'tool_use');
  made.forEach(({ id, name }, callIndex) => {
    calls.set(id, { name, callIndex });
  });
  return [
    ...(said ? [{ type: 'text' as const, text: said }] : []),
    ...made.map(({ name, input }) => ({
      type: 'toolCall' as const,
      name,
      argumentsJson: writeJson(input),
    })),
  ];
}

/** Results are messages of their own, and come before whatever else the message says. */
function userMessages(
  content: string | readonly UserBlock[],
  path: string,
  calls: Calls,
): Message[] {
  if (typeof content === 'string') {
    return [{ role: 'user', parts: [{ type: 'text', text: content }], path }];
  }
  const results: Message[] = [];
  const rest: ContentPart[] = [];
  content.forEach((block, index) => {
    const place = `${path}.content[${index}]`;
    if (block.type === 'tool_result') {
      const parts = contentParts(block.content, `${place}.content`);
      const result = toolResult(calls, block.tool_use_id, parts, block.is_error ?? false);
      results.push({ role: 'tool', parts: [result], path: place });
    } else {
      rest.push(...blockParts(block, place));
    }
  });
  if (results.length === content.length && results.length > 0) return results;
  return [...results, { role: 'user', parts: rest, path }];
}

function toFormat({ output_config, output_format }: Parsed): Partial<TurnRequest> {
  const format = output_config?.format ?? output_format;
  const path = output_config?.format ? 'output_config.format.schema' : 'output_format.schema';
  return format ? jsonFormat(format.schema, null, path) : {};
}

/** Thoughts are shown to those who ask for them, as the API does: others may not expect such blocks. */
function wantsReasoning({ thinking }: Parsed): boolean {
  return thinking ? thinking.type !== 'disabled' && thinking.display !== 'omitted' : false;
}
