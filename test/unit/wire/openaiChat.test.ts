import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import type { TurnEvent } from '../../../src/conversation/events';
import { ChatCompletionBuilder, ChatCompletionStream } from '../../../src/wire/openaiChat';
import {
  type ChatRequest,
  parseChatRequest as parseWithHeaders,
} from '../../../src/wire/openaiChatRequest';
import { assertCode, thrownBy } from '../../support/errors';
import { dataUri, png } from '../../support/pictures';

const parseChatRequest = (value: unknown): ChatRequest => parseWithHeaders(value, {});

const hi = { role: 'user', content: 'hi' };
const body = (change: object = {}) => ({ model: 'auto', messages: [hi], ...change });
const saying = (...messages: readonly unknown[]) => body({ messages });
const picture = dataUri(png(1));

const CREATED = 1_700_000_000;
const turn: readonly TurnEvent[] = [
  {
    type: 'start',
    model: 'org_auto',
    placement: {
      reason: 'new',
      instanceId: 'i1',
      sentMessages: 1,
      totalMessages: 1,
      sentBytes: 20,
      totalBytes: 60,
    },
    usage: { inputTokens: 12, cachedTokens: 8 },
  },
  { type: 'reasoning', delta: 'hm' },
  { type: 'text', delta: 'Hel' },
  { type: 'text', delta: 'lo "you"\n\n你好' },
  {
    type: 'end',
    finishReason: 'stop',
    usage: {
      inputTokens: 12,
      cachedTokens: 8,
      outputTokens: 5,
      reasoningTokens: 2,
      estimated: true,
    },
  },
];
const usage = {
  prompt_tokens: 12,
  completion_tokens: 5,
  total_tokens: 17,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

describe('wire/openaiChat', () => {
  describe('a good request', () => {
    it('is parsed into a neutral turn', () => {
      assert.deepEqual(parseChatRequest(body()), {
        turn: {
          model: 'auto',
          messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }], path: 'messages[0]' }],
          tools: [],
          toolChoice: { mode: 'auto' },
          parallelToolCalls: true,
          limits: undefined,
          reasoning: true,
          conversationHint: undefined,
        },
        stream: false,
        includeUsage: false,
      });
    });

    it('asks for a structured output in words, for this turn only', () => {
      const asked = (response_format: object): string =>
        parseChatRequest(body({ response_format })).turn.instruction ?? '';
      const schema = { type: 'object', required: ['a'] };
      assert.match(asked({ type: 'json_object' }), /one JSON object/);
      const json_schema = { name: 'x', description: 'An a.', schema };
      const words = asked({ type: 'json_schema', json_schema });
      assert.ok(words.includes(JSON.stringify(schema)) && words.includes('An a.'));
      assert.equal(asked({ type: 'text' }), '');
    });

    it('keeps every role and part, developer as system, with its place', () => {
      const { messages } = parseChatRequest(
        saying(
          { role: 'developer', content: 'd' },
          { role: 'system', content: [{ type: 'text', text: 's' }] },
          {
            role: 'user',
            name: 'ann',
            content: [
              { type: 'text', text: 'look' },
              { type: 'image_url', image_url: { url: picture, detail: 'low' } },
              { type: 'input_audio', input_audio: { data: 'UklG', format: 'wav' } },
            ],
          },
          {
            role: 'assistant',
            content: [
              { type: 'text', text: 'a' },
              { type: 'refusal', refusal: 'no' },
            ],
            tool_calls: [
              { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
            ],
          },
          { role: 'tool', content: 'r', tool_call_id: 'c1' },
          { role: 'assistant', content: null },
          { role: 'assistant' },
        ),
      ).turn;
      assert.deepEqual(messages, [
        { role: 'system', parts: [{ type: 'text', text: 'd' }], path: 'messages[0]' },
        { role: 'system', parts: [{ type: 'text', text: 's' }], path: 'messages[1]' },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'ann:' },
            { type: 'text', text: 'look' },
            { type: 'image', url: picture },
            { type: 'audio', data: 'UklG', format: 'wav' },
          ],
          path: 'messages[2]',
        },
        {
          role: 'assistant',
          parts: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'no' },
            { type: 'toolCall', name: 'f', argumentsJson: '{"a":1}' },
          ],
          path: 'messages[3]',
        },
        {
          role: 'tool',
          parts: [
            { type: 'toolResult', name: 'f', callIndex: 0, parts: [{ type: 'text', text: 'r' }] },
          ],
          path: 'messages[4]',
        },
        { role: 'assistant', parts: [], path: 'messages[5]' },
        { role: 'assistant', parts: [], path: 'messages[6]' },
      ]);
    });

    it('says whether to stream and whether to tell the usage', () => {
      const flags = (change: object) => {
        const { stream, includeUsage } = parseChatRequest(body(change));
        return [stream, includeUsage];
      };
      assert.deepEqual(flags({ stream: true }), [true, false]);
      assert.deepEqual(flags({ stream: false, stream_options: null }), [false, false]);
      assert.deepEqual(flags({ stream: null }), [false, false]);
      const stream_options = { include_usage: true };
      assert.deepEqual(flags({ stream: true, stream_options }), [true, true]);
      assert.deepEqual(flags({ stream: true, stream_options: {} }), [true, false]);
    });

    const harmless: readonly object[] = [
      { temperature: 0.2, top_p: 1, max_tokens: 5, seed: 1, user: 'u', metadata: { a: 'b' } },
      { tools: [], functions: [], stop: [], n: 1, logprobs: false },
      { tools: null, functions: null, stop: null, n: null, logprobs: null, audio: null },
      { response_format: { type: 'text' }, modalities: ['text'] },
      { response_format: null, modalities: null },
      { unheard_of: { deep: [1] } },
    ];
    for (const change of harmless) {
      it(`may carry ${JSON.stringify(change)}`, () => {
        assert.equal(parseChatRequest(body(change)).turn.messages.length, 1);
      });
    }
  });

  describe('a malformed request names its field', () => {
    const bad: readonly (readonly [string | undefined, unknown])[] = [
      [undefined, undefined],
      [undefined, null],
      [undefined, 'text'],
      [undefined, 5],
      ['model', {}],
      ['model', { messages: [hi] }],
      ['model', body({ model: null })],
      ['model', body({ model: 5 })],
      ['model', body({ model: '' })],
      ['messages', { model: 'auto' }],
      ['messages', body({ messages: null })],
      ['messages', body({ messages: {} })],
      ['messages', body({ messages: 'hi' })],
      ['messages', saying()],
      ['messages[0]', saying(null)],
      ['messages[0]', saying('hi')],
      ['messages[1].role', saying(hi, [])],
      ['messages[0].role', saying({})],
      ['messages[0].role', saying({ content: 'hi' })],
      ['messages[0].role', saying({ role: 'function', content: 'hi' })],
      ['messages[0].role', saying({ role: 5, content: 'hi' })],
      ['messages[1].role', saying(hi, { role: 'User', content: 'hi' })],
      ['messages[0].content', saying({ role: 'user' })],
      ['messages[0].content', saying({ role: 'user', content: null })],
      ['messages[0].content', saying({ role: 'user', content: 5 })],
      ['messages[0].content', saying({ role: 'user', content: { type: 'text', text: 'hi' } })],
      ['messages[0].content', saying({ role: 'system' })],
      ['messages[0].content', saying({ role: 'assistant', content: 5 })],
      ['messages[0].content', saying({ role: 'tool', tool_call_id: 'c1' })],
      ['messages[0].tool_call_id', saying({ role: 'tool', content: 'r' })],
      ['messages[0].content[0]', saying({ role: 'user', content: ['hi'] })],
      ['messages[0].content[0].type', saying({ role: 'user', content: [{}] })],
      ['messages[0].content[0].type', saying({ role: 'user', content: [{ type: 'video' }] })],
      ['messages[0].content[0].text', saying({ role: 'user', content: [{ type: 'text' }] })],
      [
        'messages[0].content[1].text',
        saying({
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 5 },
          ],
        }),
      ],
      [
        'messages[0].content[0].image_url',
        saying({ role: 'user', content: [{ type: 'image_url' }] }),
      ],
      [
        'messages[0].content[0].image_url',
        saying({ role: 'user', content: [{ type: 'image_url', image_url: 'data:1' }] }),
      ],
      [
        'messages[0].content[0].image_url.url',
        saying({ role: 'user', content: [{ type: 'image_url', image_url: {} }] }),
      ],
      [
        'messages[0].content[0].image_url.url',
        saying({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'a.png' } }] }),
      ],
      [
        'messages[0].content[0].input_audio.format',
        saying({ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'x' } }] }),
      ],
      [
        'messages[0].content[0].type',
        saying({ role: 'system', content: [{ type: 'image_url', image_url: { url: 'x' } }] }),
      ],
      [
        'messages[0].content[0].type',
        saying({ role: 'assistant', content: [{ type: 'input_audio' }] }),
      ],
      ['messages[0].tool_calls', saying({ role: 'assistant', tool_calls: {} })],
      ['messages[0].tool_calls[0].id', saying({ role: 'assistant', tool_calls: [{}] })],
      [
        'messages[0].tool_calls[0].type',
        saying({ role: 'assistant', tool_calls: [{ id: 'c', type: 'custom' }] }),
      ],
      [
        'messages[0].tool_calls[0].function.arguments',
        saying({
          role: 'assistant',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: {} } }],
        }),
      ],
      ['stream', body({ stream: 'true' })],
      ['stream', body({ stream: 1 })],
      ['stream_options', body({ stream_options: true })],
      ['stream_options.include_usage', body({ stream_options: { include_usage: 'yes' } })],
    ];
    for (const [param, value] of bad) {
      it(`${param ?? 'the body'}: ${inspect(value, { depth: 9, breakLength: Infinity })}`, () => {
        const error = thrownBy(() => parseChatRequest(value));
        assertCode(error, 'invalid_request');
        assert.equal(error.status, 400);
        assert.equal(error.param, param);
        assert.ok(error.message.includes(param ?? 'The request body'), error.message);
      });
    }

    it('in words a person understands', () => {
      for (const value of [saying(), body({ model: '' })]) {
        const { message } = thrownBy(() => parseChatRequest(value));
        assert.doesNotMatch(message, /!0/);
      }
    });

    it('takes a list for no body', () => {
      const error = thrownBy(() => parseChatRequest([]));
      assertCode(error, 'invalid_request');
    });

    it('repeats no endless value', () => {
      const endless = 'x'.repeat(100_000);
      for (const value of [saying({ role: endless, content: '' }), body({ stream: endless })]) {
        const { message } = thrownBy(() => parseChatRequest(value));
        assert.ok(message.length < 1_000, `${message.length} characters`);
      }
    });

    it('whatever it is: only a GatewayError of status 400 is ever thrown', () => {
      const known = fc.constantFrom(
        ...['model', 'messages', 'role', 'content', 'type', 'text', 'image_url', 'url', 'stream'],
        ...['tool_calls', 'function', 'user', 'assistant', 'tool', 'stream_options', '__proto__'],
      );
      const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
        tree: fc.oneof(
          { maxDepth: 6 },
          fc.oneof(fc.jsonValue({ maxDepth: 2 }), known, fc.constantFrom('tools', 'n', 'stop')),
          fc.dictionary(known, tie('tree'), { maxKeys: 5 }),
          fc.array(tie('tree'), { maxLength: 3 }),
        ),
      }));
      const near = fc
        .tuple(tree, tree, tree)
        .map(([content, extra, other]) =>
          body({ messages: [{ role: 'user', content }, extra], ...(Object(other) as object) }),
        );
      fc.assert(
        fc.property(fc.oneof(tree, near), (value) => {
          try {
            parseChatRequest(value);
          } catch (error) {
            assert.ok(error instanceof GatewayError, String(error));
            assert.equal(error.status, 400);
          }
        }),
        { numRuns: 1_000 },
      );
    });
  });

  describe('what would change the answer if it were ignored is refused', () => {
    const refused: readonly (readonly [string, readonly unknown[]])[] = [
      ['functions', [[{ name: 'f' }]]],
      ['n', [2, 0, '1']],
      ['logprobs', [true]],
      ['audio', [{ voice: 'alloy' }]],
      ['modalities', [['text', 'audio'], ['audio'], 'audio']],
    ];
    for (const [param, values] of refused) {
      it(param, () => {
        for (const value of values) {
          const error = thrownBy(() => parseChatRequest(body({ [param]: value })));
          assertCode(error, 'unsupported_parameter');
          assert.deepEqual([error.status, error.param], [400, param]);
          assert.ok(error.message.includes(param));
        }
      });
    }
  });

  describe('the stream', () => {
    /** What the turn is as a stream, with its made-up id replaced. */
    function transcript(events: readonly TurnEvent[], includeUsage: boolean): string {
      const stream = new ChatCompletionStream(CREATED, includeUsage);
      const text = events.map((event) => stream.encode(event)).join('');
      const ids = new Set(text.match(/chatcmpl-[0-9a-f-]{36}/g));
      assert.equal(ids.size, 1, 'one id for the whole stream');
      return text.replaceAll([...ids][0] ?? '', 'ID');
    }

    const start =
      '{"id":"ID","object":"chat.completion.chunk","created":1700000000,"model":"org_auto","choices":';

    it('C-48 is this, byte for byte', () => {
      const rest = '"logprobs":null,"finish_reason"';
      assert.equal(
        transcript(turn, false),
        [
          `data: ${start}[{"index":0,"delta":{"role":"assistant","content":""},${rest}:null}]}`,
          `data: ${start}[{"index":0,"delta":{"reasoning_content":"hm"},${rest}:null}]}`,
          `data: ${start}[{"index":0,"delta":{"content":"Hel"},${rest}:null}]}`,
          `data: ${start}[{"index":0,"delta":{"content":"lo \\"you\\"\\n\\n你好"},${rest}:null}]}`,
          `data: ${start}[{"index":0,"delta":{},${rest}:"stop"}]}`,
          'data: [DONE]',
          '',
        ].join('\n\n'),
      );
    });

    it('C-48 has the usage last if asked for, and a null in every other chunk', () => {
      const data = transcript(turn, true).trimEnd().split('\n\n');
      const chunks = data.slice(0, -1).map((line) => {
        return JSON.parse(line.replace(/^data: /, '')) as { choices: unknown[]; usage: unknown };
      });
      assert.equal(data.at(-1), 'data: [DONE]');
      const last = chunks.pop();
      assert.deepEqual([last?.choices, last?.usage], [[], usage]);
      assert.deepEqual(
        chunks.map((chunk) => [chunk.choices.length, chunk.usage]),
        chunks.map(() => [1, null]),
      );
    });

    it('C-49 an error ends it without a finish reason', () => {
      const stream = new ChatCompletionStream(CREATED, true);
      const sent = turn.slice(0, 3).map((event) => stream.encode(event));
      const error = new GatewayError({
        code: 'upstream_failed',
        status: 502,
        message: 'It "broke".',
      });
      const text = stream.fail(error);
      assert.equal(
        text,
        'data: {"error":{"message":"It \\"broke\\".","type":"api_error","param":null,' +
          '"code":"upstream_failed"}}\n\ndata: [DONE]\n\n',
      );
      assert.doesNotMatch(sent.join('') + text, /"finish_reason":"/);
    });

    it('breaks no event by what the text contains', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), (delta) => {
          const text = new ChatCompletionStream(CREATED, false).encode({ type: 'text', delta });
          assert.match(text, /^data: [^\r\n]*\n\n$/);
          const { choices } = JSON.parse(text.slice(6)) as {
            choices: { delta: { content: string } }[];
          };
          assert.equal(choices[0]?.delta.content, delta);
        }),
      );
    });
  });

  describe('the plain answer', () => {
    function answer(events: readonly TurnEvent[]): Record<string, unknown> {
      const builder = new ChatCompletionBuilder(CREATED);
      for (const event of events) builder.add(event);
      return JSON.parse(JSON.stringify(builder.body())) as Record<string, unknown>;
    }

    it('is this', () => {
      const { id, ...rest } = answer(turn);
      assert.match(String(id), /^chatcmpl-[0-9a-f-]{36}$/);
      assert.deepEqual(rest, {
        object: 'chat.completion',
        created: CREATED,
        model: 'org_auto',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: 'Hello "you"\n\n你好',
              refusal: null,
              reasoning_content: 'hm',
            },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage,
      });
    });

    it('mentions no reasoning when there was none', () => {
      const events = turn.filter(({ type }) => type !== 'reasoning');
      assert.doesNotMatch(JSON.stringify(answer(events)), /reasoning_content/);
    });
  });
});
