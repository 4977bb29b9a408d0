import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import type { EditResult, Entry } from '../../../../src/vscode/clients/edit';
import { setJson } from '../../../../src/vscode/clients/jsonc';

function textOf(result: EditResult): string {
  assert.ok(result.ok, JSON.stringify(result));
  return result.text;
}

const entries: readonly Entry[] = [
  { path: ['env', 'URL'], value: 'http://127.0.0.1:1' },
  { path: ['env', 'KEY'], value: 'k' },
];

describe('setJson', () => {
  it('makes a file', () => {
    assert.equal(
      textOf(setJson(null, entries)),
      '{\n  "env": {\n    "URL": "http://127.0.0.1:1",\n    "KEY": "k"\n  }\n}\n',
    );
    assert.equal(textOf(setJson('  \n', entries)), textOf(setJson(null, entries)));
  });

  it('adds behind what is there, in its indentation, and keeps comments with their lines', () => {
    const before = '// top\n{\n\t"a": 1, // one\n\t"b": [1,2] // two\n\t/* end */\n}\n';
    assert.equal(
      textOf(setJson(before, [{ path: ['env', 'URL'], value: 'u' }])),
      '// top\n{\n\t"a": 1, // one\n\t"b": [1,2], // two\n\t"env": {\n\t\t"URL": "u"\n\t}\n\t/* end */\n}\n',
    );
  });

  it('keeps a trailing comma as the style of the file', () => {
    assert.equal(
      textOf(setJson('{\n  "a": 1, // one\n}', [{ path: ['b'], value: 2 }])),
      '{\n  "a": 1, // one\n  "b": 2,\n}',
    );
  });

  it('stays on the line of an object that is on one line', () => {
    assert.equal(
      textOf(setJson('{"a":1,"env":{"X":"y"}}', [{ path: ['env', 'KEY'], value: 'k' }])),
      '{"a":1,"env":{"X":"y", "KEY": "k"}}',
    );
    assert.equal(textOf(setJson('{"a":1,}', [{ path: ['b'], value: 2 }])), '{"a":1, "b": 2,}');
  });

  it('fills an empty object behind the comments in it', () => {
    assert.equal(
      textOf(setJson('{\n  // none yet\n}\n', [{ path: ['b'], value: 2 }])),
      '{\n  // none yet\n  "b": 2\n}\n',
    );
  });

  it('replaces a value in its place', () => {
    assert.equal(
      textOf(setJson('{ "env": { "URL": "old" /* mine */, "Z": 1 } }', entries.slice(0, 1))),
      '{ "env": { "URL": "http://127.0.0.1:1" /* mine */, "Z": 1 } }',
    );
  });

  it('uses the line breaks of the file', () => {
    const text = textOf(setJson('{\r\n  "a": 1\r\n}\r\n', entries));
    assert.doesNotMatch(text, /[^\r]\n/);
  });

  it('leaves alone what it cannot read, and says where', () => {
    assert.deepEqual(setJson('{\n  "a": \n}', entries), {
      ok: false,
      problem: { kind: 'syntax', line: 3 },
    });
    assert.equal(setJson('[]', entries).ok, false);
    assert.deepEqual(setJson('{"env": "text"}', entries), {
      ok: false,
      problem: { kind: 'shape', where: 'env.URL' },
    });
  });

  it('does not guess between two properties of one name', () => {
    const twice = '{"env": {"URL": "one"}, "env": {"URL": "two"}}';
    assert.equal(setJson(twice, entries).ok, false);
  });

  it('keeps every character of any file, and changes nothing the second time', () => {
    fc.assert(
      fc.property(jsonc, (before) => {
        const result = setJson(before, entries);
        if (!result.ok) {
          assert.equal(result.problem.kind, 'shape');
          return;
        }
        assert.ok(
          isInOrder(before.replace(/\s/g, ''), result.text),
          `${before}\n→\n${result.text}`,
        );
        const after = parse(result.text) as Record<string, unknown>;
        assert.deepEqual(after, {
          ...(parse(before) as object),
          env: { URL: 'http://127.0.0.1:1', KEY: 'k' },
        });
        assert.deepEqual(setJson(result.text, entries), result);
      }),
      { numRuns: 500 },
    );
  });
});

/** Whether the characters of `part` stand in `whole` in the same order. */
function isInOrder(part: string, whole: string): boolean {
  let from = 0;
  for (const character of part) {
    from = whole.indexOf(character, from) + 1;
    if (from === 0) return false;
  }
  return true;
}

const gap = fc
  .constantFrom('', ' ', '\n', '\r\n  ', ' // note, "x": {\n', '/* a } b */', '\n\n\t')
  .map((text): string => text);
const key = fc.constantFrom('a', 'b', 'c', 'x.y', '__env').map((name): string => name);

/** An object of our own key or of others, with comments and white space everywhere. */
const jsonc = fc
  .tuple(
    gap,
    fc.uniqueArray(fc.tuple(key, fc.json({ maxDepth: 2 }), gap, gap, gap), {
      selector: ([name]) => name,
      maxLength: 4,
    }),
    fc.boolean(),
    gap,
    fc.boolean(),
  )
  .map(([lead, properties, trailing, tail, withEnv]) => {
    const own: typeof properties = withEnv ? [['env', '{}', '', ' ', '\n']] : [];
    const all = [...properties, ...own];
    const inner = all.map(
      ([name, value, one, two, three]) =>
        `${one}${JSON.stringify(name)}${two}:${three}${value}${one}`,
    );
    const comma = trailing && all.length > 0 ? ',' : '';
    return `${lead}{${inner.join(',')}${comma}${tail}}${lead}`;
  });
