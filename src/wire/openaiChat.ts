/** The Chat Completions dialect: its requests parsed, its answers and streams encoded. */
import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { GatewayError, invalidRequest } from '../base/errors';
import type { FinishReason, ToolCallEvent, TurnEvent, Usage } from '../conversation/events';
import type {
  ContentPart,
  Message,
  Part,
  Tool,
  ToolChoice,
  TurnRequest,
} from '../conversation/messages';
import { openAiError } from './openaiErrors';
import { parseWith } from './validation';

export interface ChatCompletionRequest {
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

/** A string or a list of parts, chosen by what is there, so that errors point into the list. */
function content<S extends v.GenericSchema>(part: S) {
  return v.lazy((input) => (Array.isArray(input) ? v.array(part) : v.string()));
}

const message = v.variant('role', [
  v.looseObject({ role: v.picklist(['system', 'developer']), content: content(textPart) }),
  v.looseObject({ role: v.literal('user'), content: content(userPart) }),
  v.looseObject({
    role: v.literal('assistant'),
    content: v.nullish(content(assistantPart)),
    tool_calls: v.nullish(v.array(toolCall)),
  }),
  v.looseObject({
    role: v.literal('tool'),
    content: content(textPart),
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

const request = v.looseObject({
  model: v.pipe(v.string(), v.nonEmpty()),
  messages: v.pipe(v.array(message), v.nonEmpty()),
  tools: v.nullish(v.array(tool)),
  tool_choice: v.nullish(toolChoice),
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
  response_format: (value) => !isType(value, 'text'),
  logprobs: (value) => value !== false,
  audio: () => true,
  modalities: (value) => !(Array.isArray(value) && value.every((mode) => mode === 'text')),
};

/**
 * Parses a request body; `hint` is the client's own id of the conversation, if it gave one. Throws `invalid_request` or
 * `unsupported_parameter`, naming the field.
 */
export function parseChatRequest(body: unknown, hint?: string): ChatCompletionRequest {
  const parsed = parseWith(request, body);
  for (const [name, asksForIt] of Object.entries(refused)) {
    const value = parsed[name];
    if (value !== undefined && value !== null && asksForIt(value)) throw unsupported(name);
  }
  return {
    turn: {
      model: parsed.model,
      messages: toMessages(parsed.messages),
      tools: (parsed.tools ?? []).map(toTool),
      toolChoice: toToolChoice(parsed),
      conversationHint: hint,
    },
    stream: parsed.stream ?? false,
    includeUsage: parsed.stream_options?.include_usage ?? false,
  };
}

type Parsed = v.InferOutput<typeof request>;

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

/** Which call a result answers: clients say it by an id that means nothing to a model. */
type Calls = Map<string, { readonly name: string; readonly callIndex: number }>;

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
      return { role: 'system', parts: contentParts(item.content), path };
    case 'user':
      return { role: 'user', parts: contentParts(item.content), path };
    case 'assistant': {
      const calls = item.tool_calls?.map((call): Part => ({
        type: 'toolCall',
        name: call.function.name,
        argumentsJson: call.function.arguments,
      }));
      return { role: 'assistant', parts: [...contentParts(item.content), ...(calls ?? [])], path };
    }
    case 'tool': {
      const { name, callIndex } = calls.get(item.tool_call_id) ?? { name: '', callIndex: 0 };
      const parts = contentParts(item.content);
      return { role: 'tool', parts: [{ type: 'toolResult', name, callIndex, parts }], path };
    }
  }
}

type WirePart = v.InferOutput<typeof userPart> | v.InferOutput<typeof assistantPart>;

function contentParts(value: string | readonly WirePart[] | null | undefined): ContentPart[] {
  if (value === null || value === undefined) return [];
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  return value.map((part): ContentPart => {
    switch (part.type) {
      case 'text':
        return { type: 'text', text: part.text };
      case 'refusal':
        return { type: 'text', text: part.refusal };
      case 'image_url':
        return { type: 'image', url: part.image_url.url };
      case 'input_audio':
        return { type: 'audio', data: part.input_audio.data, format: part.input_audio.format };
    }
  });
}

/** Collects a turn's events into the body of a plain answer. */
export class ChatCompletionBuilder {
  readonly #createdSeconds: number;
  #model = '';
  #text = '';
  #reasoning = '';
  #calls: ToolCallEvent[] = [];
  #finishReason: FinishReason = 'stop';
  #usage: Usage | undefined;

  /** @param createdSeconds Unix time of the answer. */
  constructor(createdSeconds: number) {
    this.#createdSeconds = createdSeconds;
  }

  add(event: TurnEvent): void {
    switch (event.type) {
      case 'start':
        this.#model = event.model;
        return;
      case 'text':
        this.#text += event.delta;
        return;
      case 'reasoning':
        this.#reasoning += event.delta;
        return;
      case 'toolCall':
        this.#calls.push(event);
        return;
      case 'end':
        this.#finishReason = event.finishReason;
        this.#usage = event.usage;
        return;
    }
  }

  body(): object {
    return {
      id: completionId(),
      object: 'chat.completion',
      created: this.#createdSeconds,
      model: this.#model,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: this.#text || this.#calls.length === 0 ? this.#text : null,
            refusal: null,
            ...(this.#calls.length > 0 ? { tool_calls: this.#calls.map(toolCallBody) } : {}),
            ...(this.#reasoning ? { reasoning_content: this.#reasoning } : {}),
          },
          logprobs: null,
          finish_reason: FINISH_REASONS[this.#finishReason],
        },
      ],
      usage: this.#usage && usageBody(this.#usage),
    };
  }
}

/** Encodes a turn's events as server-sent events; every method returns the text to write. */
export class ChatCompletionStream {
  readonly #id = completionId();
  readonly #createdSeconds: number;
  readonly #includeUsage: boolean;
  #model = '';

  constructor(createdSeconds: number, includeUsage: boolean) {
    this.#createdSeconds = createdSeconds;
    this.#includeUsage = includeUsage;
  }

  encode(event: TurnEvent): string {
    switch (event.type) {
      case 'start':
        this.#model = event.model;
        return this.#delta({ role: 'assistant', content: '' });
      case 'text':
        return this.#delta({ content: event.delta });
      case 'reasoning':
        return this.#delta({ reasoning_content: event.delta });
      case 'toolCall':
        return this.#delta({ tool_calls: [{ index: event.index, ...toolCallBody(event) }] });
      case 'end':
        return [
          this.#delta({}, FINISH_REASONS[event.finishReason]),
          this.#includeUsage ? this.#chunk([], usageBody(event.usage)) : '',
          DONE,
        ].join('');
    }
  }

  /** Ends the stream with an error after it has begun: no finish reason is made up. */
  fail(error: GatewayError): string {
    return `data: ${JSON.stringify(openAiError(error))}\n\n${DONE}`;
  }

  #delta(delta: object, finishReason: string | null = null): string {
    return this.#chunk([{ index: 0, delta, logprobs: null, finish_reason: finishReason }], null);
  }

  #chunk(choices: readonly object[], usage: object | null): string {
    const body = {
      id: this.#id,
      object: 'chat.completion.chunk',
      created: this.#createdSeconds,
      model: this.#model,
      choices,
      // With include_usage every chunk has the field, and only the last one a value.
      ...(this.#includeUsage ? { usage } : {}),
    };
    return `data: ${JSON.stringify(body)}\n\n`;
  }
}

const DONE = 'data: [DONE]\n\n';

const FINISH_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  toolCalls: 'tool_calls',
};

function toolCallBody({ id, name, argumentsJson }: ToolCallEvent): object {
  return { id, type: 'function', function: { name, arguments: argumentsJson } };
}

function usageBody(usage: Usage): object {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  };
}

function completionId(): string {
  return `chatcmpl-${randomUUID()}`;
}

function isType(value: unknown, type: string): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === type;
}

function unsupported(param: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_parameter',
    status: 400,
    param,
    message: `${param} is not supported with this value; leave it out.`,
  });
}
