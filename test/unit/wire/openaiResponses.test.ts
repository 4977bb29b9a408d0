import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Response } from 'openai/resources/responses/responses';
import { GatewayError } from '../../../src/base/errors';
import type { ToolCallEvent, TurnEvent } from '../../../src/conversation/events';
import { openAiResponses } from '../../../src/wire/openaiResponses';

const placement = {
  reason: 'new',
  instanceId: 'lingma-1',
  sentMessages: 1,
  totalMessages: 1,
  sentBytes: 20,
  totalBytes: 20,
} as const;
const start: TurnEvent = {
  type: 'start',
  placement,
  model: 'm1',
  usage: { inputTokens: 9, cachedTokens: 4 },
};
const text = (delta: string): TurnEvent => ({ type: 'text', delta });
const think = (delta: string): TurnEvent => ({ type: 'reasoning', delta });
const call = (index: number, name: string, argumentsJson: string): ToolCallEvent => ({
  type: 'toolCall',
  index,
  id: `call_${index}`,
  name,
  argumentsJson,
});
const end: TurnEvent = {
  type: 'end',
  finishReason: 'stop',
  usage: { inputTokens: 9, cachedTokens: 4, outputTokens: 2, reasoningTokens: 0, estimated: true },
};

const shell = { type: 'function', name: 'shell', parameters: { type: 'object' }, strict: false };
const patch = { type: 'custom', name: 'patch', description: 'Patches.' };
const space = { type: 'namespace', name: 'agents', description: 'Agents.', tools: [shell] };

const parse = (fields: object) =>
  openAiResponses.parse({ model: 'gpt-5', input: 'hi', ...fields }, {});

/** The answer as it is streamed, with ids numbered in the order they appear. */
function streamed(events: readonly (TurnEvent | GatewayError)[], fields: object = {}): string {
  const encoder = parse(fields).streamed(1700000000);
  const written = events.map((event) =>
    event instanceof GatewayError ? encoder.fail(event) : encoder.encode(event),
  );
  const seen: string[] = [];
  return written.join('').replaceAll(/\b(resp|msg|rs|fc|ctc)_[0-9a-f]{32}\b/g, (id, kind) => {
    if (!seen.includes(id)) seen.push(id);
    return `${String(kind)}_${seen.indexOf(id)}`;
  });
}

/** The whole Response as it must stand in an event, its keys in this order. */
function response(status: string, output: string, fields: Readonly<Record<string, string>> = {}) {
  const { error = 'null', tools = '[]', usage = '', model = 'm1' } = fields;
  return (
    `{"id":"resp_0","object":"response","created_at":1700000000,"status":"${status}",` +
    `"background":false,"error":${error},"incomplete_details":null,"instructions":null,` +
    `"max_output_tokens":null,"model":"${model}","output":[${output}],"parallel_tool_calls":true,` +
    `"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"temperature":null,` +
    `"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":${tools},"top_p":null,` +
    `"truncation":"disabled",${usage}"metadata":{}}`
  );
}

const USAGE =
  '"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},' +
  '"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":11},';

/** A stream of events, each given by its type and the rest of its data. */
function golden(...events: readonly (readonly [type: string, rest: string])[]): string {
  return events
    .map(([type, rest], n) => {
      const name = type === 'error' ? type : `response.${type}`;
      return `event: ${name}\ndata: {"type":"${name}",${rest},"sequence_number":${n}}\n\n`;
    })
    .join('');
}

function begin(tools = '[]') {
  const whole = `"response":${response('in_progress', '', { tools })}`;
  return [
    ['created', whole],
    ['in_progress', whole],
  ] as const;
}

const part = (said: string) =>
  `{"type":"output_text","text":"${said}","annotations":[],"logprobs":[]}`;
const message = (id: string, content: string, status: string) =>
  `{"id":"${id}","type":"message","status":"${status}","role":"assistant","content":[${content}]}`;

