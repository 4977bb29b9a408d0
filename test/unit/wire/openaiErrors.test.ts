import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import { openAiError } from '../../../src/wire/openaiErrors';

describe('wire/openaiErrors', () => {
  const types = [
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'invalid_request_error'],
    [413, 'invalid_request_error'],
    [421, 'permission_error'],
    [429, 'rate_limit_error'],
    [500, 'api_error'],
    [502, 'api_error'],
    [503, 'api_error'],
    [504, 'api_error'],
  ] as const;
  for (const [status, type] of types) {
    it(`calls ${status} ${type}`, () => {
      const error = new GatewayError({ code: 'internal', status, message: 'm' });
      assert.deepEqual(openAiError(error), {
        error: { message: 'm', type, param: null, code: 'internal' },
      });
    });
  }

  it('names the field, and tells nothing of the cause', () => {
    const cause = new Error('secret');
    const error = new GatewayError({
      code: 'invalid_request',
      status: 400,
      message: 'm',
      param: 'messages[0]',
      cause,
    });
    assert.deepEqual(openAiError(error).error.param, 'messages[0]');
    assert.ok(!JSON.stringify(openAiError(error)).includes('secret'));
  });
});
