/** Builds a Response object from a turn's events, and tells every step as a streaming event. */
import { randomUUID } from 'node:crypto';
import type {
  Response,
  ResponseCustomToolCallItem,
  ResponseError,
  ResponseErrorEvent,
  ResponseFunctionToolCallItem,
  ResponseOutputMessage,
  ResponseOutputText,
  ResponseReasoningItem,
  ResponseStatus,
  ResponseStreamEvent,
  ResponseUsage,
} from 'openai/resources/responses/responses';
import type { GatewayError } from '../base/errors';
import type { ToolCallEvent, TurnEvent, Usage } from '../conversation/events';
import { openAiError, type OpenAiErrorBody } from './openaiErrors';
import type { ResponsesRequest } from './openaiResponsesRequest';
import { customInput } from './openaiResponsesTools';
import { argumentDeltas } from './toolCalls';

/** `output_text` is made up by the client's library. */
type ResponseBody = Omit<Response, 'output_text'>;

/** A streaming event before it is numbered. */
type Step<E = ResponseStreamEvent> = E extends { readonly response: unknown }
  ? Omit<E, 'sequence_number' | 'response'> & { readonly response: ResponseBody }
  : Omit<E, 'sequence_number'>;

/**
 * The error of a stream that has begun. OpenAI documents it flat and sends it nested; its library
 * throws for the nested form alone, and some clients overlook a `response.failed`.
 */
type ErrorStep = Omit<ResponseErrorEvent, 'sequence_number'> & {
  readonly error: Omit<OpenAiErrorBody['error'], 'code'> & ResponseError;
};

type Item =
  | ResponseOutputMessage
  | ResponseReasoningItem
  | ResponseFunctionToolCallItem
  | ResponseCustomToolCallItem;

/** How an item or a response ends that did not fail. */
type EndStatus = 'completed' | 'incomplete';

/** An item whose text is still growing. */
interface OpenItem {
  readonly id: string;
  readonly index: number;
  text: string;
}

export class ResponseBuilder {
  readonly #id: string;
  readonly #createdSeconds: number;
  readonly #request: ResponsesRequest;
  readonly #output: Item[] = [];
  #model: string;
  #status: ResponseStatus = 'in_progress';
  #error: ResponseError | null = null;
  #usage: ResponseUsage | undefined;
  #message: OpenItem | undefined;
  #reasoning: OpenItem | undefined;

  constructor(request: ResponsesRequest, createdSeconds: number) {
    const { affinity } = request;
    this.#id = newId(affinity === undefined ? 'resp' : `resp_${affinity}`);
    this.#request = request;
    this.#createdSeconds = createdSeconds;
    this.#model = request.turn.model;
  }

