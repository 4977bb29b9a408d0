import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { type EditResult, sameData } from '../../../../src/vscode/clients/edit';
import { setToml, type TomlEntry } from '../../../../src/vscode/clients/toml';

function textOf(result: EditResult): string {
  assert.ok(result.ok, JSON.stringify(result));
  return result.text;
}

const entries: readonly TomlEntry[] = [
  { path: ['model'], value: 'm' },
  { path: ['providers', 'our-own', 'url'], value: 'u' },
  { path: ['providers', 'our-own', 'key'], value: 'k' },
];

describe('setToml', () => {
  it('makes a file', () => {
    assert.equal(
      textOf(setToml(null, entries)),
      'model = "m"\n\n[providers.our-own]\nurl = "u"\nkey = "k"\n',
    );
  });

  it('keeps whole numbers that no double holds', () => {
    const before = 'id = 9007199254740993\n';
    assert.equal(
      textOf(setToml(before, [{ path: ['model'], value: 'm' }])),
      'id = 9007199254740993\nmodel = "m"\n',
    );
  });

  it('puts a key of the root in front of the tables and a new table at the end', () => {
    const before = '# mine\napproval = "never" # why\n\n[tools]\nweb = true';
    assert.equal(
      textOf(setToml(before, entries)),
      '# mine\napproval = "never" # why\nmodel = "m"\n\n[tools]\nweb = true\n\n' +
        '[providers.our-own]\nurl = "u"\nkey = "k"\n',
    );
  });

  it('begins a file that has tables only', () => {
    assert.equal(
      textOf(setToml('[tools]\nweb = true\n', [{ path: ['model'], value: 'm' }])),
      'model = "m"\n\n[tools]\nweb = true\n',
    );
  });

  it('replaces values in their places and keeps what stands beside them', () => {
    const before =
      'model = "old" # chosen\n[providers."our-own"]\nurl = \'x # y\' # z\nextra = 1\n[other]\n';
    assert.equal(
      textOf(setToml(before, entries)),
      'model = "m" # chosen\n[providers."our-own"]\nurl = "u" # z\nextra = 1\nkey = "k"\n[other]\n',
    );
  });

  it('finds dotted keys', () => {
    assert.equal(
      textOf(setToml('providers.our-own.url = "x"\n', entries.slice(1, 2))),
      'providers.our-own.url = "u"\n',
    );
  });

  it('is not misled by what only looks like keys', () => {
    const before =
      'note = """\nmodel = "in a text"\n[providers.our-own]\n"""\nlist = [\n  "a", # ]\n  "[x]",\n]\n' +
      '[[jobs]]\nmodel = "of a job"\n';
    const after = textOf(setToml(before, entries));
    const wanted = {
      ...parse(before),
      model: 'm',
      providers: { 'our-own': { url: 'u', key: 'k' } },
    };
    assert.ok(sameData(parse(after), wanted), after);
    assert.ok(after.includes(before.slice(before.indexOf('[[jobs]]'))));
  });

  it('uses the line breaks of the file', () => {
    const text = textOf(setToml('a = 1\r\n[b]\r\nc = 2\r\n', entries));
    assert.doesNotMatch(text, /[^\r]\n/);
  });

  it('leaves alone what it cannot read or change safely', () => {
    assert.deepEqual(setToml('a = 1\nb = \n', entries), {
      ok: false,
      problem: { kind: 'syntax', line: 2 },
    });
    assert.deepEqual(setToml('providers = { other = { url = "x" } }\n', entries), {
      ok: false,
      problem: { kind: 'shape', where: 'providers.our-own.url' },
    });
    assert.equal(setToml('model = { a = "b" }\nmodel.c = 1\n', entries).ok, false);
  });

  it('keeps every line of any file, and changes nothing the second time', () => {
    fc.assert(
      fc.property(tomlLines, (lines) => {
        const before = lines.join('\n');
        try {
          parse(before);
        } catch {
          return;
        }
        const result = setToml(before, entries);
        if (!result.ok) return;
        const after = result.text.split('\n');
        let from = 0;
        for (const line of before.split('\n').filter((line) => !/^(model|url) =/.test(line))) {
          from = after.indexOf(line, from) + 1;
          assert.ok(from > 0, `${line} is gone from:\n${result.text}`);
        }
        assert.deepEqual(setToml(result.text, entries), result);
      }),
      { numRuns: 500 },
    );
  });
});

const tomlLines = fc.array(
  fc.constantFrom(
    '# comment [x]',
    '',
    'model = "old"',
    "other = '''a\n'''",
    'array = [1, 2, # three\n  3]',
    '[providers.our-own]',
    'url = "old" # keep',
    '[table]',
    'inner = { a = "=" }',
    '[[rows]]',
    '"quoted = key" = 1',
  ),
  { maxLength: 8 },
);
