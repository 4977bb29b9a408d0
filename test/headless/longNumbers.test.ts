/** Numbers in tool calls that a double cannot keep, such as ids of 64 bits: they travel whole. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';

const IDS = ['9007199254740993', '12345678901234567890', '9223372036854775808'];
/** Beyond what a double can be, and between two of them. */
const OTHERS = ['1e999', '-1E+400', '9999999.999999999'];
/** As a model spells it; a client that keeps the digits spells it in its own way. */
const WRITTEN = `{"ids": [${[...IDS, ...OTHERS].join(', ')}], "half": 0.50, "__proto__": {"id": ${IDS[0] ?? ''}}}`;
const SENT_BACK = `{"__proto__":{"id":${IDS[0] ?? ''}},"half":0.5,"ids":[${[...IDS, ...OTHERS].join(',')}]}`;
const SCHEMA = { type: 'object', properties: { ids: { type: 'array' } } };

/** A line that makes the demo answer exactly `text`. */
const answer = (text: string): string => `DEMO:echo-json ${JSON.stringify(text)}`;
const asked = (how: string): string => `${how}\n${answer(writeCall('get', WRITTEN))}`;
const result = `found\n${answer('Done.')}`;

/** A dialect as it looks on the wire; messages are JSON texts, because numbers matter here. */
interface Wire {
  readonly path: string;
  readonly model: string;
  /** What a request has besides its messages and `stream`. */
  readonly fields: object;
  readonly list: 'messages' | 'input';
  readonly call: (argumentsJson: string) => string;
  readonly result: object;
  /** Arguments as they stand in an answer, plain or streamed. */
  readonly argumentsIn: (answer: string) => string;
}

const offered = { name: 'get', description: 'Gets.', parameters: SCHEMA };
const joined = (pattern: RegExp) => (text: string) =>
  [...text.matchAll(pattern)].map(([, piece]) => JSON.parse(`"${piece ?? ''}"`) as string).join('');
/** The object behind `name`, up to the end of the innermost list of fields. */
const objectAfter = (name: string) => (text: string) => {
  const from = text.lastIndexOf(`"${name}":{"`) + name.length + 3;
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return text.slice(from, at + 1);
  }
  return '';
};

const WIRES: Readonly<Record<string, Wire>> = {
  chat: {
    path: '/v1/chat/completions',
    model: 'gpt-4o',
    fields: { tools: [{ type: 'function', function: offered }] },
    list: 'messages',
    call: (json) =>
      `{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"get","arguments":${JSON.stringify(json)}}}]}`,
    result: { role: 'tool', tool_call_id: 'c', content: result },
    argumentsIn: joined(/"arguments":"((?:[^"\\]|\\.)*)"/g),
  },
  responses: {
    path: '/v1/responses',
    model: 'gpt-4o',
    fields: { store: false, tools: [{ type: 'function', ...offered }] },
    list: 'input',
    call: (json) =>
      `{"type":"function_call","call_id":"c","name":"get","arguments":${JSON.stringify(json)}}`,
    result: { type: 'function_call_output', call_id: 'c', output: result },
    argumentsIn: (text) =>
      JSON.parse(`"${/"arguments":"((?:[^"\\]|\\.)+)"/.exec(text)?.[1] ?? ''}"`) as string,
  },
  messages: {
    path: '/v1/messages',
    model: 'claude-x',
    fields: {
      max_tokens: 1000,
      tools: [{ name: 'get', description: 'Gets.', input_schema: SCHEMA }],
    },
    list: 'messages',
    call: (json) =>
      `{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"get","input":${json}}]}`,
    result: {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'c', content: result }],
    },
    argumentsIn: (text) =>
      text.includes('partial_json')
        ? joined(/"partial_json":"((?:[^"\\]|\\.)*)"/g)(text)
        : objectAfter('input')(text),
  },
  ollama: {
    path: '/api/chat',
    model: 'gpt-4o',
    fields: { tools: [{ type: 'function', function: offered }] },
    list: 'messages',
    call: (json) =>
      `{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get","arguments":${json}}}]}`,
    result: { role: 'tool', tool_name: 'get', content: result },
    argumentsIn: objectAfter('arguments'),
  },
};

