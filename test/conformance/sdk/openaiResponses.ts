import OpenAI from 'openai';
import type { Response, ResponseInput } from 'openai/resources/responses/responses';
import {
  type Answer,
  type AskOptions,
  type Endpoint,
  installedVersion,
  type SdkClient,
  type SdkConversation,
  TOOLS,
} from './client';

/** `openai`, Responses; the client sends the whole conversation each time. */
export const openAiResponsesClient: SdkClient = {
  name: 'openai, Responses',
  version: installedVersion('openai'),
  endpoint: '/v1/responses',
  modes: ['plain', 'streamed'],
  without: {},
  model: 'gpt-5',
  finishes: { text: 'completed', calls: 'completed' },
  connect: (endpoint, model) => converse(endpoint, model),
};

function converse({ baseUrl, apiKey, fetch }: Endpoint, model: string): SdkConversation {
  const client = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey, fetch, maxRetries: 0 });
  const input: ResponseInput = [];

  async function request({ streaming, tools, signal, onPiece }: AskOptions): Promise<Response> {
    const body = {
      model,
      input,
      store: false,
      reasoning: { effort: 'medium' as const, summary: 'auto' as const },
      ...(tools && {
        tools: TOOLS.map(({ name, description, schema: parameters }) => ({
          type: 'function' as const,
          name,
          description,
          parameters,
          strict: false,
        })),
      }),
    };
    if (!streaming) return client.responses.create(body, { signal });
    const stream = client.responses.stream(body, { signal });
    stream.on('response.output_text.delta', () => onPiece?.());
    return stream.finalResponse();
  }

  return {
    user: (content) => input.push({ role: 'user', content }),
    results: (results) => {
      for (const { call, text } of results) {
        input.push({ type: 'function_call_output', call_id: call.id, output: text });
      }
    },
    ask: async (options): Promise<Answer> => {
      const response = await request(options);
      if (response.status !== 'completed') {
        throw new Error(`${String(response.status)}: ${response.error?.message ?? ''}`);
      }
      input.push(...(response.output as ResponseInput));
      return {
        text: response.output_text,
        reasoning: response.output
          .flatMap((item) => (item.type === 'reasoning' ? item.summary : []))
          .map(({ text }) => text)
          .join(''),
        calls: response.output.flatMap((item) =>
          item.type === 'function_call'
            ? [{ id: item.call_id, name: item.name, args: JSON.parse(item.arguments) as unknown }]
            : [],
        ),
        finish: response.status,
        inputTokens: response.usage?.input_tokens,
      };
    },
  };
}
