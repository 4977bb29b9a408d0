import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { GatewayError } from '../../../src/base/errors';
import { parseOllamaChat } from '../../../src/wire/ollamaRequest';
import { parseMessagesRequest } from '../../../src/wire/anthropicMessagesRequest';
import { parseChatRequest } from '../../../src/wire/openaiChatRequest';
import { parseResponsesRequest } from '../../../src/wire/openaiResponsesRequest';
import { thrownBy } from '../../support/errors';

const messages = [{ role: 'user', content: 'Hi' }];
const chat = (fields: object) => parseChatRequest({ model: 'm', messages, ...fields }, {}).turn;
const responses = (fields: object) =>
  parseResponsesRequest({ model: 'm', input: 'Hi', ...fields }, {}).turn;
const anthropic = (fields: object) =>
  parseMessagesRequest({ model: 'm', max_tokens: 9, messages, ...fields }, {}).turn;

function fieldAtFault(parse: (fields: object) => unknown, fields: object): string | undefined {
  try {
    parse(fields);
  } catch (error) {
    return (error as GatewayError).param;
  }
  return 'nothing was refused';
}

describe('wire: where an answer ends', () => {
  it('stop sequences', () => {
    assert.deepEqual(chat({ stop: 'END' }).limits, { stop: ['END'], maxTokens: undefined });
    assert.deepEqual(chat({ stop: ['a', 'b'] }).limits?.stop, ['a', 'b']);
    assert.equal(chat({ stop: [] }).limits, undefined);
    assert.equal(chat({ stop: null }).limits, undefined);
    assert.deepEqual(anthropic({ stop_sequences: ['\n\n'] }).limits, {
      stop: ['\n\n'],
      maxTokens: 9,
    });
  });

  it('token limits; of two names in Chat Completions the newer one counts', () => {
    assert.equal(chat({ max_tokens: 5 }).limits?.maxTokens, 5);
    assert.equal(chat({ max_tokens: 5, max_completion_tokens: 7 }).limits?.maxTokens, 7);
    assert.equal(responses({ max_output_tokens: 8 }).limits?.maxTokens, 8);
    assert.equal(responses({}).limits, undefined);
    assert.equal(anthropic({}).limits?.maxTokens, 9);
  });

  it('whatever cannot be kept to is refused by its name', () => {
    for (const stop of ['', 7, { a: 1 }, 'x'.repeat(1_001)]) {
      assert.equal(fieldAtFault(chat, { stop }), 'stop');
    }
    assert.equal(fieldAtFault(chat, { stop: ['a', ''] }), 'stop[1]');
    assert.equal(fieldAtFault(chat, { stop: Array(65).fill('x') }), 'stop');
    for (const limit of [0, -1, 1.5, '9']) {
      assert.equal(fieldAtFault(chat, { max_tokens: limit }), 'max_tokens');
      assert.equal(fieldAtFault(responses, { max_output_tokens: limit }), 'max_output_tokens');
      assert.equal(fieldAtFault(anthropic, { max_tokens: limit }), 'max_tokens');
    }
    assert.equal(fieldAtFault(chat, { n: 2 }), 'n');
  });
});

describe('wire: a call that nobody could make', () => {
  it('is refused, naming tool_choice', () => {
    const hosted = [{ type: 'web_search' }];
    assert.equal(fieldAtFault(chat, { tool_choice: 'required' }), 'tool_choice');
    assert.equal(fieldAtFault(chat, { tool_choice: 'required', tools: [] }), 'tool_choice');
    assert.equal(fieldAtFault(responses, { tool_choice: 'required' }), 'tool_choice');
    assert.equal(
      fieldAtFault(responses, { tool_choice: 'required', tools: hosted }),
      'tool_choice',
    );
    assert.equal(fieldAtFault(anthropic, { tool_choice: { type: 'any' } }), 'tool_choice');
  });

  it('is no matter where the model is free to make none', () => {
    for (const tool_choice of ['auto', 'none', null]) {
      assert.ok(chat({ tool_choice }));
      assert.ok(responses({ tool_choice }));
    }
    for (const type of ['auto', 'none']) assert.ok(anthropic({ tool_choice: { type } }));
  });
});

describe('wire: an error', () => {
  const long = 'k'.repeat(300_000);
  const errorOf = (parse: () => unknown): GatewayError => thrownBy(parse);

  it('is short, however long the names in its request are', () => {
    const named = { type: 'function', name: long };
    for (const error of [
      errorOf(() => responses({ metadata: { [long]: 1 } })),
      errorOf(() => responses({ tool_choice: named })),
      errorOf(() => chat({ tool_choice: { type: 'function', function: named } })),
      errorOf(() => anthropic({ tool_choice: { type: 'tool', name: long } })),
      errorOf(() => chat({ stop: [long] })),
    ]) {
      assert.equal(error.status, 400);
      assert.ok((error.param?.length ?? 0) < 500, `param has ${error.param?.length}`);
      assert.ok(error.message.length < 1_000, `message has ${error.message.length}`);
    }
    const { param } = errorOf(() => responses({ metadata: { [long]: 1 } }));
    assert.match(param ?? '', /^metadata\.k{50,}…$/);
  });

  it('is what a list of far too many entries comes to, before they are looked at', () => {
    const many = Array<string>(100_001).fill('neither a message nor a part');
    assert.equal(fieldAtFault(chat, { messages: many }), 'messages');
    assert.equal(fieldAtFault(anthropic, { messages: many }), 'messages');
    assert.equal(fieldAtFault(responses, { input: many }), 'input');
    const parts = [{ role: 'user', content: many }];
    assert.equal(fieldAtFault(chat, { messages: parts }), 'messages[0].content');
    assert.equal(fieldAtFault(anthropic, { messages: parts }), 'messages[0].content');
    assert.equal(
      thrownBy(() => parseOllamaChat({ model: 'm', messages: many }, {})).param,
      'messages',
    );
  });
});

describe('wire: whether thoughts are wanted', () => {
  it('Chat Completions: unless the client says no', () => {
    assert.equal(chat({}).reasoning, true);
    assert.equal(chat({ reasoning_effort: 'high' }).reasoning, true);
    for (const no of [
      { reasoning_effort: 'none' },
      { reasoning_effort: 'minimal' },
      { thinking: { type: 'disabled' } },
      { enable_thinking: false },
    ]) {
      assert.equal(chat(no).reasoning, false, JSON.stringify(no));
    }
  });

  it('Responses: unless the client wants no effort', () => {
    assert.equal(responses({}).reasoning, true);
    assert.equal(responses({ reasoning: { summary: 'auto' } }).reasoning, true);
    assert.equal(responses({ reasoning: null }).reasoning, true);
    assert.equal(responses({ reasoning: { effort: 'none' } }).reasoning, false);
    assert.equal(responses({ reasoning: { effort: 'minimal' } }).reasoning, false);
  });

  it('Messages: when the client asks for them', () => {
    assert.equal(anthropic({}).reasoning, false);
    assert.equal(anthropic({ thinking: { type: 'disabled' } }).reasoning, false);
    assert.equal(
      anthropic({ thinking: { type: 'enabled', budget_tokens: 1_024 } }).reasoning,
      true,
    );
    assert.equal(anthropic({ thinking: { type: 'adaptive' } }).reasoning, true);
    assert.equal(
      anthropic({ thinking: { type: 'adaptive', display: 'omitted' } }).reasoning,
      false,
    );
  });
});
