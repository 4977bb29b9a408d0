import assert from 'node:assert/strict';
import path from 'node:path';
import { defects, filesOf, languages, readTable } from '../../../scripts/l10n/languages.mjs';
import { extractMessages } from '../../../scripts/l10n/messages.mjs';

const root = path.resolve(import.meta.dirname, '../../..');

describe('languages', function () {
  // The compiler reads the whole extension.
  this.timeout(120_000);
  let extraction: ReturnType<typeof extractMessages>;

  before(() => {
    extraction = extractMessages(root);
  });

  it('are asked for every word that people read', () => {
    assert.deepEqual(extraction.problems, []);
    // One of each kind: VS Code's `t`, the injected one, the dashboard's, and a plural.
    for (const message of [
      'Lingma Gateway is not running.',
      'Lingma off',
      'Why sessions were reused or not',
      '{0} of {1} instances ready',
    ]) {
      assert.ok(extraction.messages.has(message), message);
    }
  });

  for (const language of languages) {
    const files = filesOf(language);

    it(`${language} has all that the code says, and nothing else`, () => {
      const said = new Map([...extraction.messages.keys()].map((message) => [message, message]));
      assert.deepEqual(defects(files.messages, said, readTable(root, files.messages)), []);
    });

    it(`${language} has all that package.json says, and nothing else`, () => {
      const english = readTable(root, 'package.nls.json') as Map<string, string>;
      assert.deepEqual(defects(files.manifest, english, readTable(root, files.manifest)), []);
    });
  }
});

describe('what is wrong with a translation', () => {
  const english = new Map([['Set `a` to {0}', 'Set `a` to {0}']]);
  const found = (translation: Record<string, unknown>): string[] =>
    defects('file', english, new Map(Object.entries(translation)));

  it('nothing', () => {
    assert.deepEqual(found({ 'Set `a` to {0}': '将 `a` 设为 {0}' }), []);
  });

  it('what is missing and what is too much', () => {
    assert.deepEqual(found({ Other: '其他' }), [
      'file: missing "Set `a` to {0}"',
      'file: nobody says "Other"',
    ]);
  });

  it('a link that leads elsewhere', () => {
    const links = new Map([['key', '[Start](command:a.start)']]);
    const lines = (words: string): number =>
      defects('file', links, new Map([['key', words]])).length;
    assert.deepEqual(
      ['[启动](command:a.start)', '[启动](command:a.stop)', '启动'].map(lines),
      [0, 1, 1],
    );
  });

  it('a placeholder or a name that is not the same', () => {
    for (const translation of ['将 `a` 设为 {1}', '将 `b` 设为 {0}', '将 `a` 设好', '', 7]) {
      assert.equal(found({ 'Set `a` to {0}': translation }).length, 1, String(translation));
    }
  });
});
