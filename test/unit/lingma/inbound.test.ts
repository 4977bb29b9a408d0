import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { replyTo } from '../../../src/lingma/inbound';
import { NOT_RUN } from '../../../src/lingma/nativeTools';
import { Refusal } from '../../../src/lingma/rpc';

describe('lingma/inbound', () => {
  it('runs no tool, in the shape the method wants', () => {
    const params = { requestId: 'r', toolCallId: 't-1', name: 'run_in_terminal', parameters: {} };
    assert.deepEqual(replyTo('tool/invoke', params), {
      toolCallId: 't-1',
      name: 'run_in_terminal',
      ...NOT_RUN,
    });
  });

  it('grants no permission, in the shape the method wants', () => {
    assert.deepEqual(replyTo('session/request_permission', { requestId: 'r-1' }), {
      requestId: 'r-1',
      errorMessage: 'This client grants no permissions.',
      successful: false,
    });
  });

  it('answers anything else with an empty object', () => {
    for (const method of ['chat/answer', 'tool/call/sync', 'never/heard/of', '']) {
      assert.deepEqual(replyTo(method, { requestId: 'r' }), {});
    }
  });

  it('takes missing and odd parameters', () => {
    for (const params of [undefined, null, 5, 'text', [], {}]) {
      assert.deepEqual(Object.values(replyTo('tool/invoke', params) as object).slice(0, 3), [
        null,
        null,
        false,
      ]);
    }
  });

  it('offers neither files nor a terminal', () => {
    for (const method of ['fs/read_text_file', 'fs/write_text_file', 'terminal/create']) {
      for (const peer of ['shared', 'agent'] as const) {
        const refusal = replyTo(method, { path: '/etc/passwd' }, peer);
        assert.ok(refusal instanceof Refusal);
        assert.equal(refusal.code, -32601);
      }
    }
  });

  it('refuses a standard agent in the words of its specification', () => {
    assert.deepEqual(replyTo('session/request_permission', { sessionId: 's' }, 'agent'), {
      outcome: { outcome: 'cancelled' },
    });
    assert.ok(replyTo('_vendor/anything', {}, 'agent') instanceof Refusal);
  });
});
