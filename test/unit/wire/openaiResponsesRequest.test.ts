import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assertRenderable } from '../../../src/conversation/render';
import { headsOf } from '../../support/canonical';
import { openAiChat } from '../../../src/wire/openaiChat';
import { openAiResponses } from '../../../src/wire/openaiResponses';
import recorded from '../../fixtures/responses-requests.json';

const parse = (fields: object) =>
  openAiResponses.parse({ model: 'gpt-5', input: 'hi', ...fields }, {}).turn;
const parts = (input: unknown) => parse({ input }).messages.map((message) => message.parts);

describe('openai responses: requests', () => {
  it('accepts without effect what does not change the meaning', () => {
    const ignored = {
      store: true,
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'high' },
      client_metadata: { a: 'b' },
      truncation: 'auto',
      service_tier: 'flex',
      metadata: { a: 'b' },
      user: 'u',
      temperature: 1,
      top_p: 1,
      background: false,
      previous_response_id: null,
      conversation: null,
      top_logprobs: 0,
      text: {},
    };
    assert.deepEqual(parse(ignored), parse({}));
    assert.deepEqual(parse({ prompt_cache_key: 'thread-1' }).conversationHint, {
      id: 'thread-1',
      names: 'cache',
    });
  });

  it('puts instructions first, and asks for the wanted format for this turn only', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    const { messages, instruction } = parse({
      instructions: 'Be brief.',
      text: { format: { type: 'json_schema', name: 'x', schema, strict: true } },
    });
    assert.deepEqual(
      messages.map(({ role, path }) => [role, path]),
      [
        ['system', 'instructions'],
        ['user', 'input'],
      ],
    );
    assert.ok(instruction?.includes(JSON.stringify(schema)));
    assert.match(
      parse({ text: { format: { type: 'json_object' } } }).instruction ?? '',
      /JSON object/,
    );
    assert.equal(parse({ text: { format: { type: 'text' } } }).instruction, undefined);
  });

  it('text around a call is one text; two messages in a row are two', () => {
    const said = (text: string) => ({
      role: 'assistant',
      content: [{ type: 'output_text', text }],
    });
    const called = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };
    const callPart = { type: 'toolCall', name: 'f', argumentsJson: '{}' };
    assert.deepEqual(parts([said('a\n'), called, said('b'), said('c')]), [
      [{ type: 'text', text: 'a\nb' }, { type: 'text', text: 'c' }, callPart],
    ]);
  });

  it('offers function, custom and nested tools, and no hosted ones', () => {
    const grammar = { type: 'grammar', syntax: 'lark', definition: 'start: "x"' };
    const turn = parse({
      tools: [
        { type: 'function', name: 'f', parameters: null },
        { type: 'custom', name: 'patch', description: 'Patches.', format: grammar },
        {
          type: 'namespace',
          name: 'agents',
          description: 'Agents.',
          tools: [
            { type: 'function', name: 'spawn', description: 'Spawns.' },
            { type: 'function', name: 'close', description: 'Closes.' },
          ],
        },
        { type: 'web_search', external_web_access: true },
        { type: 'local_shell' },
      ],
      tool_choice: { type: 'custom', name: 'patch' },
    });
    assert.deepEqual(turn.tools, [
      { name: 'f', description: '', parameters: { type: 'object' } },
      {
        name: 'patch',
        description: 'Patches.\n"input" must match this grammar (lark):\nstart: "x"',
        parameters: {
          type: 'object',
          properties: { input: { type: 'string' } },
          required: ['input'],
        },
      },
      { name: 'agents.spawn', description: 'Agents.\nSpawns.', parameters: { type: 'object' } },
      { name: 'agents.close', description: 'Closes.', parameters: { type: 'object' } },
    ]);
    assert.deepEqual(turn.toolChoice, { mode: 'named', name: 'patch' });
    assert.deepEqual(
      parts([
        { type: 'custom_tool_call', call_id: 'c', name: 'patch', input: 'a "b"' },
        {
          type: 'function_call',
          call_id: 'd',
          namespace: 'agents',
          name: 'spawn',
          arguments: '{}',
        },
        { type: 'function_call_output', call_id: 'd', output: 'done' },
        { type: 'custom_tool_call_output', call_id: 'c', output: 'ok' },
        { type: 'function_call_output', call_id: 'unknown', output: '?' },
      ]),
      [
        [
          { type: 'toolCall', name: 'patch', argumentsJson: '{"input":"a \\"b\\""}' },
          { type: 'toolCall', name: 'agents.spawn', argumentsJson: '{}' },
        ],
        [result('agents.spawn', 1, 'done')],
        [result('patch', 0, 'ok')],
        [result('', 0, '?')],
      ],
    );
  });

  it('is the same conversation as over Chat Completions', () => {
    const chat = openAiChat.parse(
      {
        model: 'm',
        messages: [
          { role: 'system', content: 'Use tools.' },
          { role: 'developer', content: [{ type: 'text', text: 'Now.' }] },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'text', text: 'b' },
            ],
          },
          {
            role: 'assistant',
            content: 'I will.',
            tool_calls: ['one', 'two'].map((id, n) => ({
              id,
              type: 'function',
              function: { name: 'f', arguments: `{"n": ${n}}` },
            })),
          },
          { role: 'tool', tool_call_id: 'two', content: '2' },
          { role: 'tool', tool_call_id: 'one', content: [{ type: 'text', text: '1' }] },
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'three', type: 'function', function: { name: 'f', arguments: '{}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'three', content: '3' },
          { role: 'assistant', content: 'Done.' },
          { role: 'user', content: 'Thanks' },
        ],
      },
      {},
    ).turn.messages;
    const { messages } = parse({
      instructions: 'Use tools.',
      input: [
        { role: 'developer', content: [{ type: 'input_text', text: 'Now.' }], id: 'msg_1' },
        {
          type: 'message',
          role: 'user',
          status: 'completed',
          content: ['a', 'b'].map((text) => ({ type: 'input_text', text })),
        },
        { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: 'x' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I will.' }] },
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { type: 'function_call', call_id: 'x1', name: 'f', arguments: '{"n":0}', id: 'fc_1' },
        { type: 'reasoning', summary: [] },
        { type: 'function_call', call_id: 'x2', name: 'f', arguments: '{"n":1}' },
        { type: 'function_call_output', call_id: 'x2', output: '2', id: 'fco_1' },
        {
          type: 'function_call_output',
          call_id: 'x1',
          output: [{ type: 'input_text', text: '1' }],
        },
        { type: 'function_call', call_id: 'x3', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'x3', output: '3' },
        { role: 'assistant', content: 'Done.' },
        { role: 'user', content: 'Thanks' },
      ],
    });
    assert.deepEqual(headsOf('scope', messages), headsOf('scope', chat));
    assert.deepEqual(
      messages.map(({ path }) => path),
      ['instructions', ...[0, 1, 3, 8, 9, 10, 11, 12, 13].map((n) => `input[${n}]`)],
    );
  });
});

function result(name: string, callIndex: number, text: string): object {
  return { type: 'toolResult', name, callIndex, parts: [{ type: 'text', text }] };
}

describe('openai responses: what real clients send', () => {
  for (const { client, body } of recorded) {
    it(`is accepted: ${client}`, () => {
      const { messages } = openAiResponses.parse(body, {}).turn;
      assertRenderable(messages);
      // Nothing they send may fall away: these clients end with what is to be answered.
      assert.ok(['user', 'tool', 'system'].includes(messages.at(-1)?.role ?? ''));
    });
  }

  // The whole recordings are too large to keep here; this runs where somebody has them.
});
