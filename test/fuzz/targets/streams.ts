/** Our own streams, read by somebody else's parser: what was said arrives, wherever the bytes are cut. */
import assert from 'node:assert/strict';
import { createParser } from 'eventsource-parser';
import type { TurnEvent } from '../../../src/conversation/events';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';
import type { Dialect } from '../../../src/wire/dialect';
import { ollamaChat } from '../../../src/wire/ollama';
import { openAiChat } from '../../../src/wire/openaiChat';
import { openAiResponses } from '../../../src/wire/openaiResponses';
import type { Target } from '../target';

type Json = Readonly<Record<string, unknown>>;

/** What an answer consists of; of the call, its arguments. */
type Part = 'thought' | 'text' | 'call';

interface Sort {
  readonly dialect: Dialect;
  readonly body: object;
  /** What one event of the stream adds. */
  readonly read: (event: Json) => Partial<Record<Part, unknown>>;
  /** The text of a plain body. */
  readonly plain: (body: Json) => unknown;
}

/** Characters of an input. */
const LONGEST = 120;
/** No more when an answer is cut at random. */
const FEW_PIECES = 10;

const parts: readonly Part[] = ['thought', 'text', 'call'];
const user = [{ role: 'user', content: 'U' }];

const sorts: Readonly<Record<string, Sort>> = {
  chat: {
    dialect: openAiChat,
    body: { model: 'm', messages: user, stream_options: { include_usage: true } },
    read: ({ choices }) => {
      const [choice] = choices as {
        delta: {
          content?: string;
          reasoning_content?: string;
          tool_calls?: { function: { arguments: string } }[];
        };
      }[];
      return {
        thought: choice?.delta.reasoning_content,
        text: choice?.delta.content,
        call: choice?.delta.tool_calls?.[0]?.function.arguments,
      };
    },
    plain: ({ choices }) =>
      (choices as { message: { content: string | null } }[])[0]?.message.content ?? '',
  },
  responses: {
    dialect: openAiResponses,
    body: { model: 'm', input: 'U', store: false },
    read: ({ type, delta }) => ({
      ...(type === 'response.reasoning_summary_text.delta' ? { thought: delta } : {}),
      ...(type === 'response.output_text.delta' ? { text: delta } : {}),
      ...(type === 'response.function_call_arguments.delta' ? { call: delta } : {}),
    }),
    plain: ({ output }) =>
      (output as { type: string; content?: { text: string }[] }[])
        .flatMap(({ type, content = [] }) =>
          type === 'message' ? content.map(({ text }) => text) : [],
        )
        .join(''),
  },
  messages: {
    dialect: anthropicMessages,
    body: { model: 'm', max_tokens: 5, messages: user },
    read: ({ delta }) => {
      const { thinking: thought, text, partial_json: call } = (delta ?? {}) as Json;
      return { thought, text, call };
    },
    plain: ({ content }) => (content as { text?: string }[]).map(({ text = '' }) => text).join(''),
  },
  ollama: {
    dialect: ollamaChat,
    body: { model: 'm', messages: user },
    read: ({ message }) => {
      const {
        thinking: thought,
        content: text,
        tool_calls: calls,
      } = message as {
        thinking?: string;
        content: string;
        tool_calls?: { function: { arguments: unknown } }[];
      };
      return { thought, text, call: calls?.[0] && JSON.stringify(calls[0].function.arguments) };
    },
    plain: ({ message }) => (message as { content: string }).content,
  },
};

const asked = Object.entries(sorts).map(
  ([name, { dialect, body, ...sort }]) =>
    [name, { request: dialect.parse(body, {}), ...sort }] as const,
);

/**
 * Every dialect; of a short answer that comes character by character one of them, which each of them
 * is for a fourth of the answers: events by the hundred cost more than all other targets together.
 */
