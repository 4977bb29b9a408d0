import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { parseJson } from '../../../src/base/exactJson';
import { jsonCheck } from '../../../src/conversation/jsonAnswer';
import {
  fullPatience,
  loadSchemaCompiler,
  type SchemaCompiler,
} from '../../../src/conversation/jsonSchema';

describe('conversation/jsonAnswer', () => {
  let compile: SchemaCompiler;
  before(async () => {
    compile = await loadSchemaCompiler(() => Promise.reject(new Error('none of these is costly')));
  });

  const verdict = (text: string, schema?: unknown) =>
    jsonCheck(schema === undefined ? {} : { schema }, compile)(
      text,
      fullPatience(new AbortController().signal),
    );

  it('JSON passes as it was written', async () => {
    for (const text of ['{"a": 1}', ' {\n}\n', '{"a":1,"a":2}']) {
      assert.deepEqual(await verdict(text), { ok: true, text });
    }
  });

  it('a number that a double cannot keep is told from its neighbours, and named as it is', async () => {
    const schema = parseJson('{"properties":{"id":{"const":9007199254740993}}}');
    const right = '{"id":9007199254740993}';
    assert.deepEqual(await verdict(right, schema), { ok: true, text: right });
    for (const id of ['9007199254740992', '9007199254740994', '9007199254740991']) {
      const other = await verdict(`{"id":${id}}`, schema);
      assert.ok(!other.ok, id);
      assert.match(other.fault, /#\/id: .*9007199254740993/);
    }
    const bound = { properties: { id: { maximum: 9007199254740992 } } };
    assert.equal((await verdict('{"id":9007199254740992}', bound)).ok, true);
    assert.equal((await verdict('{"id":9007199254740993}', bound)).ok, false);
  });

  it('a fence around all of it is taken off, and no other', async () => {
    const bare = { ok: true, text: '{"a":1}' };
    assert.deepEqual(await verdict('```json\n{"a":1}\n```'), bare);
    assert.deepEqual(await verdict('\n```\r\n{"a":1}\r\n```\n'), bare);
    for (const text of [
      'Here it is:\n```json\n{"a":1}\n```',
      '```json\n{"a":1}\n```\nDone.',
      '```json\n{}\n```\n```json\n{}\n```',
      '```python\n{}\n```',
    ]) {
      assert.equal((await verdict(text)).ok, false, text);
    }
  });

  it('however many blanks the model ends with', async () => {
    const startedAt = performance.now();
    const blanks = ' '.repeat(200_000);
    assert.equal((await verdict(`\`\`\`json\n${blanks}x`)).ok, false);
    assert.equal((await verdict(`\`\`\`json${blanks}\n{"a":1}${blanks}x`)).ok, false);
    const bare = { ok: true, text: '{"a":1}' };
    assert.deepEqual(await verdict(`\`\`\`json\n{"a":1}${blanks}\n\`\`\`${blanks}`), bare);
    // A search that is quadratic takes minutes.
    assert.ok(performance.now() - startedAt < 10_000);
  });

  it('without a schema it has to be one object', async () => {
    for (const text of ['[]', '1', '"{}"', 'null', '', '{"a":1', '{} {}']) {
      assert.equal((await verdict(text)).ok, false, text);
    }
  });

  it('with a schema the value has to fit it, and the fault says where it does not', async () => {
    const schema = {
      type: 'object',
      properties: { title: { type: 'string' } },
      required: ['title'],
      additionalProperties: false,
    };
    assert.deepEqual(await verdict('{"title":"x"}', schema), { ok: true, text: '{"title":"x"}' });
    const wrong = await verdict('{"title":1}', schema);
    assert.ok(!wrong.ok);
    assert.match(wrong.fault, /title/);
    assert.deepEqual(await verdict('[1]', { type: 'array' }), { ok: true, text: '[1]' });
  });
});
