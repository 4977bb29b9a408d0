import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readAsk } from '../../../src/demo/askParams';
import { RpcError } from '../../../src/demo/jsonRpc';
import { askParams } from './demoProcess';

function without(name: string): object {
  const entries = Object.entries(askParams('r', 'hi')).filter(([key]) => key !== name);
  return Object.fromEntries(entries);
}

function refused(params: unknown, pattern: RegExp): void {
  assert.throws(
    () => readAsk(params),
    (error) => error instanceof RpcError && error.code === -32602 && pattern.test(error.message),
    String(pattern),
  );
}

describe('demo chat/ask parameters', () => {
  it('takes the sample of the document', () => {
    assert.deepEqual(readAsk(askParams('r', 'hi')), {
      requestId: 'r',
      sessionId: '',
      sessionType: 'chat',
      questionText: 'hi',
      isReply: false,
      modelKey: 'org_auto',
      imageUrls: [],
    });
  });

  it('does without what may be absent or null', () => {
    const nulls = { mode: null, chatContext: null, extra: null, customModel: null };
    assert.equal(readAsk(askParams('r', 'hi', nulls)).modelKey, '');
    for (const name of ['mode', 'chatContext', 'extra', 'shellType', 'codeLanguage']) {
      readAsk(without(name));
    }
  });

  it('wants the fields a turn cannot do without', () => {
    for (const name of [
      'requestId',
      'sessionId',
      'sessionType',
      'chatTask',
      'questionText',
      'stream',
      'isReply',
      'source',
    ]) {
      refused(without(name), new RegExp(`chat/ask: ${name} must`));
    }
  });

  it('names the field of a wrong type, also inside', () => {
    refused(undefined, /params must be an object/);
    refused(askParams('r', 'hi', { source: '1' }), /source must be a number/);
    refused(askParams('r', 'hi', { isReply: 'false' }), /isReply/);
    refused(askParams('r', 'hi', { sessionType: 'quest' }), /sessionType must be one of/);
    refused(askParams('r', 'hi', { taskDefinitionType: 'x' }), /taskDefinitionType/);
    refused(askParams('r', 'hi', { extra: { modelConfig: { key: 1 } } }), /extra modelConfig key/);
    refused(askParams('r', 'hi', { chatContext: { imageUrls: [1] } }), /chatContext imageUrls/);
    refused(askParams('r', 'hi', { pluginPayloadConfig: null }), /pluginPayloadConfig/);
    refused(askParams('r', 'hi', { tools: {} }), /tools must be an array/);
  });
});
