import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import type { TurnEvent } from '../../../src/conversation/events';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';

const request = anthropicMessages.parse(
  { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] },
  {},
);

const start: TurnEvent = {
  type: 'start',
  model: 'qwen',
  placement: {
    reason: 'continued',
    instanceId: 'lingma-1',
    sentMessages: 1,
    totalMessages: 3,
    sentBytes: 20,
    totalBytes: 60,
  },
  usage: { inputTokens: 30, cachedTokens: 20 },
};
const end = (finishReason: 'stop' | 'toolCalls'): TurnEvent => ({
  type: 'end',
  finishReason,
  usage: {
    inputTokens: 30,
    cachedTokens: 20,
    outputTokens: 7,
    reasoningTokens: 0,
    estimated: true,
  },
});
const call = (index: number, argumentsJson: string): TurnEvent => ({
  type: 'toolCall',
  index,
  id: `call_${index}`,
  name: 'run',
  argumentsJson,
});

function stream(events: readonly TurnEvent[], error?: GatewayError): string {
  const encoder = request.streamed(0);
  const written = events.map((event) => encoder.encode(event)).join('');
  return (written + (error ? encoder.fail(error) : '')).replace(/msg_[0-9a-f]{32}/, 'msg_ID');
}

/** Event lines as they stand on the wire: the name is the type of the data. */
const sse = (...data: string[]): string =>
  data
    .map((json) => `event: ${(JSON.parse(json) as { type: string }).type}\ndata: ${json}\n\n`)
    .join('');

const usage = (output: number) =>
  `{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":20,"output_tokens":${output}}`;
const MESSAGE_START = `{"type":"message_start","message":{"id":"msg_ID","type":"message","role":"assistant","model":"qwen","content":[],"stop_reason":null,"stop_sequence":null,"usage":${usage(0)}}}`;
const blockStart = (index: number, block: string) =>
  `{"type":"content_block_start","index":${index},"content_block":${block}}`;
const blockDelta = (index: number, delta: string) =>
  `{"type":"content_block_delta","index":${index},"delta":${delta}}`;
const blockStop = (index: number) => `{"type":"content_block_stop","index":${index}}`;
const ending = (reason: string) => [
  `{"type":"message_delta","delta":{"stop_reason":"${reason}","stop_sequence":null},"usage":${usage(7)}}`,
  '{"type":"message_stop"}',
];

describe('Messages: streams, byte for byte', () => {
  it('text', () => {
    assert.equal(
      stream([
        start,
        { type: 'text', delta: 'Hel' },
        { type: 'text', delta: 'lo "你"' },
        end('stop'),
      ]),
      sse(
        MESSAGE_START,
        blockStart(0, '{"type":"text","text":""}'),
        blockDelta(0, '{"type":"text_delta","text":"Hel"}'),
        blockDelta(0, '{"type":"text_delta","text":"lo \\"你\\""}'),
        blockStop(0),
        ...ending('end_turn'),
      ),
    );
  });

  it('reasoning and text, without a made-up signature', () => {
    assert.equal(
      stream([
        start,
        { type: 'reasoning', delta: 'hm' },
        { type: 'reasoning', delta: '…' },
        { type: 'text', delta: 'yes' },
        end('stop'),
      ]),
      sse(
        MESSAGE_START,
        blockStart(0, '{"type":"thinking","thinking":"","signature":""}'),
        blockDelta(0, '{"type":"thinking_delta","thinking":"hm"}'),
        blockDelta(0, '{"type":"thinking_delta","thinking":"…"}'),
        blockStop(0),
        blockStart(1, '{"type":"text","text":""}'),
        blockDelta(1, '{"type":"text_delta","text":"yes"}'),
        blockStop(1),
        ...ending('end_turn'),
      ),
    );
  });

  it('parallel tool calls', () => {
    const toolBlock = (index: number, json: string) => [
      blockStart(index, `{"type":"tool_use","id":"call_${index - 1}","name":"run","input":{}}`),
      blockDelta(index, `{"type":"input_json_delta","partial_json":${JSON.stringify(json)}}`),
      blockStop(index),
    ];
    assert.equal(
      stream([
        start,
        { type: 'text', delta: 'both' },
        call(0, '{"a":"b"}'),
        call(1, '{}'),
        end('toolCalls'),
      ]),
      sse(
        MESSAGE_START,
        blockStart(0, '{"type":"text","text":""}'),
        blockDelta(0, '{"type":"text_delta","text":"both"}'),
        blockStop(0),
        ...toolBlock(1, '{"a":"b"}'),
        ...toolBlock(2, '{}'),
        ...ending('tool_use'),
      ),
    );
  });

  it('an error in the middle ends it, and nothing follows', () => {
    const error = new GatewayError({ code: 'instance_lost', status: 502, message: 'It is gone.' });
    assert.equal(
      stream([start, { type: 'text', delta: 'Hel' }], error),
      sse(
        MESSAGE_START,
        blockStart(0, '{"type":"text","text":""}'),
        blockDelta(0, '{"type":"text_delta","text":"Hel"}'),
        '{"type":"error","error":{"type":"api_error","message":"It is gone."}}',
      ),
    );
  });

  it('keeps alive with pings', () => {
    assert.equal(request.streamed(0).keepAlive, sse('{"type":"ping"}'));
  });
});

describe('Messages: plain answers', () => {
  it('hold thinking, text and calls in this order', () => {
    const encoder = request.plain(0);
    for (const event of [
      start,
      { type: 'text', delta: 'bo' },
      { type: 'reasoning', delta: 'hm' },
      { type: 'text', delta: 'th' },
      call(0, '{"a":[1]}'),
      end('toolCalls'),
    ] as const) {
      encoder.add(event);
    }
    const { id, ...body } = encoder.body() as { id: string };
    assert.match(id, /^msg_[0-9a-f]{32}$/);
    assert.deepEqual(body, {
      type: 'message',
      role: 'assistant',
      model: 'qwen',
      content: [
        { type: 'thinking', thinking: 'hm', signature: '' },
        { type: 'text', text: 'both' },
        { type: 'tool_use', id: 'call_0', name: 'run', input: { a: [1] } },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: {
        input_tokens: 10,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 20,
        output_tokens: 7,
      },
    });
  });
});
