import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { affinityOf } from '../../../src/wire/affinity';
import { parseResponsesRequest } from '../../../src/wire/openaiResponsesRequest';
import { ResponseBuilder } from '../../../src/wire/openaiResponseBuilder';

const AFFINITY = '0123456789ABCDEF';

describe('the affinity of a conversation', () => {
  it('is sixteen digits, and nothing else that a header may say', () => {
    assert.equal(affinityOf({ 'x-lingma-affinity': AFFINITY }), AFFINITY);
    for (const value of ['', AFFINITY.toLowerCase(), `${AFFINITY}0`, ` ${AFFINITY}`, [AFFINITY]]) {
      assert.equal(affinityOf({ 'x-lingma-affinity': value }), undefined);
    }
    assert.equal(affinityOf({}), undefined);
  });

  it('stands in the id of a response, which is otherwise as it always was', () => {
    const idWith = (headers: Record<string, string>): string => {
      const request = parseResponsesRequest({ model: 'm', input: 'Hello' }, headers);
      return new ResponseBuilder(request, 0).response().id;
    };
    assert.match(idWith({ 'x-lingma-affinity': AFFINITY }), /^resp_0123456789ABCDEF_[0-9a-f]{32}$/);
    assert.match(idWith({ 'x-lingma-affinity': 'no affinity' }), /^resp_[0-9a-f]{32}$/);
    assert.match(idWith({}), /^resp_[0-9a-f]{32}$/);
  });
});
