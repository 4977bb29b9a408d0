import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { jsonCheck } from '../../../src/conversation/jsonAnswer';
import { loadSchemaCompiler, type SchemaCompiler } from '../../../src/conversation/jsonSchema';

describe('conversation/jsonAnswer', () => {
  let compile: SchemaCompiler;
  before(async () => {
    compile = await loadSchemaCompiler();
  });

  const verdict = (text: string, schema?: unknown) =>
    jsonCheck(schema === undefined ? {} : { schema }, compile)(text);

  it('JSON passes as it was written', () => {
    for (const text of ['{"a": 1}', ' {\n}\n', '{"a":1,"a":2}']) {
      assert.deepEqual(verdict(text), { ok: true, text });
    }
  });

  it('a fence around all of it is taken off, and no other', () => {
    const bare = { ok: true, text: '{"a":1}' };
    assert.deepEqual(verdict('```json\n{"a":1}\n```'), bare);
    assert.deepEqual(verdict('\n```\r\n{"a":1}\r\n```\n'), bare);
    for (const text of [
      'Here it is:\n```json\n{"a":1}\n```',
      '```json\n{"a":1}\n```\nDone.',
      '```json\n{}\n```\n```json\n{}\n```',
      '```python\n{}\n```',
    ]) {
      assert.equal(verdict(text).ok, false, text);
    }
  });

  it('without a schema it has to be one object', () => {
    for (const text of ['[]', '1', '"{}"', 'null', '', '{"a":1', '{} {}']) {
      assert.equal(verdict(text).ok, false, text);
    }
  });

  it('with a schema the value has to fit it, and the fault says where it does not', () => {
    const schema = {
      type: 'object',
      properties: { title: { type: 'string' } },
      required: ['title'],
      additionalProperties: false,
    };
    assert.deepEqual(verdict('{"title":"x"}', schema), { ok: true, text: '{"title":"x"}' });
    const wrong = verdict('{"title":1}', schema);
    assert.ok(!wrong.ok);
    assert.match(wrong.fault, /title/);
    assert.deepEqual(verdict('[1]', { type: 'array' }), { ok: true, text: '[1]' });
  });
});