  add(event: TurnEvent): Step[] {
    switch (event.type) {
      case 'start':
        this.#model = event.model;
        return [
          { type: 'response.created', response: this.response() },
          { type: 'response.in_progress', response: this.response() },
        ];
      case 'text':
        return [...this.#endReasoning(), ...this.#text(event.delta)];
      case 'reasoning':
        // The message stays open: thoughts in between do not make it two.
        return this.#think(event.delta);
      case 'toolCall':
        return [...this.#endReasoning(), ...this.#endMessage(), ...this.#call(event)];
      case 'end': {
        // Only tokens can cut an answer short here: this dialect knows no stop sequences.
        const status = event.finishReason === 'length' ? 'incomplete' : 'completed';
        const steps = [...this.#endReasoning(status), ...this.#endMessage(status)];
        this.#status = status;
        this.#usage = usageBody(event.usage);
        return [...steps, { type: `response.${status}`, response: this.response() }];
      }
    }
  }

  /** Nothing is ended that has not been said to its end. */
  fail(error: GatewayError): (Step | ErrorStep)[] {
    const { type, param } = openAiError(error).error;
    const told: ResponseError = {
      code: errorCode(error),
      message: `${error.message} (${error.code})`,
    };
    this.#status = 'failed';
    this.#error = told;
    return [
      { type: 'error', ...told, param, error: { type, ...told, param } },
      { type: 'response.failed', response: this.response() },
    ];
  }

  /** As it stands. */
  response(): ResponseBody {
    const { echo } = this.#request;
    return {
      id: this.#id,
      object: 'response',
      created_at: this.#createdSeconds,
      status: this.#status,
      background: false,
      error: this.#error,
      incomplete_details: this.#status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      instructions: echo.instructions,
      max_output_tokens: echo.max_output_tokens ?? null,
      model: this.#model,
      output: this.#output.filter(({ status }) => status !== 'in_progress'),
      parallel_tool_calls: echo.parallel_tool_calls,
      previous_response_id: echo.previous_response_id ?? null,
      reasoning: echo.reasoning ?? { effort: null, summary: null },
      temperature: null,
      ...(echo.text ? { text: echo.text } : {}),
      tool_choice: echo.tool_choice,
      tools: echo.tools,
      top_p: null,
      truncation: 'disabled',
      ...(this.#usage ? { usage: this.#usage } : {}),
      metadata: echo.metadata,
    };
  }

  #text(delta: string): Step[] {
    const steps: Step[] = [];
    if (!this.#message) {
      const { id, index } = (this.#message = this.#open('msg'));
      steps.push(this.#added(index, messageItem(id, [], 'in_progress')), {
        type: 'response.content_part.added',
        item_id: id,
        output_index: index,
        content_index: 0,
        part: textPart(''),
      });
    }
    this.#message.text += delta;
    steps.push({
      type: 'response.output_text.delta',
      item_id: this.#message.id,
      output_index: this.#message.index,
      content_index: 0,
      delta,
      logprobs: [],
    });
    return steps;
  }

  #endMessage(status: EndStatus = 'completed'): Step[] {
    if (!this.#message) return [];
    const { id, index, text } = this.#message;
    this.#message = undefined;
    const place = { item_id: id, output_index: index, content_index: 0 };
    return [
      { type: 'response.output_text.done', ...place, text, logprobs: [] },
      { type: 'response.content_part.done', ...place, part: textPart(text) },
      this.#done(index, messageItem(id, [textPart(text)], status)),
    ];
  }

  #think(delta: string): Step[] {
    const steps: Step[] = [];
    if (!this.#reasoning) {
      const { id, index } = (this.#reasoning = this.#open('rs'));
      steps.push(
        this.#added(index, { id, type: 'reasoning', summary: [], status: 'in_progress' }),
        {
          type: 'response.reasoning_summary_part.added',
          item_id: id,
          output_index: index,
          summary_index: 0,
          part: { type: 'summary_text', text: '' },
        },
      );
    }
    this.#reasoning.text += delta;
    steps.push({
      type: 'response.reasoning_summary_text.delta',
      item_id: this.#reasoning.id,
      output_index: this.#reasoning.index,
      summary_index: 0,
      delta,
    });
    return steps;
  }

  #endReasoning(status: EndStatus = 'completed'): Step[] {
    if (!this.#reasoning) return [];
    const { id, index, text } = this.#reasoning;
    this.#reasoning = undefined;
    const place = { item_id: id, output_index: index, summary_index: 0 };
    const part = { type: 'summary_text' as const, text };
    return [
      { type: 'response.reasoning_summary_text.done', ...place, text },
      { type: 'response.reasoning_summary_part.done', ...place, part },
      this.#done(index, { id, type: 'reasoning', summary: [part], status }),
    ];
  }

  #call(event: ToolCallEvent): Step[] {
    const { type, ...named } = this.#request.wireTools.get(event.name) ?? {
      type: 'function',
      name: event.name,
    };
    const call = { call_id: event.id, ...named };
    if (type === 'custom') {
      const { id, index } = this.#open('ctc');
      const item = { id, type: 'custom_tool_call' as const, ...call };
      const place = { item_id: id, output_index: index };
      const input = customInput(event.argumentsJson);
      return [
        this.#added(index, { ...item, input: '', status: 'in_progress' }),
        ...argumentDeltas(input).map((delta) => ({
          type: 'response.custom_tool_call_input.delta' as const,
          ...place,
          delta,
        })),
        { type: 'response.custom_tool_call_input.done', ...place, input },
        this.#done(index, { ...item, input, status: 'completed' }),
      ];
    }
    const { id, index } = this.#open('fc');
    const item = { id, type: 'function_call' as const, ...call };
    const place = { item_id: id, output_index: index };
    const { argumentsJson } = event;
    return [
      this.#added(index, { ...item, arguments: '', status: 'in_progress' }),
      ...argumentDeltas(argumentsJson).map((delta) => ({
        type: 'response.function_call_arguments.delta' as const,
        ...place,
        delta,
      })),
      {
        type: 'response.function_call_arguments.done',
        ...place,
        name: call.name,
        arguments: argumentsJson,
      },
      this.#done(index, { ...item, arguments: argumentsJson, status: 'completed' }),
    ];
  }

  #open(prefix: string): OpenItem {
    return { id: newId(prefix), index: this.#output.length, text: '' };
  }

  #added(index: number, item: Item): Step {
    this.#output[index] = item;
    return { type: 'response.output_item.added', output_index: index, item };
  }

  #done(index: number, item: Item): Step {
    this.#output[index] = item;
    return { type: 'response.output_item.done', output_index: index, item };
  }
}

function messageItem(
  id: string,
  content: ResponseOutputText[],
  status: 'in_progress' | EndStatus,
): ResponseOutputMessage {
  return { id, type: 'message', status, role: 'assistant', content };
}

function textPart(text: string): ResponseOutputText {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

/** One of the codes that clients of this dialect decide by whether to try again. */
function errorCode(error: GatewayError): ResponseError['code'] {
  if (error.status === 429) return 'rate_limit_exceeded';
  return error.status < 500 ? 'invalid_prompt' : 'server_error';
}

function usageBody({
  inputTokens,
  cachedTokens,
  outputTokens,
  reasoningTokens,
}: Usage): ResponseUsage {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}

function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`;
}
