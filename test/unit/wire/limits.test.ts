import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { GatewayError } from '../../../src/base/errors';
import { parseMessagesRequest } from '../../../src/wire/anthropicMessagesRequest';
import { parseChatRequest } from '../../../src/wire/openaiChatRequest';
import { parseResponsesRequest } from '../../../src/wire/openaiResponsesRequest';

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
