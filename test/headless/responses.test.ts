import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'mocha';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type {
  Response as OpenAiResponse,
  ResponseInput,
  ResponseInputItem,
  Tool,
} from 'openai/resources/responses/responses';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';

/** A line that makes the demo answer exactly `text`. */
const answer = (text: string): string => `DEMO:echo-json ${JSON.stringify(text)}`;

const tools: Tool[] = [
  { type: 'function', name: 'run', parameters: { type: 'object' }, strict: false },
  {
    type: 'custom',
    name: 'apply_patch',
    description: 'Applies a patch.',
    format: { type: 'grammar', syntax: 'lark', definition: 'start: "*** Begin Patch"' },
  },
  {
    type: 'namespace',
    name: 'agents',
    description: 'Other agents.',
    tools: [{ type: 'function', name: 'spawn', parameters: { type: 'object' } }],
  },
  { type: 'web_search' },
];

interface Turn {
  readonly response: OpenAiResponse;
  readonly session: string;
}

describe('headless: the Responses API', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '3' } });
  });
  after(() => gateway.stop());

  async function ask(
    input: ResponseInput,
    streaming: boolean,
    offered: Tool[] = [],
  ): Promise<Turn> {
    const request = {
      model: 'gpt-5',
      instructions: `Be brief (${streaming ? 'streamed' : 'plain'}).`,
      input,
      tools: offered,
      store: false,
    };
    if (!streaming) {
      const { data, response } = await gateway.openai().responses.create(request).withResponse();
      return { response: data, session: response.headers.get('x-lingma-session') ?? '' };
    }
    const { data, response } = await gateway
      .openai()
      .responses.create({ ...request, stream: true })
      .withResponse();
    let text = '';
    let completed: OpenAiResponse | undefined;
    let next = 0;
    for await (const event of data) {
      assert.equal(event.sequence_number, next++);
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.completed') completed = event.response;
    }
    assert.ok(completed);
    assert.equal(
      text,
      completed.output
        .flatMap((item) => (item.type === 'message' ? item.content : []))
        .map((part) => (part.type === 'output_text' ? part.text : ''))
        .join(''),
    );
    completed.output_text = text;
    return { response: completed, session: response.headers.get('x-lingma-session') ?? '' };
  }

  for (const streaming of [false, true]) {
    const how = streaming ? 'streamed' : 'plain';

    it(`continues one session over 5 turns, ${how}`, async () => {
      const input: ResponseInput = [];
      for (let n = 1; n <= 5; n++) {
        input.push({
          role: 'user',
          content: `turn ${n}\nDEMO:think Hm ${n}.\n${answer(`Answer ${n}`)}`,
        });
        const { response, session } = await ask(input, streaming);
        assert.match(
          session,
          n === 1 ? /^new;.*sent=2\/2/ : new RegExp(`^continued;.*sent=1/${2 * n}`),
        );
        assert.equal(response.output_text, `Answer ${n}`);
        assert.equal(response.status, 'completed');
        const [thought] = response.output;
        assert.ok(thought?.type === 'reasoning');
        assert.equal(thought.summary.map(({ text }) => text).join(''), `Hm ${n}.`);
        const { usage } = response;
        assert.ok(usage && usage.output_tokens > 0);
        assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
        assert.equal(usage.input_tokens_details.cached_tokens > 0, n > 1);
        input.push(...(response.output as ResponseInputItem[]));
      }
      assert.deepEqual(gateway.upstreamProblems(), []);
    });

    it(`continues one session through 5 steps with parallel calls, ${how}`, async () => {
      const step = (n: number): string =>
        answer(
          [
            `Step ${n}.`,
            writeCall('run', `{"b": ${n}.0, "a": "你好 🙂"}`),
            writeCall('apply_patch', `{"input": "*** Begin Patch\\n${n}"}`),
            // What a model should not write, and sometimes does: text after a call.
            `More ${n}.`,
            writeCall('agents.spawn', '{}'),
          ].join('\n'),
        );
      const input: ResponseInput = [{ role: 'user', content: `begin\n${step(1)}` }];
      for (let n = 1; n <= 5; n++) {
        const { response, session } = await ask(input, streaming, tools);
        assert.match(session, n === 1 ? /^new;.*sent=2\/2/ : /^continued;.*sent=3\//);
        assert.deepEqual(
          response.output.map((item) => {
            switch (item.type) {
              case 'function_call':
                return [item.namespace, item.name, JSON.parse(item.arguments) as object];
              case 'custom_tool_call':
                return [item.name, item.input];
              default:
                return item.type;
            }
          }),
          [
            'message',
            [undefined, 'run', { a: '你好 🙂', b: n }],
            ['apply_patch', `*** Begin Patch\n${n}`],
            'message',
            ['agents', 'spawn', {}],
          ],
        );
        input.push(...(response.output as ResponseInputItem[]));
        const next = n === 5 ? answer('All done.') : step(n + 1);
        for (const item of response.output) {
          if (item.type === 'custom_tool_call')
            input.push({ type: 'custom_tool_call_output', call_id: item.call_id, output: 'ok' });
          if (item.type === 'function_call')
            input.push({
              type: 'function_call_output',
              call_id: item.call_id,
              output: [{ type: 'input_text', text: `ran ${item.name}\n${next}` }],
            });
        }
      }
      const last = await ask(input, streaming, tools);
      assert.equal(last.response.output_text, 'All done.');
      assert.match(last.session, /^continued;.*sent=3\/22/);
    });
  }

  it('a conversation goes on in one session from Chat Completions to Responses and back', async () => {
    const client = gateway.openai();
    const chatTools = [
      { type: 'function' as const, function: { name: 'run', parameters: { type: 'object' } } },
    ];
    const offered = tools.slice(0, 1);
    const question = answer(`Look.\n${writeCall('run', '{"a":1}')}`);
    const chat: ChatCompletionMessageParam[] = [
      { role: 'system', content: 'Be brief (plain).' },
      { role: 'user', content: question },
    ];
    const began = await client.chat.completions
      .create({ model: 'gpt-5', messages: chat, tools: chatTools })
      .withResponse();
    assert.match(began.response.headers.get('x-lingma-session') ?? '', /^new;/);
    const call = began.data.choices[0]?.message.tool_calls?.[0];
    assert.ok(call?.type === 'function');

    const input: ResponseInput = [
      { role: 'user', content: question },
      { role: 'assistant', content: began.data.choices[0]?.message.content ?? '' },
      { type: 'function_call', call_id: 'c1', name: 'run', arguments: '{ "a": 1 }' },
      { type: 'function_call_output', call_id: 'c1', output: `ran\n${answer('It is there.')}` },
    ];
    const { response, session } = await ask(input, false, offered);
    assert.match(session, /^continued;.*sent=1\/4/);
    assert.equal(response.output_text, 'It is there.');

    chat.push(
      { role: 'assistant', content: 'Look.', tool_calls: [call] },
      { role: 'tool', tool_call_id: call.id, content: `ran\n${answer('It is there.')}` },
      { role: 'assistant', content: response.output_text },
      { role: 'user', content: answer('Bye') },
    );
    const back = await client.chat.completions
      .create({ model: 'gpt-5', messages: chat, tools: chatTools })
      .withResponse();
    assert.match(back.response.headers.get('x-lingma-session') ?? '', /^continued;.*sent=1\/6/);
    assert.equal(back.data.choices[0]?.message.content, 'Bye');
  });

  it("agrees with the client's own way of putting a stream together", async () => {
    const final = await gateway
      .openai()
      .responses.stream({
        model: 'gpt-5',
        input: `DEMO:think Hm.\n${answer(`Look.\n${writeCall('run', '{"a":1}')}`)}`,
        tools,
      })
      .finalResponse();
    assert.deepEqual(
      final.output.map(({ type }) => type),
      ['reasoning', 'message', 'function_call'],
    );
    assert.equal(final.output_text, 'Look.\n');
  });

  const failing = {
    model: 'gpt-5',
    input: `${answer('Hello there')}\nDEMO:status-after 2 500 broken`,
    stream: true,
  } as const;

  it('ends a stream that fails with an error and response.failed', async () => {
    const answered = await gateway.fetch('/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(failing),
    });
    const blocks = (await answered.text()).trimEnd().split('\n\n');
    const events = blocks.map((block) => {
      const [, name, data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(block) ?? [];
      const event = JSON.parse(data) as Record<string, unknown> & {
        response?: OpenAiResponse;
      };
      assert.equal(event['type'], name);
      return event;
    });
    const [error, failed] = events.slice(-2);
    assert.ok(error && failed?.response);
    // Flat as it is documented and nested as OpenAI sends it: libraries throw for either of them.
    const { type, code, message, param, sequence_number } = error;
    assert.deepEqual([type, code, param], ['error', 'server_error', null]);
    assert.match(String(message), /broken/);
    assert.deepEqual(error['error'], { type: 'api_error', code, message, param });
    assert.equal(sequence_number, events.length - 2);
    assert.equal(failed['type'], 'response.failed');
    assert.equal(failed.response.status, 'failed');
    assert.deepEqual(failed.response.error, { code, message });
    assert.ok(!events.some((event) => event['type'] === 'response.output_item.done'));
  });

  it("a stream that fails makes the client's library throw", async () => {
    const stream = await gateway.openai().responses.create(failing);
    await assert.rejects(async () => {
      for await (const event of stream) assert.notEqual(event.type, 'response.completed');
    }, /broken/);
  });

  it('answers in its error shape before the stream begins', async () => {
    const response = await gateway.fetch('/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5', input: 'x', previous_response_id: 'resp_1' }),
    });
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    assert.deepEqual(
      [response.status, error['code'], error['param'], error['type']],
      [400, 'previous_response_not_found', 'previous_response_id', 'invalid_request_error'],
    );
  });

  /** Sends raw bytes and gives everything that comes until the gateway closes. */
  async function exchange(...lines: readonly string[]): Promise<string> {
    const { hostname, port } = new URL(gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    const head = [...lines, `Host: ${hostname}:${port}`, `Authorization: Bearer ${gateway.apiKey}`];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    await once(socket, 'close');
    return received;
  }

  it('refuses a WebSocket with 426, so that Codex goes on with POST, and closes', async () => {
    const received = await exchange(
      'GET /v1/responses HTTP/1.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    );
    const [head = '', body = ''] = received.split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 426 Upgrade Required\r\n/);
    assert.match(head, /^connection: close$/im);
    const { error } = JSON.parse(body) as { error: { code: string } };
    assert.equal(error.code, 'upgrade_refused');
  });

  it('serves a request that merely offers HTTP/2', async () => {
    const received = await exchange(
      'GET /v1/models HTTP/1.1',
      'Connection: Upgrade, HTTP2-Settings, close',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
    );
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n/);
  });
});
