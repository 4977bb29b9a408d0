import { sdkPackages } from '../../../scripts/conformance/clients.mjs';
import {
  type Answer,
  type AskOptions,
  type Endpoint,
  load,
  type SdkClient,
  type SdkConversation,
  TOOLS,
} from './client';

/** What is used of `@langchain/openai`. */
interface LangChainOpenAi {
  readonly ChatOpenAI: new (options: object) => ChatModel;
}

interface ChatModel {
  readonly bindTools: (tools: readonly object[]) => ChatModel;
  readonly invoke: (messages: readonly object[], options: object) => Promise<AiMessage>;
  readonly stream: (
    messages: readonly object[],
    options: object,
  ) => Promise<AsyncIterable<AiMessage>>;
}

/** A message of the model, or a piece of one: pieces are put together with `concat`. */
interface AiMessage {
  /** The text alone, whatever shape the content has. */
  readonly text: string;
  readonly additional_kwargs: {
    /** Of Chat Completions; the other is of Responses. */
    readonly reasoning_content?: string;
    readonly reasoning?: { readonly summary?: readonly { readonly text: string }[] };
  };
  readonly response_metadata: { readonly finish_reason?: string; readonly status?: string };
  readonly tool_calls?: readonly { id?: string; name: string; args: unknown }[];
  readonly usage_metadata?: { readonly input_tokens: number };
  readonly concat: (more: AiMessage) => AiMessage;
}

/** What is used of `@langchain/core/messages`. */
interface Messages {
  readonly HumanMessage: new (text: string) => object;
  readonly ToolMessage: new (fields: { content: string; tool_call_id: string }) => object;
}

const common = {
  version: sdkPackages['@langchain/openai'],
  modes: ['plain', 'streamed'],
} as const;

/** `@langchain/openai` on both of OpenAI's endpoints. */
export const langChainClients: readonly SdkClient[] = [
  {
    ...common,
    name: '@langchain/openai, Chat Completions',
    endpoint: '/v1/chat/completions',
    without: {},
    model: 'gpt-5',
    finishes: { text: 'stop', calls: 'tool_calls' },
    connect: (endpoint, model) => converse(endpoint, model, { useResponsesApi: false }),
  },
  {
    ...common,
    name: '@langchain/openai, Responses',
    endpoint: '/v1/responses',
    without: {},
    model: 'gpt-5',
    finishes: { text: 'completed', calls: 'completed' },
    connect: (endpoint, model) =>
      converse(endpoint, model, {
        useResponsesApi: true,
        zdrEnabled: true,
        reasoning: { effort: 'medium', summary: 'auto' },
      }),
  },
];

function converse(endpoint: Endpoint, model: string, fields: object): SdkConversation {
  const { ChatOpenAI } = load('@langchain/openai') as LangChainOpenAi;
  const { HumanMessage, ToolMessage } = load('@langchain/core/messages') as Messages;
  const { baseUrl, apiKey, fetch } = endpoint;
  const chat = new ChatOpenAI({
    model,
    apiKey,
    maxRetries: 0,
    configuration: { baseURL: `${baseUrl}/v1`, fetch },
    ...fields,
  });
  const withTools = chat.bindTools(
    TOOLS.map(({ name, description, schema: parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
    })),
  );
  const messages: object[] = [];

  async function request({ streaming, tools, signal, onPiece }: AskOptions): Promise<AiMessage> {
    const runnable = tools ? withTools : chat;
    if (!streaming) return runnable.invoke(messages, { signal });
    let whole: AiMessage | undefined;
    for await (const chunk of await runnable.stream(messages, { signal })) {
      whole = whole ? whole.concat(chunk) : chunk;
      if (chunk.text) onPiece?.();
    }
    if (!whole) throw new Error('a stream without a piece');
    return whole;
  }

  return {
    user: (text) => messages.push(new HumanMessage(text)),
    results: (results) => {
      for (const { call, text } of results) {
        messages.push(new ToolMessage({ content: text, tool_call_id: call.id }));
      }
    },
    ask: async (options): Promise<Answer> => {
      const message = await request(options);
      messages.push(message);
      const { additional_kwargs, response_metadata, tool_calls = [], usage_metadata } = message;
      return {
        text: message.text,
        reasoning:
          additional_kwargs.reasoning_content ??
          (additional_kwargs.reasoning?.summary ?? []).map(({ text }) => text).join(''),
        calls: tool_calls.map(({ id = '', name, args }) => ({ id, name, args })),
        finish: response_metadata.finish_reason ?? response_metadata.status,
        inputTokens: usage_metadata?.input_tokens,
      };
    },
  };
}
