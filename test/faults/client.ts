/**
 * A client that asks in any of the three dialects and judges how the answer ended. Written against
 * the bytes rather than with an SDK: after a fault it is the bytes that matter, and an SDK may hide
 * a stream that merely stopped.
 */
import { createParser } from 'eventsource-parser';
import type {
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';

export const dialects = ['chat', 'responses', 'messages'] as const;
export type DialectName = (typeof dialects)[number];

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly argumentsJson: string;
}

/** How a request ended for its client. */
export type Outcome =
  | { readonly kind: 'answer'; readonly text: string; readonly calls: readonly ToolCall[] }
  /** `code` is the gateway's own, or Anthropic's error type, which is all that dialect carries. */
  | { readonly kind: 'error'; readonly code: string }
  /** The client itself went away. */
  | { readonly kind: 'left' }
  /** Neither an answer nor an error in the shape of the dialect: never right. */
  | { readonly kind: 'broken'; readonly how: string };

export interface Ask {
  readonly dialect: DialectName;
  readonly stream: boolean;
  readonly messages: readonly ChatCompletionMessageParam[];
  /** Whether the tool `run` is offered. */
  readonly tools: boolean;
  /** Further headers of the request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of the headers of an answer that is no error. */
  readonly onHeaders?: ((headers: Headers) => void) | undefined;
  /** Told of the first bytes of a body that is streamed. */
  readonly onFirstBytes?: (() => void) | undefined;
}

interface Endpoint {
  readonly baseUrl: string;
  readonly apiKey: string;
}

type Json = Readonly<Record<string, unknown>>;

const toolSchema = { type: 'object', properties: { value: { type: 'string' } } };
const tool = { name: 'run', description: 'Runs a command.' };

