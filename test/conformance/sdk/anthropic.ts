import Anthropic from '@anthropic-ai/sdk';
import type { Message, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import {
  type Answer,
  type AskOptions,
  type Endpoint,
  installedVersion,
  type SdkClient,
  type SdkConversation,
  TOOLS,
} from './client';

/** `@anthropic-ai/sdk`, Messages. */
export const anthropicClient: SdkClient = {
  name: '@anthropic-ai/sdk',
  version: installedVersion('@anthropic-ai/sdk'),
  endpoint: '/v1/messages',
  modes: ['plain', 'streamed'],
  without: {},
  model: 'claude-opus-5-5',
  finishes: { text: 'end_turn', calls: 'tool_use' },
  connect: (endpoint, model) => converse(endpoint, model),
};

function converse({ baseUrl, apiKey, fetch }: Endpoint, model: string): SdkConversation {
  const client = new Anthropic({ baseURL: baseUrl, apiKey, fetch, maxRetries: 0 });
  const messages: MessageParam[] = [];

  async function request({ streaming, tools, signal, onPiece }: AskOptions): Promise<Message> {
    const body = {
      model,
      messages,
      max_tokens: 4096,
      thinking: { type: 'enabled' as const, budget_tokens: 1024 },
      ...(tools && {
        tools: TOOLS.map(({ name, description, schema: input_schema }) => ({
          name,
          description,
          input_schema,
        })),
      }),
    };
    if (!streaming) return client.messages.create(body, { signal });
    const stream = client.messages.stream(body, { signal });
    stream.on('text', () => onPiece?.());
    return stream.finalMessage();
  }

  return {
    user: (content) => messages.push({ role: 'user', content }),
    results: (results) =>
      messages.push({
        role: 'user',
        content: results.map(({ call, text }) => ({
          type: 'tool_result' as const,
          tool_use_id: call.id,
          content: text,
        })),
      }),
    ask: async (options): Promise<Answer> => {
      const { content, stop_reason, usage } = await request(options);
      messages.push({ role: 'assistant', content });
      return {
        text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
        reasoning: content
          .map((block) => (block.type === 'thinking' ? block.thinking : ''))
          .join(''),
        calls: content.flatMap((block) =>
          block.type === 'tool_use' ? [{ id: block.id, name: block.name, args: block.input }] : [],
        ),
        finish: stop_reason,
        inputTokens: usage.input_tokens + (usage.cache_read_input_tokens ?? 0),
      };
    },
  };
}
