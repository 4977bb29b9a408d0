import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import { anthropicError } from '../../../src/wire/anthropicErrors';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';

const ask = (fields: object) =>
  anthropicMessages.parse(
    { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...fields },
    {},
  );
const user = (...content: object[]) => ({ role: 'user', content });
const assistant = (...content: object[]) => ({ role: 'assistant', content });
const text = (value: string) => ({ type: 'text', text: value });

describe('Messages: errors and refusals', () => {
  for (const [status, type] of [
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [413, 'request_too_large'],
    [421, 'permission_error'],
    [429, 'rate_limit_error'],
    [500, 'api_error'],
    [502, 'api_error'],
    [503, 'overloaded_error'],
    [504, 'api_error'],
  ] as const) {
    it(`${status} is ${type}, and the message names the field`, () => {
      const error = new GatewayError({ code: 'internal', status, message: 'No.', param: 'model' });
      assert.deepEqual(anthropicError(error), {
        type: 'error',
        error: { type, message: 'model: No.' },
      });
    });
  }

  const inUser = (...content: object[]) => ({ messages: [user(...content)] });
  for (const [param, body] of [
    ['model', { model: 7 }],
    ['model', { model: '' }],
    ['max_tokens', { max_tokens: undefined }],
    ['max_tokens', { max_tokens: 0 }],
    ['max_tokens', { max_tokens: 1.5 }],
    ['messages', { messages: [] }],
    ['messages', { messages: 'hi' }],
    ['messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['messages[0].content[1].type', inUser(text('a'), { type: 'container_upload' })],
    ['messages[0].content[0].text', inUser({ type: 'text' })],
    ['messages[0].content[0].type', inUser({ type: 'tool_use', id: 'a', name: 'b', input: {} })],
    ['messages[0].content[0].tool_use_id', inUser({ type: 'tool_result', content: 'x' })],
    [
      'messages[0].content[0].content[0].type',
      inUser({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'video' }] }),
    ],
    [
      'messages[0].content[0].source.type',
      inUser({ type: 'document', source: { type: 'base64', data: '', media_type: '' } }),
    ],
    [
      'messages[0].content[0].source.type',
      inUser({ type: 'image', source: { type: 'file', file_id: 'f' } }),
    ],
    [
      'messages[0].content[1].source.url',
      inUser(text('a'), { type: 'image', source: { type: 'url', url: 'file:///a.png' } }),
    ],
    ['messages[0].content[0].source.url', inUser({ type: 'image', source: { type: 'url' } })],
    [
      'messages[0].content[0].content[1].source',
      inUser({
        type: 'tool_result',
        tool_use_id: 'a',
        content: [
          text('a'),
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        ],
      }),
    ],
    [
      'messages[0].content[0].input',
      { messages: [assistant({ type: 'tool_use', id: 'a', name: 'b', input: 'c' })] },
    ],
    ['messages[0].content[0].type', { messages: [assistant({ type: 'server_tool_use' })] }],
    ['system[0].type', { system: [{ type: 'image' }] }],
    ['system', { system: 7 }],
    ['stream', { stream: 'yes' }],
    ['stop_sequences[0]', { stop_sequences: [''] }],
    ['stop_sequences', { stop_sequences: 'END' }],
    ['max_tokens', { max_tokens: 0 }],
    ['thinking.type', { thinking: { type: 'on' } }],
    ['mcp_servers', { mcp_servers: [{ type: 'url', url: 'x', name: 'y' }] }],
    ['container', { container: 'c' }],
    ['tools[0].input_schema', { tools: [{ name: 'run' }] }],
    ['tools[0].name', { tools: [{ input_schema: {} }] }],
    ['tools[0].type', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['tool_choice.type', { tool_choice: { type: 'required' } }],
    ['tool_choice.name', { tool_choice: { type: 'tool', name: 'run' } }],
    ['output_config.format.type', { output_config: { format: { type: 'grammar' } } }],
  ] as const) {
    it(`refuses ${param} in ${JSON.stringify(body)}`, () => {
      assert.throws(
        () => ask(body),
        (error: GatewayError) => {
          assert.deepEqual([error.status, error.param], [400, param]);
          assert.ok(anthropicError(error).error.message.includes(param), error.message);
          return true;
        },
      );
    });
  }
});
