/** Requests of the Responses dialect, checked and made neutral. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Response } from 'openai/resources/responses/responses';
import * as v from 'valibot';
import type { Message, TurnRequest } from '../conversation/messages';
import { affinityOf } from './affinity';
import { conversationHint } from './conversationHint';
import { jsonFormat } from './jsonFormat';
import { answerLimits, tokenLimit } from './limits';
import { readConversation } from './openaiResponsesConversation';
import { itemOrReferenceSchema } from './openaiResponsesInput';
import {
  readToolChoice,
  readTools,
  toolChoiceSchema,
  toolSchema,
  type WireTool,
} from './openaiResponsesTools';
import {
  type Item,
  NO_MEMORY,
  type ResponseMemory,
  type StoredResponse,
} from './openaiStoredResponses';
import { assertServed, responsesParameters } from './parameters';
import { isNoEffort } from './reasoning';
import { parseWith, payload, stringOrList } from './validation';

/** The fields of an answer that repeat what was asked. */
export type Echo = Pick<
  Response,
  | 'instructions'
  | 'max_output_tokens'
  | 'metadata'
  | 'parallel_tool_calls'
  | 'previous_response_id'
  | 'reasoning'
  | 'text'
  | 'tool_choice'
  | 'tools'
>;

export interface ResponsesRequest {
  readonly turn: TurnRequest;
  readonly stream: boolean;
  /** How the client knows its tools, by the name the model calls them by. */
  readonly wireTools: ReadonlyMap<string, WireTool>;
  readonly echo: Echo;
  /** Whether the client lets the answer be kept. */
  readonly store: boolean;
  /** What its id has to carry, where a balancer finds the gateway of a response by it. */
  readonly affinity: string | undefined;
  /** The items of this request alone. */
  readonly items: readonly Item[];
  /** The kept response it goes on from. */
  readonly previous: StoredResponse | undefined;
}

const format = v.variant('type', [
  v.looseObject({ type: v.literal('text') }),
  v.looseObject({ type: v.literal('json_object') }),
  v.looseObject({
    type: v.literal('json_schema'),
    name: v.nullish(v.string()),
    description: v.nullish(v.string()),
    schema: payload,
  }),
]);

const request = v.looseObject({
  model: v.pipe(v.string(), v.nonEmpty()),
  instructions: v.nullish(v.string()),
  input: stringOrList(itemOrReferenceSchema),
  previous_response_id: v.nullish(v.string()),
  store: v.nullish(v.boolean()),
  tools: v.nullish(v.array(toolSchema)),
  tool_choice: v.nullish(toolChoiceSchema),
  parallel_tool_calls: v.nullish(v.boolean()),
  text: v.nullish(v.looseObject({ format: v.nullish(format) })),
  metadata: v.nullish(v.record(v.string(), v.string())),
  max_output_tokens: v.nullish(tokenLimit),
  reasoning: v.nullish(
    v.looseObject({ effort: v.nullish(v.string()), summary: v.nullish(v.string()) }),
  ),
  stream: v.nullish(v.boolean()),
});

type Parsed = v.InferOutput<typeof request>;

/**
 * Parses a request. Throws `invalid_request` or `unsupported_parameter`, naming the field, and
 * `previous_response_not_found` or `item_not_found` for what `memory` does not hold.
 */
export function parseResponsesRequest(
  body: unknown,
  headers: IncomingHttpHeaders,
  memory: ResponseMemory = NO_MEMORY,
): ResponsesRequest {
  const parsed = parseWith(request, body);
  assertServed(responsesParameters, parsed);
  const said = readConversation(parsed.input, parsed.previous_response_id, memory);
  const offered = readTools(parsed.tools ?? []);
  return {
    turn: {
      model: parsed.model,
      messages: [...instructions(parsed.instructions), ...said.messages],
      tools: offered.tools,
      toolChoice: readToolChoice(parsed.tool_choice, offered),
      parallelToolCalls: parsed.parallel_tool_calls ?? true,
      ...toFormat(parsed),
      limits: answerLimits(undefined, parsed.max_output_tokens),
      // Summaries that nobody asked for are no harm: many clients cannot ask for models they do
      // not know.
      reasoning: !isNoEffort(parsed.reasoning?.effort),
      conversationHint: conversationHint(headers, body),
    },
    stream: parsed.stream ?? false,
    wireTools: offered.wireTools,
    echo: echoOf(parsed),
    store: parsed.store ?? true,
    affinity: affinityOf(headers),
    items: said.items,
    previous: said.previous,
  };
}

function instructions(text: string | null | undefined): Message[] {
  if (!text) return [];
  return [{ role: 'system', parts: [{ type: 'text', text }], path: 'instructions' }];
}

function toFormat({ text }: Parsed): Partial<TurnRequest> {
  const wanted = text?.format;
  if (!wanted || wanted.type === 'text') return {};
  if (wanted.type === 'json_object') return jsonFormat();
  return jsonFormat(wanted.schema, wanted.description, 'text.format.schema');
}

/** Repeated as they came; what was checked of them is less than the official types promise. */
function echoOf(parsed: Parsed): Echo {
  return {
    instructions: parsed.instructions ?? null,
    max_output_tokens: parsed.max_output_tokens ?? null,
    metadata: parsed.metadata ?? {},
    parallel_tool_calls: parsed.parallel_tool_calls ?? true,
    previous_response_id: parsed.previous_response_id ?? null,
    reasoning: {
      effort: parsed.reasoning?.effort ?? null,
      summary: parsed.reasoning?.summary ?? null,
    } as NonNullable<Echo['reasoning']>,
    text: { ...parsed.text, format: parsed.text?.format ?? { type: 'text' } } as NonNullable<
      Echo['text']
    >,
    tool_choice: parsed.tool_choice ?? 'auto',
    tools: (parsed.tools ?? []) as unknown as Echo['tools'],
  };
}
