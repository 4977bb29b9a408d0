import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import { openAiError } from '../../../src/wire/openaiErrors';
import { openAiModelList } from '../../../src/wire/openaiModels';

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

describe('wire/openaiModels', () => {
  it('lists models as OpenAI does', () => {
    assert.deepEqual(openAiModelList([{ id: 'kmodel', name: 'Kimi' }], 1_700_000_000), {
      object: 'list',
      data: [
        {
          id: 'kmodel',
          object: 'model',
          created: 1_700_000_000,
          owned_by: 'lingma',
          display_name: 'Kimi',
        },
      ],
    });
    assert.deepEqual(openAiModelList([], 1), { object: 'list', data: [] });
  });

  it('passes on nothing else that a model carries', () => {
    const model = { id: 'm', name: 'M', apiKey: 'secret', url: 'secret' };
    assert.ok(!JSON.stringify(openAiModelList([model], 1)).includes('secret'));
  });
});