describe('headless: numbers longer than a double', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '3' } });
  });
  after(() => gateway.stop());

  const prompts = (): string[] =>
    gateway.upstream('chat/ask').map(({ questionText }) => String(questionText));

  async function post(wire: Wire, stream: boolean, items: readonly string[], more: object = {}) {
    const fields = JSON.stringify({ model: wire.model, stream, ...wire.fields, ...more });
    const response = await gateway.fetch(wire.path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `${fields.slice(0, -1)},"${wire.list}":[${items.join(',')}]}`,
    });
    const text = await response.text();
    const session = response.headers.get('x-lingma-session') ?? '';
    return { status: response.status, text, session };
  }

  for (const [dialect, wire] of Object.entries(WIRES)) {
    for (const stream of [false, true]) {
      it(`${dialect}: a call goes out, comes back and goes on, ${stream ? 'streamed' : 'plain'}`, async () => {
        const how = `${dialect} ${stream ? 'streamed' : 'plain'}`;
        const question = JSON.stringify({ role: 'user', content: asked(how) });
        const first = await post(wire, stream, [question]);
        assert.equal(first.status, 200, first.text);
        const given = wire.argumentsIn(first.text);
        assert.equal(
          given.replaceAll(/\s|(?<=\.5)0/g, ''),
          WRITTEN.replaceAll(/\s|(?<=\.5)0/g, ''),
        );

        const items = [question, wire.call(SENT_BACK), JSON.stringify(wire.result)];
        const second = await post(wire, stream, items);
        assert.match(second.session, /^continued;.*sent=1\/3/, second.text);

        // Told anew, it is the digits that the model reads.
        const other = { model: 'kmodel' };
        const afresh = await post(wire, stream, items, other);
        assert.match(afresh.session, /^new;/, afresh.text);
        const told = prompts().at(-1) ?? '';
        assert.ok(told.includes(SENT_BACK), told);
        assert.deepEqual(gateway.upstreamProblems(), []);
      });
    }

    it(`${dialect}: a neighbouring number makes another conversation`, async () => {
      const question = JSON.stringify({ role: 'user', content: asked(`${dialect} other`) });
      await post(wire, false, [question]);
      const call = wire.call(SENT_BACK.replace('12345678901234567890', '12345678901234567891'));
      const next = await post(wire, false, [question, call, JSON.stringify(wire.result)]);
      assert.doesNotMatch(next.session, /^continued/);
    });
  }

  /** A schema with such numbers at its top and inside. */
  const limited = (id: string): string =>
    `{"maximum":9007199254740993,"minimum":-1e999,"type":"object","properties":{"id":{"const":${id},"maximum":1e999}}}`;
  const SOME = '9007199254740993';
  const NEIGHBOUR = '9007199254740992';
  const TOOLS: Readonly<Record<string, (schema: string) => string>> = {
    chat: (schema) => `{"type":"function","function":{"name":"get","parameters":${schema}}}`,
    responses: (schema) => `{"type":"function","name":"get","parameters":${schema}}`,
    messages: (schema) => `{"name":"get","input_schema":${schema}}`,
    ollama: (schema) => `{"type":"function","function":{"name":"get","parameters":${schema}}}`,
  };
  const FORMATS: Readonly<Record<string, (schema: string) => string>> = {
    chat: (schema) =>
      `"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":${schema}}}`,
    responses: (schema) => `"text":{"format":{"type":"json_schema","name":"n","schema":${schema}}}`,
    messages: (schema) => `"output_config":{"format":{"type":"json_schema","schema":${schema}}}`,
    ollama: (schema) => `"format":${schema}`,
  };

  for (const [dialect, wire] of Object.entries(WIRES)) {
    const user = (content: string): string => JSON.stringify({ role: 'user', content });
    /** Asks with members that are JSON texts, because numbers matter in them. */
    const ask = async (members: string, items: readonly string[], stream = false) => {
      const fields = { model: wire.model, stream, ...wire.fields, tools: undefined };
      const head = JSON.stringify(fields).slice(0, -1);
      const response = await gateway.fetch(wire.path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `${head},${members},"${wire.list}":[${items.join(',')}]}`,
      });
      const session = response.headers.get('x-lingma-session') ?? '';
      return { status: response.status, text: await response.text(), session };
    };

    it(`${dialect}: the model is told a tool's schema with all digits, and held to it`, async () => {
      const tools = `"tools":[${TOOLS[dialect]?.(limited(SOME)) ?? ''}]`;
      const good = answer(writeCall('get', `{"id":${SOME}}`));
      const called = await ask(tools, [user(`${dialect} good\n${good}`)]);
      assert.equal(called.status, 200, called.text);
      assert.ok(prompts().at(-1)?.includes(limited(SOME)), prompts().at(-1));

      const bad = answer(writeCall('get', `{"id":${NEIGHBOUR}}`));
      const refused = await ask(tools, [user(`${dialect} bad\n${bad}`)]);
      assert.equal(refused.status, 502, refused.text);
      assert.ok(prompts().at(-1)?.includes(limited(SOME)), 'the repair repeats the schema');
    });

    it(`${dialect}: what is out of range stays as it was written where no long number is about`, async () => {
      const schema = '{"type":"object","properties":{"ids":{"default":-1e999}}}';
      const tools = `"tools":[${TOOLS[dialect]?.(schema) ?? ''}]`;
      const sent = `{"ids":[${OTHERS.join(',')}]}`;
      const question = user(`${dialect} range\n${answer(writeCall('get', sent))}`);
      const called = await ask(tools, [question]);
      assert.equal(wire.argumentsIn(called.text).replaceAll(/\s/g, ''), sent, called.text);
      const items = [question, wire.call(sent), JSON.stringify(wire.result)];
      assert.match((await ask(tools, items)).session, /^continued/);
      await ask(tools, [user('Before.'), ...items]);
      const told = prompts().at(-1) ?? '';
      assert.ok(told.includes(sent) && told.includes(schema), told);
    });

    it(`${dialect}: a tool that takes a neighbouring number is another tool`, async () => {
      const items = [user(`${dialect} tools\n${answer('Yes.')}`)];
      const tools = (id: string): string => `"tools":[${TOOLS[dialect]?.(limited(id)) ?? ''}]`;
      await ask(tools(SOME), items);
      const more = [...items, JSON.stringify({ role: 'assistant', content: 'Yes.' }), ...items];
      assert.doesNotMatch((await ask(tools(NEIGHBOUR), more)).session, /^continued/);
      assert.match((await ask(tools(SOME), more)).session, /^continued/);
    });

    it(`${dialect}: the same holds for the schema of an answer`, async () => {
      const format = FORMATS[dialect]?.(limited(SOME)) ?? '';
      const good = await ask(format, [user(`${dialect} f\n${answer(`{"id":${SOME}}`)}`)]);
      assert.equal(good.status, 200, good.text);
      assert.ok(prompts().at(-1)?.includes(limited(SOME)), prompts().at(-1));
      const bad = await ask(format, [user(`${dialect} f\n${answer(`{"id":${NEIGHBOUR}}`)}`)]);
      assert.equal(bad.status, 502, bad.text);
    });

    if (dialect === 'responses') {
      it('responses: tools and format are repeated with all digits, plain and streamed', async () => {
        const members = `"tools":[${TOOLS[dialect]?.(limited(SOME)) ?? ''}],${FORMATS[dialect]?.(limited(SOME)) ?? ''}`;
        for (const stream of [false, true]) {
          const items = [user(`echo\n${answer(`{"id":${SOME}}`)}`)];
          const { text } = await ask(members, items, stream);
          const told = text.split(limited(SOME)).length - 1;
          assert.ok(told >= (stream ? 6 : 2), text);
          assert.ok(!text.includes(NEIGHBOUR), text);
        }
      });
    }
  }

  it('a number is one everywhere else, however long', async () => {
    const { chat, messages } = WIRES;
    assert.ok(chat && messages);
    const question = JSON.stringify({ role: 'user', content: answer('Yes.') });
    const send = (wire: Wire, member: string) =>
      post(wire, false, [question, `${question}],${member},"x":[1`]);
    assert.equal(
      (await send(chat, '"max_tokens":9007199254740993,"seed":12345678901234567890')).status,
      200,
    );
    for (const [wire, member, field] of [
      [chat, '"max_tokens":-9007199254740993', /max_tokens/],
      [chat, '"max_tokens":1e999', /max_tokens/],
      [messages, '"max_tokens":1e999', /max_tokens/],
      [chat, '"max_tokens":9007199254740993.5e-9', /max_tokens/],
      [chat, '"user":9007199254740993,"stop":9007199254740993', /stop/],
      [messages, '"system":9007199254740993', /system/],
    ] as const) {
      const refused = await send(wire, member);
      assert.equal(refused.status, 400, member);
      assert.match(refused.text, field);
      assert.doesNotMatch(refused.text, /exact-number/);
    }
  });
});
