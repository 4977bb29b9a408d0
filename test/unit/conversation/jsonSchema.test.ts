import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import {
  type ApartVerdict,
  assertPatterns,
  fullPatience,
  loadSchemaCompiler,
  type SchemaCompiler,
  type SchemaJob,
} from '../../../src/conversation/jsonSchema';
import { assertCode, thrownBy } from '../../support/errors';

const FIELD = { param: 'tools', title: 'The schema' };

describe('conversation/jsonSchema', () => {
  let load: SchemaCompiler;
  /** What was not judged in place, and what is said of it. */
  const apart: SchemaJob[] = [];
  let verdict: ApartVerdict = { type: 'exhausted' };

  before(async () => {
    load = await loadSchemaCompiler((job) => {
      apart.push(job);
      return Promise.resolve(verdict);
    });
  });

  const compile = (given: unknown) => {
    const check = load(given, FIELD);
    return (value: unknown) => check(value, fullPatience(new AbortController().signal));
  };

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

  it('lets pass what fits, and changes nothing of it', async () => {
    const value = { path: 'a', line: 1, mode: 'a', edits: [{ to: 1, from: 2 }] };
    const copy = structuredClone(value);
    assert.equal(await compile(schema)(value), undefined);
    assert.deepEqual(value, copy);
  });

  it('says where and what is wrong, with strict types', async () => {
    const faults: [unknown, RegExp][] = [
      [{}, /required property "path"/],
      [{ path: 1 }, /^#\/path: .*"number".*"string"/],
      [{ path: 'a', line: '1' }, /^#\/line: /],
      [{ path: 'a', line: 1.5 }, /^#\/line: /],
      [{ path: 'a', mode: 'c' }, /^#\/mode: .*\["a","b"\]/],
      [{ path: 'a', other: 1 }, /"other"/],
      [{ path: 'a', edits: [{ to: 1 }, {}] }, /^#\/edits\/1: .*"to"/],
    ];
    for (const [value, fault] of faults) {
      assert.match((await compile(schema)(value)) ?? '', fault);
    }
  });

  it('reads a schema as its draft does', async () => {
    const tuple = (version: string, keyword: string) =>
      compile({ $schema: version, [keyword]: [{ type: 'string' }] })([1]);
    assert.notEqual(
      await tuple('https://json-schema.org/draft/2020-12/schema', 'prefixItems'),
      undefined,
    );
    assert.notEqual(await tuple('http://json-schema.org/draft-07/schema#', 'items'), undefined);
  });

  it('claims nothing of a schema that cannot be used', async () => {
    for (const unusable of [
      undefined,
      null,
      'text',
      { $ref: 'https://elsewhere.invalid/schema' },
    ]) {
      assert.equal(await compile(unusable)('anything'), undefined);
    }
  });

  it('keeps what a false schema says', async () => {
    assert.equal(await compile(true)('anything'), undefined);
    assert.match((await compile(false)('anything')) ?? '', /nothing/);
  });

  it('names the place of a pattern that is none', () => {
    const placed: [unknown, RegExp][] = [
      [{ pattern: '(' }, /#\/pattern is/],
      [{ properties: { a: { items: { pattern: 'a**' } } } }, /#\/properties\/a\/items\/pattern/],
      [{ anyOf: [{}, { patternProperties: { '[': {} } }] }, /#\/anyOf\/1\/patternProperties\/\[/],
      [{ $defs: { d: { propertyNames: { pattern: ')' } } } }, /#\/\$defs\/d\/propertyNames/],
    ];
    for (const [given, place] of placed) {
      const error = thrownBy(() => {
        assertPatterns(given, FIELD);
      });
      assertCode(error, 'invalid_request');
      assert.match(String(error), place);
      assert.equal((error as { param?: string }).param, 'tools');
    }
  });

  it('lets what other languages write claim nothing', async () => {
    for (const given of [
      { type: 'string', pattern: String.raw`(?i)\Aabc\Z` },
      { properties: { a: { pattern: '(' } } },
      { patternProperties: { '(?P<x>a)': { type: 'number' } }, additionalProperties: false },
      { $defs: { d: { pattern: '(' } }, items: { $ref: '#/$defs/d' } },
    ]) {
      const value = 'type' in given ? 'x' : 'items' in given ? ['x'] : { a: 'x' };
      assert.equal(await compile(given)(value), undefined);
    }
    assert.deepEqual(apart, [], 'no expression is left that could take long');
    assert.match((await compile({ type: 'string', pattern: '(' })(1)) ?? '', /string/);
  });

  it('takes for a pattern only what is one, and what other engines allow', async () => {
    verdict = { type: 'judged', fault: undefined };
    for (const given of [
      { properties: { pattern: { type: 'string' } }, enum: [{ pattern: '(' }] },
      { default: { pattern: '(' }, 'x-made-up': { pattern: '(' } },
      { pattern: String.raw`^[\w-.]+\@[\w\-]+\_\"$` },
    ]) {
      await compile(given)({ pattern: 'x' });
    }
    const [job] = apart.splice(0).slice(-1);
    const { pattern } = job?.schema as { pattern: string };
    assert.ok(new RegExp(pattern, 'u').test('a-b.c@d-e_"'));
    assert.ok(!new RegExp(pattern, 'u').test('a b@d_"'));
  });

  it('judges ordinary schemas in place, large answers too', async () => {
    const rows = { type: 'array', items: { $ref: '#/$defs/row' }, uniqueItems: true };
    const row = { type: 'object', properties: schema.properties, required: ['path'] };
    const check = compile({ $defs: { row }, properties: { rows, at: { format: 'date-time' } } });
    const value = {
      rows: Array.from({ length: 30 }, (_, n) => ({ path: `p${n}`, edits: [{ to: 1 }] })),
      at: '2026-01-02T03:04:05Z',
      text: 'long '.repeat(100_000),
    };
    assert.equal(await check(value), undefined);
    assert.match((await check({ rows: [{ path: 'a' }, { path: 'a' }] })) ?? '', /Duplicate/);
    assert.deepEqual(apart, []);
  });

  it('has judged apart what may take long, and claims nothing that was not judged', async () => {
    const branching = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => {
        const next = { $ref: `#/$defs/d${n + 1}` };
        return [`d${n}`, { anyOf: [next, next] }];
      }),
    );
    const costly: [unknown, unknown][] = [
      [{ properties: { a: { pattern: '^(a+)+$' } } }, { a: `${'a'.repeat(40)}!` }],
      [{ patternProperties: { '^(a+)+$': {} } }, { [`${'a'.repeat(40)}!`]: 1 }],
      [{ propertyNames: { pattern: '^(a+)+$' } }, { [`${'a'.repeat(40)}!`]: 1 }],
      [{ format: 'url' }, 'http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_'],
      [{ uniqueItems: true }, Array.from({ length: 20_000 }, (_, n) => ({ n }))],
      [{ $defs: { ...branching, d40: { type: 'string' } }, $ref: '#/$defs/d0' }, 1],
      [{ $ref: '#' }, 1],
      [{ anyOf: [{ $ref: '#' }] }, 1],
      [{ $recursiveRef: '#' }, 1],
      [
        { items: { anyOf: Array.from({ length: 2_000 }, () => ({ maxLength: 1 })) } },
        Array.from({ length: 100 }, () => 'x'.repeat(10_000)),
      ],
      [
        { items: { enum: Array.from({ length: 5_000 }, (_, n) => [n]) } },
        Array.from({ length: 2_000 }, () => [0]),
      ],
    ];
    for (const [given, value] of costly) {
      const shown = JSON.stringify(given).slice(0, 60);
      verdict = { type: 'judged', fault: 'as it was said' };
      const before = process.cpuUsage();
      assert.equal(await compile(given)(value), 'as it was said', shown);
      // Of the processor, which other tests are using as well.
      const tookMs = process.cpuUsage(before).user / 1000;
      assert.ok(tookMs < 500, `${shown} took ${tookMs} ms in place`);
      assert.equal(apart.splice(0).length, 1, shown);

      verdict = { type: 'exhausted' };
      const error: unknown = await compile(given)(value).catch((thrown: unknown) => thrown);
      assertCode(error, 'schema_too_costly');
      apart.length = 0;
    }
  });

  it('counts all checks of a turn together', async () => {
    verdict = { type: 'judged', fault: 'apart' };
    const check = load({ items: { type: 'integer' } }, FIELD);
    const patience = fullPatience(new AbortController().signal);
    const value = Array.from({ length: 200 }, (_, n) => n);
    const verdicts: (string | undefined)[] = [];
    for (let call = 0; call < 100; call++) verdicts.push(await check(value, patience));
    assert.equal(verdicts[0], undefined);
    assert.equal(verdicts.at(-1), 'apart');
    apart.length = 0;
  });

  it('finds fault with what is nested deeper than a request may be', async () => {
    const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) as unknown;
    assert.match((await compile({ items: { $ref: '#' } })(deep)) ?? '', /nested deeper/);
    assert.deepEqual(apart, []);
  });
});
