import assert from 'node:assert/strict';
import { parse } from 'yaml';
import type { EditResult } from '../../../../src/vscode/clients/edit';
import { setYamlItem, setYamlKeys, type YamlItem } from '../../../../src/vscode/clients/yamlText';

function textOf(result: EditResult): string {
  assert.ok(result.ok, JSON.stringify(result));
  return result.text;
}

const item: YamlItem = {
  name: 'Ours',
  kept: { url: 'u', key: 'k' },
  initial: { roles: ['chat'] },
};

describe('setYamlKeys', () => {
  it('makes a file, adds keys and replaces values in their places', () => {
    assert.equal(textOf(setYamlKeys('', { a: 'x' })), 'a: "x"\n');
    assert.equal(
      textOf(setYamlKeys('# mine\nb: 1   # one\na: old # two', { a: 'x', c: 'y' })),
      '# mine\nb: 1   # one\na: "x" # two\nc: "y"\n',
    );
    assert.equal(textOf(setYamlKeys('a:\nb: 1\n', { a: 'x' })), 'a: "x"\nb: 1\n');
    assert.equal(textOf(setYamlKeys('# only this\n', { a: 'x' })), '# only this\na: "x"\n');
  });

  it('uses the line breaks of the file', () => {
    assert.equal(textOf(setYamlKeys('b: 1\r\n', { a: 'x' })), 'b: 1\r\na: "x"\r\n');
  });

  it('changes nothing that is so already', () => {
    assert.equal(textOf(setYamlKeys("a: 'x' # mine\n", { a: 'x' })), "a: 'x' # mine\n");
  });

  it('leaves alone what it cannot read or change safely', () => {
    assert.deepEqual(setYamlKeys('a: 1\nb: [\n', { a: 'x' }).ok, false);
    assert.deepEqual(setYamlKeys('a: 1\n---\na: 2\n', { a: 'x' }), {
      ok: false,
      problem: { kind: 'shape', where: '---' },
    });
    assert.equal(setYamlKeys('- a\n', { a: 'x' }).ok, false);
    assert.equal(setYamlKeys('a:\n  b: 1\n', { a: 'x' }).ok, false);
    assert.equal(setYamlKeys('{ b: 1 }\n', { a: 'x' }).ok, false);
    assert.equal(setYamlKeys('a: &one v\nb: *one\n', { a: 'x' }).ok, false);
  });
});

describe('setYamlItem', () => {
  const fields = { name: 'Ours', url: 'u', key: 'k', roles: ['chat'] };

  it('makes the list', () => {
    const text = textOf(setYamlItem('name: mine\n', 'models', item));
    assert.equal(
      text,
      'name: mine\nmodels:\n  - name: "Ours"\n    url: "u"\n    key: "k"\n    roles: ["chat"]\n',
    );
  });

  it('adds behind the other items, in their indentation', () => {
    for (const indent of ['', '  ', '    ']) {
      const before = `models: # all\n${indent}- name: A # first\n${indent}  url: x # last\n# end\nrules: []\n`;
      const after = textOf(setYamlItem(before, 'models', item));
      assert.deepEqual(parse(after), { models: [{ name: 'A', url: 'x' }, fields], rules: [] });
      assert.equal(
        after,
        before.replace(
          '# last\n',
          `# last\n${indent}- name: "Ours"\n${indent}  url: "u"\n${indent}  key: "k"\n${indent}  roles: ["chat"]\n`,
        ),
      );
    }
  });

  it('fills an empty list, a key without a value and a list on one line', () => {
    for (const [before, others] of [
      ['models: []\nb: 1\n', []],
      ['models:\nb: 1\n', []],
      ['models: [{name: A}] # c\nb: 1\n', [{ name: 'A' }]],
    ] as const) {
      const after = textOf(setYamlItem(before, 'models', item));
      assert.deepEqual(parse(after), { models: [...others, fields], b: 1 });
      assert.deepEqual(setYamlItem(after, 'models', item), { ok: true, text: after });
    }
  });

  it('brings its own item up to date and leaves what the user added to it', () => {
    const before =
      'models:\n  - model: m1\n    name: Ours # here\n    url: "old" # port\n    roles: [edit]\n  - name: B\n';
    assert.equal(
      textOf(setYamlItem(before, 'models', item)),
      'models:\n  - model: m1\n    name: Ours # here\n    key: "k"\n    url: "u" # port\n    roles: [edit]\n  - name: B\n',
    );
  });

  it('keeps a text of several lines in front of it as it is', () => {
    const before = 'models:\n  - name: A\n    prompt: |\n      one\n\n      two\n\nrules:\n  - x\n';
    const after = textOf(setYamlItem(before, 'models', item));
    assert.deepEqual(parse(after), {
      models: [{ name: 'A', prompt: 'one\n\ntwo\n' }, fields],
      rules: ['x'],
    });
  });

  it('refuses a list that is none', () => {
    assert.deepEqual(setYamlItem('models: text\n', 'models', item), {
      ok: false,
      problem: { kind: 'shape', where: 'models' },
    });
  });
});
