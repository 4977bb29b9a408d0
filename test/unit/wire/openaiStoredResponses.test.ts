import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { openAiResponses } from '../../../src/wire/openaiResponses';
import { parseResponsesRequest } from '../../../src/wire/openaiResponsesRequest';
import {
  listInputItems,
  type NewResponse,
  type ResponseMemory,
  type StoredItem,
  type StoredResponse,
} from '../../../src/wire/openaiStoredResponses';
import { thrownBy } from '../../support/errors';

const message = (id: string, role: string, text: string): StoredItem => ({
  id,
  type: 'message',
  role,
  content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }],
});

const stored: StoredResponse = {
  id: 'resp_1',
  body: { id: 'resp_1' },
  input: [message('msg_1', 'user', 'one')],
  output: [
    { id: 'rs_1', type: 'reasoning', summary: [] },
    message('msg_2', 'assistant', 'First'),
    { id: 'fc_1', type: 'function_call', call_id: 'c1', name: 'run', arguments: '{}' },
  ],
};

/** Remembers one response, and shows what it is given. */
class OneResponse implements ResponseMemory {
  readonly kept: NewResponse[] = [];

  find: ResponseMemory['find'] = (id) => (id === stored.id ? stored : undefined);
  findItem(id: string): StoredItem | undefined {
    return [...stored.input, ...stored.output].find((item) => item.id === id);
  }
  keep(response: NewResponse): void {
    this.kept.push(response);
  }
  forget(): boolean {
    return false;
  }
}

const parse = (fields: object, memory: ResponseMemory = new OneResponse()) =>
  parseResponsesRequest({ model: 'gpt-5', ...fields }, {}, memory);

const said = (fields: object) =>
  parse(fields).turn.messages.map(({ role, path, parts }) => [
    role,
    path,
    ...parts.map((part) => (part.type === 'text' ? part.text : part.type)),
  ]);

describe('wire: responses that were kept', () => {
  const result = { type: 'function_call_output', call_id: 'c1', output: 'ok' };

  it('are what a request goes on from, and its own fields keep their places', () => {
    assert.deepEqual(
      said({ previous_response_id: 'resp_1', input: [result, { role: 'user', content: 'two' }] }),
      [
        ['user', 'previous_response_id', 'one'],
        ['assistant', 'previous_response_id', 'First', 'toolCall'],
        ['tool', 'input[0]', 'toolResult'],
        ['user', 'input[1]', 'two'],
      ],
    );
  });

  it('read like the same items sent again', () => {
    const sent = [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'First' },
      { type: 'function_call', call_id: 'c1', name: 'run', arguments: '{}' },
      result,
    ];
    const withoutPaths = (fields: object) =>
      parse(fields).turn.messages.map(({ role, parts }) => ({ role, parts }));
    assert.deepEqual(
      withoutPaths({ previous_response_id: 'resp_1', input: [result] }),
      withoutPaths({ input: sent }),
    );
    const references = [...stored.input, ...stored.output].map(({ id }) => ({
      type: 'item_reference',
      id,
    }));
    assert.deepEqual(
      withoutPaths({ input: [...references, result] }),
      withoutPaths({ input: sent }),
    );
  });

  it('do not bring their instructions along', () => {
    const fields = { previous_response_id: 'resp_1', instructions: 'Be brief.', input: 'two' };
    assert.deepEqual(said(fields)[0], ['system', 'instructions', 'Be brief.']);
  });

  it('get what was asked and answered, once the answer is whole', () => {
    const memory = new OneResponse();
    const request = openAiResponses.parse(
      {
        model: 'gpt-5',
        previous_response_id: 'resp_1',
        input: [result],
      },
      {},
      memory,
    );
    const encoder = request.plain(1);
    const usage = { inputTokens: 1, cachedTokens: 0 };
    const placement = {
      reason: 'new',
      instanceId: 'i',
      sentMessages: 1,
      totalMessages: 1,
      sentBytes: 20,
      totalBytes: 20,
    } as const;
    encoder.add({ type: 'start', placement, model: 'm', usage });
    encoder.add({ type: 'text', delta: 'Second' });
    assert.equal(memory.kept.length, 0);
    encoder.add({
      type: 'end',
      finishReason: 'stop',
      usage: { ...usage, outputTokens: 1, reasoningTokens: 0, estimated: true },
    });
    const [kept] = memory.kept;
    assert.ok(kept);
    assert.equal(kept.previous, stored);
    assert.deepEqual(kept.body, encoder.body());
    assert.deepEqual(
      kept.input.map(({ type, call_id }) => [type, call_id]),
      [['function_call_output', 'c1']],
    );
    assert.deepEqual(
      kept.output.map(({ type, role }) => [type, role]),
      [['message', 'assistant']],
    );
    for (const { id } of [...kept.input, ...kept.output]) assert.match(id, /^\w+_\w+$/);
  });

  const bad: [title: string, fields: object, code: string, param: string][] = [
    [
      'an unknown response',
      { previous_response_id: 'resp_2', input: 'x' },
      'previous_response_not_found',
      'previous_response_id',
    ],
    [
      'an unknown item',
      { input: [{ type: 'item_reference', id: 'msg_9' }] },
      'item_not_found',
      'input[0]',
    ],
    ['nothing new', { previous_response_id: 'resp_1', input: [] }, 'invalid_request', 'input'],
    [
      'an item twice',
      { previous_response_id: 'resp_1', input: [result, { type: 'item_reference', id: 'msg_2' }] },
      'invalid_request',
      'input[1]',
    ],
    [
      'a reference without an id',
      { input: [{ type: 'item_reference' }] },
      'invalid_request',
      'input[0].id',
    ],
    [
      'an id that is none',
      { previous_response_id: 7, input: 'x' },
      'invalid_request',
      'previous_response_id',
    ],
    ['store that is no boolean', { store: 'yes', input: 'x' }, 'invalid_request', 'store'],
  ];
  for (const [title, fields, code, param] of bad) {
    it(`refuse ${title}, naming ${param}`, () => {
      const error = thrownBy(() => parse(fields));
      assert.deepEqual([error.code, error.param], [code, param]);
    });
  }

  it('list what they were given, the newest first or last', () => {
    class Long extends OneResponse {
      override find = (): StoredResponse => ({
        ...stored,
        input: [...stored.input, ...stored.output],
      });
    }
    const ids = (query: string) => listInputItems(new Long(), 'resp_1', new URLSearchParams(query));
    const page = ids('order=asc&limit=2&after=msg_1') as { data: StoredItem[]; has_more: boolean };
    assert.deepEqual(
      page.data.map(({ id }) => id),
      ['rs_1', 'msg_2'],
    );
    assert.equal(page.has_more, true);
    const newest = ids('') as { first_id: string; last_id: string; has_more: boolean };
    assert.deepEqual([newest.first_id, newest.last_id, newest.has_more], ['fc_1', 'msg_1', false]);
    assert.equal(thrownBy(() => ids('limit=101')).param, 'limit');
  });
});