function askedFor(pieces: readonly string[]): typeof asked {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (pieces.length <= FEW_PIECES || length > LONGEST) return asked;
  const sum = pieces.reduce((before, piece) => before + (piece.charCodeAt(0) || 0), length);
  return asked.filter((_, index) => index === sum % asked.length);
}

const usage = {
  inputTokens: 1,
  cachedTokens: 0,
  outputTokens: 1,
  reasoningTokens: 0,
  estimated: true,
};
const start: TurnEvent = {
  type: 'start',
  model: 'm',
  usage,
  placement: {
    reason: 'new',
    instanceId: '1',
    sentMessages: 1,
    totalMessages: 1,
    sentBytes: 1,
    totalBytes: 1,
  },
};

/** An answer that says each delta, thinks it, too, and ends with a call. */
function answer(deltas: readonly string[]): TurnEvent[] {
  const spoken = deltas.filter(Boolean);
  // What is read character by character is the text.
  const thought = spoken.length > FEW_PIECES ? [spoken.join('')] : spoken;
  const argumentsJson = JSON.stringify({ value: deltas.join('') });
  return [
    start,
    ...thought.map((delta): TurnEvent => ({ type: 'reasoning', delta })),
    ...spoken.map((delta): TurnEvent => ({ type: 'text', delta })),
    { type: 'toolCall', index: 0, id: 'call_1', name: 'run', argumentsJson },
    { type: 'end', finishReason: 'toolCalls', usage },
  ];
}

/** The JSON texts of a stream, which arrives in pieces of so many characters. */
function eventsIn(stream: string, isLines: boolean, size: number): string[] {
  if (isLines) return stream.trimEnd().split('\n');
  const found: string[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      assert.ok(
        event === undefined || data.includes(`"type":"${event}"`),
        'an event by another name',
      );
      if (data !== '[DONE]') found.push(data);
    },
    onError: (error) => {
      throw error;
    },
  });
  for (let at = 0; at < stream.length; at += size) parser.feed(stream.slice(at, at + size));
  return found;
}

export const streams: Target = {
  name: 'streams',
  kind: 'text',
  longest: LONGEST,
  seeds: [
    'Hello\nyou',
    'data: x\n\nevent: y\n\n: z\r\n',
    '[DONE]',
    '你好 🙂 \ud83d \u2028 \0',
    '{"a":"b"}',
  ],
  words: [
    '\n',
    '\r',
    '\r\n\r\n',
    'data: ',
    'event: ',
    ': ',
    '[DONE]',
    '\u2028',
    '\u2029',
    '\ufeff',
    '"',
    '\\',
    '</script>',
  ],
  read(pieces) {
    const events = answer(pieces);
    const wanted = pieces.join('');
    for (const [name, { request, read, plain }] of askedFor(pieces)) {
      const encoder = request.streamed(0);
      const stream = events.map((event) => encoder.encode(event)).join('');
      const isLines = encoder.contentType !== undefined;
      // How bytes are cut on their way is one thing, how the answer is, another.
      const size = pieces.length === 1 ? 1 + ((wanted.length * 31) % 997) : stream.length;
      const said: Record<Part, string> = { thought: '', text: '', call: '' };
      for (const data of eventsIn(stream, isLines, size)) {
        const added = read(JSON.parse(data) as Json);
        for (const part of parts) {
          const more = added[part];
          if (typeof more === 'string') said[part] += more;
        }
      }
      assert.equal(said.thought, wanted, `${name}: the thoughts of the stream`);
      assert.equal(said.text, wanted, `${name}: the text of the stream`);
      assert.deepEqual(JSON.parse(said.call), { value: wanted }, `${name}: the call of the stream`);
      // Cut in a few places it is put together as ever.
      if (pieces.length > 1 && pieces.length <= FEW_PIECES) continue;
      const builder = request.plain(0);
      for (const event of events) builder.add(event);
      assert.equal(
        plain(JSON.parse(JSON.stringify(builder.body())) as Json),
        wanted,
        `${name}: the plain text`,
      );
    }
    return undefined;
  },
};
