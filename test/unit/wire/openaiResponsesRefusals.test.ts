import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import { assertRenderable } from '../../../src/conversation/render';
import { openAiResponses } from '../../../src/wire/openaiResponses';

function fault(body: unknown): [code: string, param: string | undefined] {
  try {
    assertRenderable(openAiResponses.parse(body, {}).turn.messages);
  } catch (error) {
    if (error instanceof GatewayError && [400, 404].includes(error.status))
      return [error.code, error.param];
    throw error;
  }
  throw new Error('accepted');
}

describe('openai responses: refusals', () => {
  const user = { role: 'user', content: 'hi' };
  const bad: [title: string, fields: object, param: string, code?: string][] = [
    ['no model', { model: undefined }, 'model'],
    ['an empty model', { model: '' }, 'model'],
    ['no input', { input: undefined }, 'input'],
    ['an input of another type', { input: 7 }, 'input'],
    ['an empty input', { input: [] }, 'input'],
    ['nothing but reasoning', { input: [{ type: 'reasoning', summary: [] }] }, 'input'],
    ['an item that is no object', { input: [user, 'x'] }, 'input[1]'],
    ['an unknown item', { input: [user, { type: 'computer_call' }] }, 'input[1].type'],
    ['an unknown role', { input: [{ role: 'tool', content: 'x' }] }, 'input[0].role'],
    ['a message without content', { input: [{ role: 'user' }] }, 'input[0].content'],
    [
      'a part of Chat Completions',
      { input: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] },
      'input[0].content[0].type',
    ],
    [
      'a part without its text',
      { input: [user, { role: 'user', content: [{ type: 'input_text' }] }] },
      'input[1].content[0].text',
    ],
    ['a call without an id', { input: [{ type: 'function_call', name: 'f' }] }, 'input[0].call_id'],
    [
      'a custom call without input',
      { input: [{ type: 'custom_tool_call', call_id: 'c', name: 'f' }] },
      'input[0].input',
    ],
    [
      'a result without output',
      { input: [{ type: 'function_call_output', call_id: 'c' }] },
      'input[0].output',
    ],
    [
      'a reference to nothing',
      { input: [user, { type: 'item_reference', id: 'msg_1' }] },
      'input[1]',
      'item_not_found',
    ],
    [
      'a hosted call with a result',
      { input: [user, { type: 'file_search_call', results: [{ text: 'x' }] }] },
      'input[1].results',
    ],
    [
      'an image by its id',
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] },
      'input[0].content[0].image_url',
    ],
    [
      'an image',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:,' }] }] },
      'input[0].content[0].image_url',
      'unsupported_content',
    ],
    [
      'an image that is none',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'a.png' }] }] },
      'input[0].content[0].image_url',
    ],
    [
      'an image of another kind as a result',
      {
        input: [
          {
            type: 'function_call_output',
            call_id: 'c',
            output: [{ type: 'input_image', image_url: 'data:,' }],
          },
        ],
      },
      'input[0].output[0].image_url',
      'unsupported_content',
    ],
    [
      'a file',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
      'input[0].content[0]',
      'unsupported_content',
    ],
    ['a tool of no known type', { tools: [{ type: 'telepathy' }] }, 'tools[0].type'],
    [
      'a tool of Chat Completions',
      { tools: [{ type: 'function', function: { name: 'f' } }] },
      'tools[0].name',
    ],
    [
      'a nested tool without a name',
      { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function' }] }] },
      'tools[0].tools[0].name',
    ],
    ['an unknown tool_choice', { tool_choice: 'maybe' }, 'tool_choice'],
    ['a hosted tool_choice', { tool_choice: { type: 'web_search' } }, 'tool_choice.type'],
    [
      'a tool_choice that is not offered',
      { tool_choice: { type: 'function', name: 'f' } },
      'tool_choice',
    ],
    [
      'a format without a schema',
      { text: { format: { type: 'json_schema' } } },
      'text.format.schema',
    ],
    ['instructions that are no text', { instructions: ['x'] }, 'instructions'],
    ['stream that is no boolean', { stream: 'yes' }, 'stream'],
    ['background', { background: true }, 'background', 'unsupported_parameter'],
    [
      'a response that nobody kept',
      { previous_response_id: 'resp_1' },
      'previous_response_id',
      'previous_response_not_found',
    ],
    ['conversation', { conversation: 'conv_1' }, 'conversation', 'unsupported_parameter'],
    ['a stored prompt', { prompt: { id: 'p' } }, 'prompt', 'unsupported_parameter'],
    ['probabilities', { top_logprobs: 3 }, 'top_logprobs', 'unsupported_parameter'],
  ];
  for (const [title, fields, param, code = 'invalid_request'] of bad) {
    it(`refuses ${title}, naming ${param}`, () => {
      assert.deepEqual(fault({ model: 'gpt-5', input: 'hi', ...fields }), [code, param]);
    });
  }
});
