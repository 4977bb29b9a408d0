import OpenAI from 'openai';
import type {
  ChatCompletion,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import {
  type Answer,
  type AskOptions,
  type Endpoint,
  installedVersion,
  type SdkClient,
  type SdkConversation,
  TOOLS,
} from './client';

/** `openai`, Chat Completions. */
export const openAiChatClient: SdkClient = {
  name: 'openai, Chat Completions',
  version: installedVersion('openai'),
  endpoint: '/v1/chat/completions',
  modes: ['plain', 'streamed'],
  without: {},
  model: 'gpt-5',
  finishes: { text: 'stop', calls: 'tool_calls' },
  connect: (endpoint, model) => converse(endpoint, model),
};

/** The field for thoughts is no part of OpenAI's own types. */
type Thinking = ChatCompletionMessage & { reasoning_content?: string };

function converse({ baseUrl, apiKey, fetch }: Endpoint, model: string): SdkConversation {
  const client = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey, fetch, maxRetries: 0 });
  const messages: ChatCompletionMessageParam[] = [];

  async function request({
    streaming,
    tools,
    signal,
    onPiece,
  }: AskOptions): Promise<ChatCompletion> {
    const body = {
      model,
      messages,
      ...(tools && {
        tools: TOOLS.map(({ name, description, schema: parameters }) => ({
          type: 'function' as const,
          function: { name, description, parameters },
        })),
      }),
    };
    if (!streaming) return client.chat.completions.create(body, { signal });
    const stream = client.chat.completions.stream(
      { ...body, stream: true, stream_options: { include_usage: true } },
      { signal },
    );
    let reasoning = '';
    stream.on('chunk', ({ choices: [choice] }) => {
      const delta = choice?.delta as Partial<Thinking> | undefined;
      reasoning += delta?.reasoning_content ?? '';
      if (delta?.content) onPiece?.();
    });
    const completion = await stream.finalChatCompletion();
    const message = completion.choices[0]?.message as Thinking | undefined;
    if (message && reasoning) message.reasoning_content = reasoning;
    return completion;
  }

  return {
    user: (content) => messages.push({ role: 'user', content }),
    results: (results) => {
      for (const { call, text } of results) {
        messages.push({ role: 'tool', tool_call_id: call.id, content: text });
      }
    },
    ask: async (options): Promise<Answer> => {
      const completion = await request(options);
      const [choice] = completion.choices;
      if (!choice) throw new Error('an answer without a choice');
      const message: Thinking = choice.message;
      messages.push(message);
      return {
        text: message.content ?? '',
        reasoning: message.reasoning_content ?? '',
        calls: (message.tool_calls ?? []).flatMap((call) =>
          call.type === 'function'
            ? [{ id: call.id, name: call.function.name, args: parse(call.function.arguments) }]
            : [],
        ),
        finish: choice.finish_reason,
        inputTokens: completion.usage?.prompt_tokens,
      };
    },
  };
}

function parse(json: string): unknown {
  return JSON.parse(json);
}
