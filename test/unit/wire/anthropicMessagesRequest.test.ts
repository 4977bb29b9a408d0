import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Message } from '../../../src/conversation/messages';
import { headsOf } from '../../support/canonical';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';
import { openAiChat } from '../../../src/wire/openaiChat';
import { png } from '../../support/pictures';

const ask = (fields: object) =>
  anthropicMessages.parse(
    { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...fields },
    {},
  );
const user = (...content: object[]) => ({ role: 'user', content });
const assistant = (...content: object[]) => ({ role: 'assistant', content });
const text = (value: string) => ({ type: 'text', text: value });

describe('Messages: requests', () => {
  const messagesOf = (fields: object) => ask(fields).turn.messages;
  const said = (messages: readonly Message[]) =>
    messages.map(({ role, parts }) => [
      role,
      ...parts.map((part) => (part.type === 'text' ? part.text : part)),
    ]);

  it('delivers system messages where they stand', () => {
    const messages = messagesOf({
      system: [text('A'), text('B')],
      messages: [
        { role: 'user', content: 'one' },
        { role: 'system', content: [text('Be kind.')], output_config: { effort: 'low' } },
        assistant({ type: 'thinking', thinking: 't', signature: 's' }, text('two')),
      ],
    });
    assert.deepEqual(said(messages), [
      ['system', 'A', 'B'],
      ['user', 'one'],
      ['system', 'Be kind.'],
      ['assistant', 'two'],
    ]);
  });

  it('takes documents and search results of text, and marks failed results', () => {
    const messages = messagesOf({
      messages: [
        assistant({ type: 'tool_use', id: 'a', name: 'run', input: {} }),
        user(
          {
            type: 'document',
            title: 'T',
            source: { type: 'text', media_type: 'text/plain', data: 'D' },
          },
          { type: 'search_result', title: 'S', source: 'https://s', content: [text('found')] },
          {
            type: 'tool_result',
            tool_use_id: 'a',
            is_error: true,
            content: [{ type: 'tool_reference', tool_name: 'x' }],
          },
        ),
      ],
    });
    assert.deepEqual(said(messages).slice(1), [
      [
        'tool',
        {
          type: 'toolResult',
          name: 'run',
          callIndex: 0,
          isError: true,
          parts: [text('The tool x is available.')],
        },
      ],
      ['user', 'T', 'D', 'S', 'https://s', 'found'],
    ]);
    assert.equal(messages[1]?.path, 'messages[1].content[2]');
  });

  it('asks for a structured output, for this turn only', () => {
    const format = { type: 'json_schema', schema: { type: 'object', constructor: 1 } };
    for (const fields of [
      { output_config: { effort: 'high', format } },
      { output_format: format },
    ]) {
      assert.match(
        ask(fields).turn.instruction ?? '',
        /JSON.*\{"type":"object","constructor":1\}$/s,
      );
    }
  });

  it('maps tools and the choice among them', () => {
    const schema = { type: 'object', properties: {} };
    const tools = [
      { type: 'web_search_20250305', name: 'web_search' },
      { name: 'a', input_schema: schema, defer_loading: true },
      { type: 'custom', name: 'b', description: 'B', input_schema: schema },
    ];
    const choice = (tool_choice: object) => ask({ tools, tool_choice }).turn.toolChoice;
    assert.deepEqual(ask({ tools }).turn.tools, [
      { name: 'a', description: '', parameters: schema },
      { name: 'b', description: 'B', parameters: schema },
    ]);
    assert.deepEqual(choice({ type: 'auto', disable_parallel_tool_use: true }), { mode: 'auto' });
    assert.deepEqual(choice({ type: 'any' }), { mode: 'required' });
    assert.deepEqual(choice({ type: 'none' }), { mode: 'none' });
    assert.deepEqual(choice({ type: 'tool', name: 'b' }), { mode: 'named', name: 'b' });
    assert.throws(() => choice({ type: 'tool', name: 'web_search' }), /tool_choice\.name/);
  });

  it('keeps every member of an input', () => {
    const input = JSON.parse('{"constructor":1,"__proto__":2,"prototype":{"a":3}}') as object;
    const [message] = messagesOf({
      messages: [assistant({ type: 'tool_use', id: 'a', name: 'run', input })],
    });
    assert.deepEqual(message?.parts, [
      {
        type: 'toolCall',
        name: 'run',
        argumentsJson: '{"constructor":1,"__proto__":2,"prototype":{"a":3}}',
      },
    ]);
  });
});

describe('Messages: one conversation, whichever dialect carries it', () => {
  const heads = (messages: readonly Message[]) => headsOf('scope', messages);
  const same = (messages: object[], chat: object[], fields: object = {}) => {
    const left = heads(ask({ messages, ...fields }).turn.messages);
    const right = openAiChat.parse({ model: 'm', messages: chat }, {}).turn.messages;
    assert.deepEqual(left, heads(right));
  };
  const chatCall = (id: string, name: string, json: string) => ({
    id,
    type: 'function',
    function: { name, arguments: json },
  });

  it('system text, as a string or in blocks', () => {
    const messages = [{ role: 'user', content: 'hi' }];
    same(messages, [{ role: 'system', content: 'A\nB' }, ...messages], { system: 'A\nB' });
    same(messages, [{ role: 'developer', content: 'A\nB' }, ...messages], {
      system: [text('A'), text('B')],
    });
    same(messages, messages, { system: [] });
  });

  it('a tool loop with parallel calls', () => {
    same(
      [
        user(text('begin'), text('here')),
        assistant(
          { type: 'thinking', thinking: 'hm', signature: '' },
          text('Both.\n'),
          { type: 'tool_use', id: 'x', name: 'run', input: { b: 1, a: 2 } },
          { type: 'tool_use', id: 'y', name: 'read', input: {} },
        ),
        user(
          { type: 'tool_result', tool_use_id: 'y', content: [text('1'), text('2')] },
          { type: 'tool_result', tool_use_id: 'x' },
          text('go on'),
        ),
        { role: 'system', content: 'Hurry.' },
      ],
      [
        { role: 'user', content: 'begin\nhere' },
        {
          role: 'assistant',
          content: 'Both.',
          tool_calls: [chatCall('1', 'run', '{"a": 2, "b": 1.0}'), chatCall('2', 'read', '{}')],
        },
        { role: 'tool', tool_call_id: '2', content: '1\n2' },
        { role: 'tool', tool_call_id: '1', content: '' },
        { role: 'user', content: 'go on' },
        { role: 'system', content: 'Hurry.' },
      ],
    );
  });

  it('an answer whose text was cut by a call or a thought', () => {
    same(
      [
        assistant(
          text('Fir'),
          { type: 'redacted_thinking', data: '' },
          text('st.\n'),
          { type: 'tool_use', id: 'x', name: 'run', input: {} },
          text('Then.'),
        ),
      ],
      [{ role: 'assistant', content: 'First.\nThen.', tool_calls: [chatCall('1', 'run', '{}')] }],
    );
  });

  it('pictures', () => {
    const data = png(1).toString('base64');
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } };
    const url = `data:image/png;base64,${data}`;
    const chatPicture = { type: 'image_url', image_url: { url } };
    same(
      [user(picture, text('and'), picture)],
      [user(chatPicture, { type: 'text', text: 'and' }, chatPicture)],
    );
  });
});
