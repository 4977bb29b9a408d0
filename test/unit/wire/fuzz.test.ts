/** Request bodies of any shape: understood, or refused with a 400 that names the field at fault. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import { assertRenderable } from '../../../src/conversation/render';
import { withoutNoise } from '../../../src/conversation/volatile';
import { ToolSets } from '../../../src/gateway/toolSets';
import { Chain } from '../../../src/session/chain';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';
import { parseCountTokensRequest } from '../../../src/wire/anthropicMessagesRequest';
import type { DialectRequest } from '../../../src/wire/dialect';
import { ollamaChat, ollamaGenerate, type OllamaDialect } from '../../../src/wire/ollama';
import { openAiChat } from '../../../src/wire/openaiChat';
import { openAiResponses } from '../../../src/wire/openaiResponses';
import { estimates } from '../../support/tokens';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const counter = estimates();

/** What is done with every request before a process is asked. */
function understood({ turn }: DialectRequest): object {
  const messages = withoutNoise(turn.messages);
  assertRenderable(messages);
  new ToolSets(counter).of(turn.tools).tokens();
  return { head: new Chain('scope', messages), tokens: counter.messages(messages) };
}

/** A request may ask for no more than a model that is there anyway. */
function ollama(dialect: OllamaDialect): (body: unknown) => unknown {
  return (body) => dialect.answerAtOnce(body, 0) ?? understood(dialect.parse(body, {}));
}

const schema = { type: 'object', properties: { a: { type: 'string' } } };
const png = 'data:image/png;base64,iVBORw0KGgo=';

/** Bodies that use most of what each dialect has. */
const valid: Readonly<Record<string, readonly [parse: (body: unknown) => unknown, body: Json]>> = {
  chat: [
    (body) => understood(openAiChat.parse(body, {})),
    {
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      stop: ['END'],
      max_tokens: 5,
      max_completion_tokens: 6,
      reasoning_effort: 'low',
      thinking: { type: 'enabled' },
      enable_thinking: true,
      n: 1,
      temperature: 0.5,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
      tools: [{ type: 'function', function: { name: 'f', description: 'F', parameters: schema } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      messages: [
        { role: 'system', content: 'S' },
        { role: 'user', name: 'ann', content: [{ type: 'text', text: 'U' }] },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: png } }] },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: 'T' }] },
      ],
    },
  ],
  responses: [
    (body) => understood(openAiResponses.parse(body, {})),
    {
      model: 'm',
      stream: true,
      store: false,
      instructions: 'S',
      max_output_tokens: 5,
      reasoning: { effort: 'low', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      metadata: { a: 'b' },
      text: { verbosity: 'low', format: { type: 'json_schema', name: 'x', schema } },
      tools: [
        { type: 'function', name: 'f', parameters: schema, strict: false },
        { type: 'custom', name: 'p', format: { type: 'text' } },
        { type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'g' }] },
        { type: 'web_search' },
      ],
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: true,
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'D' }] },
        { role: 'user', content: [{ type: 'input_image', image_url: png }] },
        { type: 'reasoning', summary: [] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'A' }] },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: 'T' },
        { type: 'custom_tool_call', call_id: 'd', name: 'p', input: 'x' },
        { type: 'custom_tool_call_output', call_id: 'd', output: 'T' },
      ],
    },
  ],
  messages: [
    (body) => understood(anthropicMessages.parse(body, {})),
    {
      model: 'm',
      max_tokens: 5,
      stream: true,
      stop_sequences: ['END'],
      thinking: { type: 'adaptive', display: 'omitted' },
      output_config: { effort: 'high', format: { type: 'json_schema', schema } },
      context_management: { edits: [] },
      metadata: { user_id: '{"session_id":"s"}' },
      system: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }],
      tools: [{ name: 'f', description: 'F', input_schema: schema, defer_loading: true }],
      tool_choice: { type: 'tool', name: 'f' },
      messages: [
        { role: 'user', content: 'U' },
        {
          role: 'system',
          content: [{ type: 'text', text: 'S' }],
          output_config: { effort: 'low' },
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 't', signature: '' },
            { type: 'text', text: 'A' },
            { type: 'tool_use', id: 'c', name: 'f', input: { a: 'b' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c', is_error: true, content: 'T' },
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
            },
          ],
        },
      ],
    },
  ],
  ollama: [
    ollama(ollamaChat),
    {
      model: 'm:latest',
      stream: true,
      think: 'high',
      keep_alive: '5m',
      logprobs: false,
      format: schema,
      options: { stop: ['END'], num_predict: 5, temperature: 0.5, num_ctx: 4096 },
      tools: [{ type: 'function', function: { name: 'f', description: 'F', parameters: schema } }],
      messages: [
        { role: 'system', content: 'S' },
        { role: 'user', content: 'U', images: ['iVBORw0KGgo='] },
        {
          role: 'assistant',
          content: '',
          thinking: 't',
          tool_calls: [{ id: 'c', function: { index: 0, name: 'f', arguments: { a: 'b' } } }],
        },
        { role: 'tool', tool_name: 'f', tool_call_id: 'c', content: 'T' },
      ],
    },
  ],
  'ollama-generate': [
    ollama(ollamaGenerate),
    {
      model: 'm',
      stream: false,
      think: true,
      format: 'json',
      system: 'S',
      prompt: 'U',
      images: ['iVBORw0KGgo='],
      context: [],
      raw: false,
      suffix: '',
      template: '',
      options: { stop: 'END', num_predict: -1 },
    },
  ],
};