/** Sends one request and reads its answer to the end. Never rejects. */
export async function ask({ baseUrl, apiKey }: Endpoint, request: Ask): Promise<Outcome> {
  const { path, body } = bodies[request.dialect](request);
  const askedAtMs = performance.now();
  let phase = 'before the headers';
  try {
    const response = await fetch(baseUrl + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${apiKey}`,
        ...request.headers,
      },
      body: JSON.stringify(body),
      signal: request.signal ?? null,
    });
    phase = `in the body of ${response.headers.get('x-request-id')}`;
    if (!response.ok) return errorOf(request.dialect, await response.json());
    request.onHeaders?.(response.headers);
    const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
    if (isStream !== request.stream) return { kind: 'broken', how: 'streamed and plain mixed up' };
    if (!isStream) return plain[request.dialect]((await response.json()) as Json);
    return await readStream(request, response);
  } catch (error) {
    if (request.signal?.aborted) return { kind: 'left' };
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const ms = Math.round(performance.now() - askedAtMs);
    return { kind: 'broken', how: `${String(cause)} after ${ms} ms, ${phase}${socketText(cause)}` };
  }
}

/** What a connection had carried when it broke: one that was kept from earlier requests is told by it. */
function socketText(cause: unknown): string {
  const { bytesWritten, bytesRead } = record(record(cause)['socket']);
  if (typeof bytesWritten !== 'number' || typeof bytesRead !== 'number') return '';
  return `, ${bytesWritten} bytes sent, ${bytesRead} received`;
}

async function readStream(request: Ask, response: Response): Promise<Outcome> {
  const reader = readers[request.dialect]();
  const parser = createParser({
    onEvent: ({ data }) => {
      reader.read(data);
    },
    onError: (error) => {
      throw error;
    },
  });
  const decoder = new TextDecoder();
  let told = false;
  for await (const chunk of response.body ?? []) {
    if (!told) request.onFirstBytes?.();
    told = true;
    parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
  }
  return reader.end();
}

const bodies: Record<DialectName, (request: Ask) => { path: string; body: object }> = {
  chat: ({ messages, stream, tools }) => ({
    path: '/v1/chat/completions',
    body: {
      model: 'gpt-4o',
      messages,
      stream,
      ...(tools
        ? { tools: [{ type: 'function', function: { ...tool, parameters: toolSchema } }] }
        : {}),
    },
  }),
  responses: ({ messages, stream, tools }) => ({
    path: '/v1/responses',
    body: {
      model: 'gpt-5',
      input: messages.flatMap(toItems),
      stream,
      store: false,
      ...(tools
        ? { tools: [{ type: 'function', ...tool, parameters: toolSchema, strict: false }] }
        : {}),
    },
  }),
  messages: ({ messages, stream, tools }) => ({
    path: '/v1/messages',
    body: {
      model: 'claude-sonnet-5',
      max_tokens: 1000,
      messages: messages.filter(({ role }) => role !== 'system').map(toTurn),
      stream,
      ...system(messages),
      ...(tools ? { tools: [{ ...tool, input_schema: toolSchema }] } : {}),
    },
  }),
};

function textOf({ content }: ChatCompletionMessageParam): string {
  return typeof content === 'string' ? content : '';
}

/** The calls of a message; the clients here make no others than functions'. */
function callsOf(message: ChatCompletionMessageParam): ChatCompletionMessageFunctionToolCall[] {
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return calls.filter((call) => call.type === 'function');
}

function toItems(message: ChatCompletionMessageParam): object[] {
  const text = textOf(message);
  if (message.role === 'tool') {
    return [{ type: 'function_call_output', call_id: message.tool_call_id, output: text }];
  }
  const said = { role: message.role, content: text };
  const calls = callsOf(message).map(({ id, function: { name, arguments: json } }) => ({
    type: 'function_call',
    call_id: id,
    name,
    arguments: json,
  }));
  return [...(text === '' ? [] : [said]), ...calls];
}

function toTurn(message: ChatCompletionMessageParam): object {
  const text = textOf(message);
  if (message.role === 'tool') {
    const result = { type: 'tool_result', tool_use_id: message.tool_call_id, content: text };
    return { role: 'user', content: [result] };
  }
  const calls = callsOf(message).map(({ id, function: { name, arguments: json } }) => ({
    type: 'tool_use',
    id,
    name,
    input: JSON.parse(json) as unknown,
  }));
  if (calls.length === 0) return { role: message.role, content: text };
  return { role: message.role, content: [{ type: 'text', text }, ...calls] };
}

function system(messages: readonly ChatCompletionMessageParam[]): object {
  const said = messages.filter(({ role }) => role === 'system').map(textOf);
  return said.length === 0 ? {} : { system: said.join('\n') };
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function errorOf(dialect: DialectName, body: unknown): Outcome {
  const error = record(record(body)['error']);
  const code = text(dialect === 'messages' ? error['type'] : error['code']);
  const typed = code !== '' && text(error['message']).length > 10;
  return typed
    ? { kind: 'error', code }
    : { kind: 'broken', how: `an error without a type: ${JSON.stringify(body)}` };
}

function toolCall({ id, name, input, arguments: json }: Json, nested: unknown): ToolCall {
  const inner = record(nested);
  const written = input === undefined ? text(json ?? inner['arguments']) : JSON.stringify(input);
  return { id: text(id), name: text(name ?? inner['name']), argumentsJson: written };
}

function responseOutcome(response: Json): Outcome {
  if (response['status'] !== 'completed') {
    return { kind: 'broken', how: `a response that is ${text(response['status'])}` };
  }
  const output = list(response['output']);
  const said = output
    .filter(({ type }) => type === 'message')
    .flatMap(({ content }) => list(content).map((part) => text(part['text'])));
  const calls = output
    .filter(({ type }) => type === 'function_call')
    .map((item) => toolCall({ ...item, id: item['call_id'] }, undefined));
  return { kind: 'answer', text: said.join(''), calls };
}

const plain: Record<DialectName, (body: Json) => Outcome> = {
  chat: (body) => {
    const [choice = {}] = list(body['choices']);
    const message = record(choice['message']);
    return {
      kind: 'answer',
      text: text(message['content']),
      calls: list(message['tool_calls']).map((call) => toolCall(call, call['function'])),
    };
  },
  responses: responseOutcome,
  messages: (body) => {
    const content = list(body['content']);
    return {
      kind: 'answer',
      text: content.map((block) => text(block['text'])).join(''),
      calls: content.filter(({ type }) => type === 'tool_use').map((block) => toolCall(block, {})),
    };
  },
};

/** Reads the events of one stream and says in the end what they came to. */
interface StreamReader {
  read(data: string): void;
  end(): Outcome;
}

const CUT: Outcome = { kind: 'broken', how: 'the stream stopped without an end or an error' };

const readers: Record<DialectName, () => StreamReader> = {
  chat: () => {
    let said = '';
    let finished = false;
    let error: Outcome | undefined;
    let done = false;
    const calls: ToolCall[] = [];
    return {
      read(data) {
        if (data === '[DONE]') {
          done = true;
          return;
        }
        const chunk = record(JSON.parse(data));
        if (chunk['error'] !== undefined) error = errorOf('chat', chunk);
        const [choice = {}] = list(chunk['choices']);
        const delta = record(choice['delta']);
        said += text(delta['content']);
        calls.push(...list(delta['tool_calls']).map((call) => toolCall(call, call['function'])));
        if (typeof choice['finish_reason'] === 'string') finished = true;
      },
      end() {
        if (!done || (error && finished)) return CUT;
        return error ?? (finished ? { kind: 'answer', text: said, calls } : CUT);
      },
    };
  },
  responses: () => {
    let outcome: Outcome = CUT;
    return {
      read(data) {
        const event = record(JSON.parse(data));
        const response = record(event['response']);
        if (event['type'] === 'response.completed') outcome = responseOutcome(response);
        if (event['type'] !== 'response.failed') return;
        // The field has OpenAI's own codes; ours stands at the end of the message.
        const message = text(record(response['error'])['message']);
        const code = /\((\w+)\)$/.exec(message)?.[1];
        outcome = code === undefined ? CUT : { kind: 'error', code };
      },
      end: () => outcome,
    };
  },
  messages: () => {
    const blocks: { type: string; text: string; call: Json }[] = [];
    let stopped = false;
    let error: Outcome | undefined;
    return {
      read(data) {
        const event = record(JSON.parse(data));
        const block = blocks[Number(event['index'])];
        const delta = record(event['delta']);
        switch (event['type']) {
          case 'content_block_start': {
            const call = record(event['content_block']);
            blocks.push({ type: text(call['type']), text: '', call });
            break;
          }
          case 'content_block_delta':
            if (block) block.text += text(delta['text'] ?? delta['partial_json']);
            break;
          case 'message_stop':
            stopped = true;
            break;
          case 'error':
            error = errorOf('messages', event);
            break;
        }
      },
      end() {
        if (error) return stopped ? CUT : error;
        if (!stopped) return CUT;
        const calls = blocks.filter(({ type }) => type === 'tool_use');
        return {
          kind: 'answer',
          text: blocks.map(({ type, text: said }) => (type === 'text' ? said : '')).join(''),
          calls: calls.map(({ call, text: json }) => ({
            id: text(call['id']),
            name: text(call['name']),
            argumentsJson: json,
          })),
        };
      },
    };
  },
};