function messageEvents(id: string, index: number, deltas: readonly string[]) {
  const place = `"item_id":"${id}","output_index":${index},"content_index":0`;
  const said = deltas.join('');
  return [
    ['output_item.added', `"output_index":${index},"item":${message(id, '', 'in_progress')}`],
    ['content_part.added', `${place},"part":${part('')}`],
    ...deltas.map(
      (delta) => ['output_text.delta', `${place},"delta":"${delta}","logprobs":[]`] as const,
    ),
    ['output_text.done', `${place},"text":"${said}","logprobs":[]`],
    ['content_part.done', `${place},"part":${part(said)}`],
    ['output_item.done', `"output_index":${index},"item":${message(id, part(said), 'completed')}`],
  ] as const;
}

const functionItem = (id: string, named: string, args: string, status: string) =>
  `{"id":"${id}","type":"function_call",${named},"arguments":${JSON.stringify(args)},"status":"${status}"}`;

function callEvents(id: string, index: number, named: string, name: string, args: string) {
  const place = `"item_id":"${id}","output_index":${index}`;
  const json = JSON.stringify(args);
  return [
    [
      'output_item.added',
      `"output_index":${index},"item":${functionItem(id, named, '', 'in_progress')}`,
    ],
    ['function_call_arguments.delta', `${place},"delta":${json}`],
    ['function_call_arguments.done', `${place},"name":"${name}","arguments":${json}`],
    [
      'output_item.done',
      `"output_index":${index},"item":${functionItem(id, named, args, 'completed')}`,
    ],
  ] as const;
}