/** The places inside a value, each as the keys that lead there. */
function places(
  value: Json,
  at: readonly (string | number)[] = [],
): (readonly (string | number)[])[] {
  const inside = Array.isArray(value)
    ? value.flatMap((item, index) => places(item, [...at, index]))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) => places(item, [...at, key]))
      : [];
  return at.length > 0 ? [at, ...inside] : inside;
}

/** A copy with another value at one place; `undefined` takes the member or the element out. */
function replaced(value: Json, at: readonly (string | number)[], by: Json | undefined): Json {
  const [key, ...rest] = at;
  if (key === undefined) return by ?? null;
  if (Array.isArray(value)) {
    const index = Number(key);
    const gone = rest.length === 0 && by === undefined;
    return value.flatMap((item, place) => {
      if (place !== index) return [item];
      return gone ? [] : [replaced(item, rest, by)];
    });
  }
  const members = Object.entries(value as Record<string, Json>).flatMap(
    ([name, item]): [string, Json][] => {
      if (name !== key) return [[name, item]];
      return rest.length === 0 && by === undefined ? [] : [[name, replaced(item, rest, by)]];
    },
  );
  return Object.fromEntries(members);
}

function assertRefusedWell(parse: (body: unknown) => unknown, body: unknown): void {
  try {
    parse(body);
  } catch (error) {
    const shown = JSON.stringify(body);
    assert.ok(error instanceof GatewayError, `${String(error)} for ${shown}`);
    assert.ok(error.status === 400, `${error.code} for ${shown}`);
    assert.ok(error.message.length < 1_000, `a long message for ${shown}`);
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    assert.ok(!isObject || error.param, `no field for ${shown}: ${error.message}`);
  }
}

describe('wire: requests of any shape', () => {
  const odd = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom<Json[]>(null, '', 'x', 0, -1, 1e99, true, [], {}, [null]),
    },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
  );

  for (const [dialect, [parse, body]] of Object.entries(valid)) {
    describe(dialect, () => {
      it('the valid body is understood', () => {
        assert.ok(parse(body));
      });

      it('any JSON at all', () => {
        fc.assert(
          fc.property(fc.jsonValue(), (value) => {
            assertRefusedWell(parse, value);
          }),
          { numRuns: 500 },
        );
      });

      it('the valid body without any one of its members', () => {
        for (const place of places(body)) {
          assertRefusedWell(parse, replaced(body, place, undefined));
        }
      });

      it('the valid body with something else in one or two places', () => {
        const place = fc.constantFrom(...places(body));
        fc.assert(
          fc.property(place, odd, fc.option(fc.tuple(place, odd)), (at, by, second) => {
            const once = replaced(body, at, by);
            assertRefusedWell(parse, once);
            if (second && places(once).some((known) => known.join() === second[0].join())) {
              assertRefusedWell(parse, replaced(once, ...second));
            }
          }),
          { numRuns: 1_000 },
        );
      });

      it('names that objects have from birth', () => {
        for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
          const text = JSON.stringify(body).replaceAll('"f"', `"${name}"`);
          assertRefusedWell(parse, JSON.parse(text));
        }
      });
    });
  }

  it('a count of tokens takes the same', () => {
    const [, body] = valid['messages'] ?? [];
    const parse = (value: unknown) => parseCountTokensRequest(value, {});
    assert.ok(parse(replaced(body ?? null, ['max_tokens'], undefined)));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assertRefusedWell(parse, value);
      }),
    );
  });
});
