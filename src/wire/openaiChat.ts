/** The Chat Completions dialect: its answers and streams. */
import { randomUUID } from 'node:crypto';
import type { GatewayError } from '../base/errors';
import type { FinishReason, ToolCallEvent, TurnEvent, Usage } from '../conversation/events';
import { CollectedAnswer } from './collectedAnswer';
import type { Dialect, PlainEncoder, StreamEncoder } from './dialect';
import { parseChatRequest } from './openaiChatRequest';
import { openAiError, openAiErrors } from './openaiErrors';
import { argumentDeltas } from './toolCalls';

/** `POST /v1/chat/completions`. */
export const openAiChat: Dialect = {
  path: '/v1/chat/completions',
  errors: openAiErrors,
  parse(body, headers) {
    const { turn, stream, includeUsage } = parseChatRequest(body, headers);
    return {
      turn,
      stream,
      plain: (nowSeconds) => new ChatCompletionBuilder(nowSeconds),
      streamed: (nowSeconds) => new ChatCompletionStream(nowSeconds, includeUsage),
    };
  },
};

export class ChatCompletionBuilder implements PlainEncoder {
  readonly #createdSeconds: number;
  readonly #answer = new CollectedAnswer();

  constructor(createdSeconds: number) {
    this.#createdSeconds = createdSeconds;
  }

  add(event: TurnEvent): void {
    this.#answer.add(event);
  }

  body(): object {
    const { model, text, reasoning, calls, end } = this.#answer;
    return {
      id: completionId(),
      object: 'chat.completion',
      created: this.#createdSeconds,
      model,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: text || calls.length === 0 ? text : null,
            refusal: null,
            ...(calls.length > 0 ? { tool_calls: calls.map(toolCallBody) } : {}),
            ...(reasoning ? { reasoning_content: reasoning } : {}),
          },
          logprobs: null,
          finish_reason: FINISH_REASONS[end?.finishReason ?? 'stop'],
        },
      ],
      usage: end && usageBody(end.usage),
    };
  }
}

export class ChatCompletionStream implements StreamEncoder {
  readonly keepAlive = ': keep-alive\n\n';
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
        return this.#call(event);
      case 'end':
        return [
          this.#delta({}, FINISH_REASONS[event.finishReason]),
          this.#includeUsage ? this.#chunk([], usageBody(event.usage)) : '',
          DONE,
        ].join('');
    }
  }

  fail(error: GatewayError): string {
    return `data: ${JSON.stringify(openAiError(error))}\n\n${DONE}`;
  }

  #call(call: ToolCallEvent): string {
    const { index } = call;
    const [first = '', ...more] = argumentDeltas(call.argumentsJson);
    return [
      this.#delta({ tool_calls: [{ index, ...toolCallBody({ ...call, argumentsJson: first }) }] }),
      ...more.map((delta) =>
        this.#delta({ tool_calls: [{ index, function: { arguments: delta } }] }),
      ),
    ].join('');
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
  stopSequence: 'stop',
  length: 'length',
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
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

function completionId(): string {
  return `chatcmpl-${randomUUID()}`;
}
