/** Vercel's `ai` with three of its providers. */
import { sdkPackages } from '../../../scripts/conformance/clients.mjs';
import {
  type Answer,
  type AskOptions,
  type Call,
  type Endpoint,
  load,
  type SdkClient,
  type SdkConversation,
  TOOLS,
} from './client';

/** What is used of the package `ai`. */
interface Ai {
  readonly generateText: (options: object) => Promise<Result>;
  readonly streamText: (options: object) => Streamed;
  readonly jsonSchema: (schema: object) => object;
}

interface Result {
  readonly text: string;
  readonly reasoningText: string | undefined;
  readonly toolCalls: readonly { toolCallId: string; toolName: string; input: unknown }[];
  readonly finishReason: string;
  readonly usage: { readonly inputTokens: number | undefined };
  readonly response: { readonly messages: readonly object[] };
}

type Streamed = { readonly [K in keyof Result]: PromiseLike<Result[K]> } & {
  readonly fullStream: AsyncIterable<
    | { readonly type: 'error'; readonly error: unknown }
    | { readonly type: 'abort' | 'text-delta' | 'finish' }
  >;
};

/** A provider's factory; what it makes gives models by name. */
type CreateProvider = (settings: object) => (model: string) => object;

/** Each provider with the options its users set; a provider ignores the others' ones. */
const PROVIDERS = [
  {
    name: '@ai-sdk/openai',
    factory: 'createOpenAI',
    endpoint: '/v1/responses',
    model: 'gpt-5',
    options: { openai: { store: false, reasoningSummary: 'auto' } },
  },
  {
    name: '@ai-sdk/openai-compatible',
    factory: 'createOpenAICompatible',
    endpoint: '/v1/chat/completions',
    model: 'gpt-5',
    options: {},
  },
  {
    name: '@ai-sdk/anthropic',
    factory: 'createAnthropic',
    endpoint: '/v1/messages',
    model: 'claude-opus-5-5',
    options: { anthropic: { thinking: { type: 'adaptive' } } },
  },
] as const;

type Provider = (typeof PROVIDERS)[number];

export const vercelClients: readonly SdkClient[] = PROVIDERS.map((provider) => ({
  name: `ai with ${provider.name}`,
  version: `${sdkPackages.ai} with ${sdkPackages[provider.name]}`,
  endpoint: provider.endpoint,
  modes: ['plain', 'streamed'],
  without: {},
  model: provider.model,
  finishes: { text: 'stop', calls: 'tool-calls' },
  connect: (endpoint, model) => converse(provider, endpoint, model),
}));

function converse(provider: Provider, endpoint: Endpoint, model: string): SdkConversation {
  const { generateText, streamText, jsonSchema } = load('ai') as Ai;
  // It prints one for each thought that has no signature to be sent back with.
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
  const { baseUrl, apiKey, fetch } = endpoint;
  const create = (load(provider.name) as Record<string, CreateProvider>)[provider.factory];
  if (!create) throw new Error(`${provider.name} has no ${provider.factory}`);
  const languageModel = create({
    name: 'gateway',
    baseURL: `${baseUrl}/v1`,
    apiKey,
    fetch,
    includeUsage: true,
  })(model);
  const messages: object[] = [];

  async function request({ streaming, tools, signal, onPiece }: AskOptions): Promise<Result> {
    const options = {
      model: languageModel,
      messages,
      maxRetries: 0,
      abortSignal: signal,
      providerOptions: provider.options,
      ...(tools && {
        tools: Object.fromEntries(
          TOOLS.map(({ name, description, schema }) => [
            name,
            { description, inputSchema: jsonSchema(schema) },
          ]),
        ),
      }),
    };
    if (!streaming) return generateText(options);
    const result = streamText({
      ...options,
      // Its default prints to the console; the error comes through the stream as well.
      onError: () => undefined,
    });
    for await (const part of result.fullStream) {
      if (part.type === 'error') throw part.error;
      if (part.type === 'abort') throw new Error('aborted');
      if (part.type === 'text-delta') onPiece?.();
    }
    return {
      text: await result.text,
      reasoningText: await result.reasoningText,
      toolCalls: await result.toolCalls,
      finishReason: await result.finishReason,
      usage: await result.usage,
      response: await result.response,
    };
  }

  return {
    user: (content) => messages.push({ role: 'user', content }),
    results: (results) =>
      messages.push({
        role: 'tool',
        content: results.map(({ call, text }) => ({
          type: 'tool-result',
          toolCallId: call.id,
          toolName: call.name,
          output: { type: 'text', value: text },
        })),
      }),
    ask: async (options): Promise<Answer> => {
      const { text, reasoningText, toolCalls, finishReason, usage, response } =
        await request(options);
      messages.push(...response.messages);
      return {
        text,
        reasoning: reasoningText ?? '',
        calls: toolCalls.map(({ toolCallId, toolName, input }): Call => ({
          id: toolCallId,
          name: toolName,
          args: input,
        })),
        finish: finishReason,
        inputTokens: usage.inputTokens,
      };
    },
  };
}