describe('openai responses: streams', () => {
  it('text', () => {
    assert.equal(
      streamed([start, text('Hello'), text(' you'), end]),
      golden(...begin(), ...messageEvents('msg_1', 0, ['Hello', ' you']), [
        'completed',
        `"response":${response('completed', message('msg_1', part('Hello you'), 'completed'), { usage: USAGE })}`,
      ]),
    );
  });

  it('reasoning, then text', () => {
    const place = '"item_id":"rs_1","output_index":0,"summary_index":0';
    const item =
      '{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}],"status":"completed"}';
    assert.equal(
      streamed([start, think('Hm'), think('.'), text('Yes'), end]),
      golden(
        ...begin(),
        [
          'output_item.added',
          '"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"status":"in_progress"}',
        ],
        ['reasoning_summary_part.added', `${place},"part":{"type":"summary_text","text":""}`],
        ['reasoning_summary_text.delta', `${place},"delta":"Hm"`],
        ['reasoning_summary_text.delta', `${place},"delta":"."`],
        ['reasoning_summary_text.done', `${place},"text":"Hm."`],
        ['reasoning_summary_part.done', `${place},"part":{"type":"summary_text","text":"Hm."}`],
        ['output_item.done', `"output_index":0,"item":${item}`],
        ...messageEvents('msg_2', 1, ['Yes']),
        [
          'completed',
          `"response":${response('completed', `${item},${message('msg_2', part('Yes'), 'completed')}`, { usage: USAGE })}`,
        ],
      ),
    );
  });

  it('parallel calls, one of them in a namespace', () => {
    const plain = '"call_id":"call_0","name":"shell"';
    const nested = '"call_id":"call_1","name":"shell","namespace":"agents"';
    const tools = [shell, space];
    const items = [
      message('msg_1', part('Do.'), 'completed'),
      functionItem('fc_2', plain, '{"a":1}', 'completed'),
      functionItem('fc_3', nested, '{}', 'completed'),
    ];
    assert.equal(
      streamed(
        [start, text('Do.'), call(0, 'shell', '{"a":1}'), call(1, 'agents.shell', '{}'), end],
        { tools },
      ),
      golden(
        ...begin(JSON.stringify(tools)),
        ...messageEvents('msg_1', 0, ['Do.']),
        ...callEvents('fc_2', 1, plain, 'shell', '{"a":1}'),
        ...callEvents('fc_3', 2, nested, 'shell', '{}'),
        [
          'completed',
          `"response":${response('completed', items.join(','), { usage: USAGE, tools: JSON.stringify(tools) })}`,
        ],
      ),
    );
  });

  it('a call of a custom tool, as text', () => {
    const item = (input: string, status: string) =>
      `{"id":"ctc_1","type":"custom_tool_call","call_id":"call_0","name":"patch","input":"${input}","status":"${status}"}`;
    const tools = JSON.stringify([patch]);
    assert.equal(
      streamed([start, call(0, 'patch', '{"input":"a\\nb"}'), end], { tools: [patch] }),
      golden(
        ...begin(tools),
        ['output_item.added', `"output_index":0,"item":${item('', 'in_progress')}`],
        ['custom_tool_call_input.delta', '"item_id":"ctc_1","output_index":0,"delta":"a\\nb"'],
        ['custom_tool_call_input.done', '"item_id":"ctc_1","output_index":0,"input":"a\\nb"'],
        ['output_item.done', `"output_index":0,"item":${item('a\\nb', 'completed')}`],
        [
          'completed',
          `"response":${response('completed', item('a\\nb', 'completed'), { usage: USAGE, tools })}`,
        ],
      ),
    );
  });

  it('an error in the middle ends nothing that was not ended', () => {
    const lost = new GatewayError({ code: 'instance_lost', status: 502, message: 'Gone.' });
    const why = '"code":"server_error","message":"Gone. (instance_lost)"';
    const error = `{${why}}`;
    const told = [
      'error',
      `${why},"param":null,"error":{"type":"api_error",${why},"param":null}`,
    ] as const;
    assert.equal(
      streamed([start, text('Hel'), lost]),
      golden(...begin(), ...messageEvents('msg_1', 0, ['Hel']).slice(0, 3), told, [
        'failed',
        `"response":${response('failed', '', { error })}`,
      ]),
    );
    assert.equal(
      streamed([lost]),
      golden(told, ['failed', `"response":${response('failed', '', { error, model: 'gpt-5' })}`]),
    );
  });

  it('says by its code whether to try again', () => {
    const code = (status: number) =>
      /"code":"(\w+)"/.exec(
        streamed([new GatewayError({ code: 'upstream_failed', status, message: 'No.' })]),
      )?.[1];
    assert.deepEqual([429, 400, 502].map(code), [
      'rate_limit_exceeded',
      'invalid_prompt',
      'server_error',
    ]);
  });

  it('reasoning in the middle does not cut the message, a call does', () => {
    const encoder = parse({ tools: [shell] }).plain(1700000000);
    for (const event of [text('a'), think('hm'), text('b'), call(0, 'shell', '{}'), text('c')])
      encoder.add(event);
    encoder.add(end);
    const { output } = encoder.body() as Response;
    assert.deepEqual(
      output.map((item) => (item.type === 'message' ? item.content : item.type)),
      [
        [{ type: 'output_text', text: 'ab', annotations: [], logprobs: [] }],
        'reasoning',
        'function_call',
        [{ type: 'output_text', text: 'c', annotations: [], logprobs: [] }],
      ],
    );
  });

  it('a plain answer is what the stream ends with', () => {
    const fields = { instructions: 'Be.', metadata: { a: 'b' }, text: { verbosity: 'low' } };
    const encoder = parse(fields).plain(1700000000);
    for (const event of [start, think('Hm'), text('Yes'), end]) encoder.add(event);
    const body = encoder.body() as Response;
    const last = streamed([start, think('Hm'), text('Yes'), end], fields)
      .split('\n\n')
      .at(-2)
      ?.replace(/^event: response.completed\ndata: /, '');
    const completed = (JSON.parse(last ?? '') as { response: Response }).response;
    const withoutIds = (value: object) =>
      JSON.stringify(value).replaceAll(/"(resp|msg|rs)_\w+"/g, '"$1"');
    assert.equal(withoutIds(body), withoutIds(completed));
    assert.deepEqual([body.instructions, body.metadata], ['Be.', { a: 'b' }]);
  });

  it('hands arguments over as they are when they are not one text', () => {
    const items = streamed([start, call(0, 'patch', '{"patch":"x"}'), end], { tools: [patch] });
    assert.ok(items.includes('"input":"{\\"patch\\":\\"x\\"}"'));
  });
});
