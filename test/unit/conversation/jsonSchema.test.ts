import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { loadSchemaCompiler, type SchemaCompiler } from '../../../src/conversation/jsonSchema';

describe('conversation/jsonSchema', () => {
  let compile: SchemaCompiler;

  before(async () => {
    compile = await loadSchemaCompiler();
  });

  const schema = {
    type: 'object',
    properties: {
      path: { type: 'string' },
      line: { type: 'integer' },
      mode: { enum: ['a', 'b'] },
      edits: { type: 'array', items: { type: 'object', required: ['to'] } },
    },
    required: ['path'],
    additionalProperties: false,
  };

  it('lets pass what fits, and changes nothing of it', () => {
    const value = { path: 'a', line: 1, mode: 'a', edits: [{ to: 1, from: 2 }] };
    const copy = structuredClone(value);
    assert.equal(compile(schema)(value), undefined);
    assert.deepEqual(value, copy);
  });

  it('says where and what is wrong, with strict types', () => {
    const faults: [unknown, RegExp][] = [
      [{}, /required property "path"/],
      [{ path: 1 }, /^#\/path: .*"number".*"string"/],
      [{ path: 'a', line: '1' }, /^#\/line: /],
      [{ path: 'a', line: 1.5 }, /^#\/line: /],
      [{ path: 'a', mode: 'c' }, /^#\/mode: .*\["a","b"\]/],
      [{ path: 'a', other: 1 }, /"other"/],
      [{ path: 'a', edits: [{ to: 1 }, {}] }, /^#\/edits\/1: .*"to"/],
    ];
    for (const [value, fault] of faults) assert.match(compile(schema)(value) ?? '', fault);
  });

  it('reads a schema as its draft does', () => {
    const tuple = (version: string, keyword: string) =>
      compile({ $schema: version, [keyword]: [{ type: 'string' }] })([1]);
    assert.notEqual(
      tuple('https://json-schema.org/draft/2020-12/schema', 'prefixItems'),
      undefined,
    );
    assert.notEqual(tuple('http://json-schema.org/draft-07/schema#', 'items'), undefined);
  });

  it('claims nothing of a schema that cannot be used', () => {
    for (const unusable of [
      undefined,
      null,
      'text',
      { $ref: 'https://elsewhere.invalid/schema' },
      { type: 'string', pattern: '(' },
    ]) {
      assert.equal(compile(unusable)('anything'), undefined);
    }
  });
});
