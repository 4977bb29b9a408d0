/** Requests of the Responses dialect, checked and made neutral. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Response } from 'openai/resources/responses/responses';
import * as v from 'valibot';
import { invalidRequest } from '../base/errors';
import type { Message, TurnRequest } from '../conversation/messages';
import { conversationHint } from './conversationHint';
import { jsonInstruction } from './jsonFormat';
import { itemSchema, readInput } from './openaiResponsesInput';
import {
  readToolChoice,
  readTools,
  toolChoiceSchema,
  toolSchema,
  type WireTool,
} from './openaiResponsesTools';
import { parseWith, stringOrList, unsupportedParameter } from './validation';

/** The fields of an answer that repeat what was asked. */
export type Echo = Pick<
  Response,
  'instructions' | 'metadata' | 'parallel_tool_calls' | 'text' | 'tool_choice' | 'tools'
>;

export interface ResponsesRequest {
  readonly turn: TurnRequest;
  readonly stream: boolean;
  /** How the client knows its tools, by the name the model calls them by. */
  readonly wireTools: ReadonlyMap<string, WireTool>;
  readonly echo: Echo;
}

const format = v.variant('type', [
  v.looseObject({ type: v.literal('text') }),
  v.looseObject({ type: v.literal('json_object') }),
  v.looseObject({
    type: v.literal('json_schema'),
    name: v.nullish(v.string()),
    description: v.nullish(v.string()),
    schema: v.looseObject({}),
  }),
]);

const request = v.looseObject({
  model: v.pipe(v.string(), v.nonEmpty()),
  instructions: v.nullish(v.string()),
  input: stringOrList(itemSchema),
  tools: v.nullish(v.array(toolSchema)),
  tool_choice: v.nullish(toolChoiceSchema),
  parallel_tool_calls: v.nullish(v.boolean()),
  text: v.nullish(v.looseObject({ format: v.nullish(format) })),
  metadata: v.nullish(v.record(v.string(), v.string())),
  stream: v.nullish(v.boolean()),
});

type Parsed = v.InferOutput<typeof request>;

/**
 * What would change the answer's meaning if it were ignored is refused instead; the test tells
 * whether a value asks for it. Everything else without a counterpart in Lingma is accepted without
 * effect (README).
 */
const refused: Readonly<Record<string, (value: unknown) => boolean>> = {
  background: (value) => value !== false,
  conversation: () => true,
  previous_response_id: () => true,
  prompt: () => true,
  top_logprobs: (value) => value !== 0,
};

/** Parses a request. Throws `invalid_request` or `unsupported_parameter`, naming the field. */
export function parseResponsesRequest(
  body: unknown,
  headers: IncomingHttpHeaders,
): ResponsesRequest {
  const parsed = parseWith(request, body);
  for (const [name, asksForIt] of Object.entries(refused)) {
    const value = parsed[name];
    if (value !== undefined && value !== null && asksForIt(value)) throw unsupportedParameter(name);
  }
  const input = readInput(parsed.input);
  if (input.length === 0) throw invalidRequest('input', 'input holds nothing to answer.');
  const offered = readTools(parsed.tools ?? []);
  return {
    turn: {
      model: parsed.model,
      messages: [...instructions(parsed.instructions), ...input],
      tools: offered.tools,
      toolChoice: readToolChoice(parsed.tool_choice, offered),
      instruction: formatInstruction(parsed),
      conversationHint: conversationHint(headers, body),
    },
    stream: parsed.stream ?? false,
    wireTools: offered.wireTools,
    echo: echoOf(parsed),
  };
}

function instructions(text: string | null | undefined): Message[] {
  if (!text) return [];
  return [{ role: 'system', parts: [{ type: 'text', text }], path: 'instructions' }];
}

function formatInstruction({ text }: Parsed): string | undefined {
  const wanted = text?.format;
  if (!wanted || wanted.type === 'text') return undefined;
  if (wanted.type === 'json_object') return jsonInstruction();
  return jsonInstruction(wanted.schema, wanted.description);
}

/** Repeated as they came; what was checked of them is less than the official types promise. */
function echoOf(parsed: Parsed): Echo {
  return {
    instructions: parsed.instructions ?? null,
    metadata: parsed.metadata ?? {},
    parallel_tool_calls: parsed.parallel_tool_calls ?? true,
    text: { ...parsed.text, format: parsed.text?.format ?? { type: 'text' } } as NonNullable<
      Echo['text']
    >,
    tool_choice: parsed.tool_choice ?? 'auto',
    tools: (parsed.tools ?? []) as unknown as Echo['tools'],
  };
}
