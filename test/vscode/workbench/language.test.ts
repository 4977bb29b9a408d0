import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../scripts/vscode/paths.mjs';
import { eventually } from '../support/eventually';
import { Workbench } from './workbench';

const read = (file: string): Record<string, string> =>
  JSON.parse(readFileSync(path.join(root, file), 'utf8')) as Record<string, string>;
const bundle = read('media/l10n/bundle.l10n.zh-cn.json');
const manifest = read('package.nls.zh-cn.json');

const CHINESE = /\p{Script=Han}/u;
/** Sentences: a single word, such as "Lingma", may be the same in both languages. */
const englishSentences = Object.entries(bundle)
  .filter(([english, chinese]) => /\w \w+ \w/.test(english) && english !== chinese)
  .map(([english]) => english);

describe('a window in Simplified Chinese', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await Workbench.open('zh-cn');
  });
  afterEach(async function () {
    await workbench.screenshotOnFailure(this.currentTest);
  });
  after(async () => {
    await workbench.close();
  });

  it('has Chinese in the status bar, for eyes and screen readers', async () => {
    assert.match(await workbench.statusBarShows('1/1'), CHINESE);
    const label = await workbench.statusBarItem.getAttribute('aria-label');
    assert.match(label ?? '', CHINESE);
  });

  it('has Chinese commands in the palette, and a Chinese panel', async () => {
    await workbench.command(`Lingma Gateway: ${manifest['command.openPanel'] ?? ''}`);
    const body = workbench.panel.locator('body');
    const text = await eventually('the panel shows the instance', async () => {
      const shown = await body.innerText();
      return shown.includes('lingma-1') ? shown : undefined;
    });
    assert.equal(await workbench.panel.locator('html').getAttribute('lang'), 'zh-cn');
    const headings = await workbench.panel.locator('h2, button').allInnerTexts();
    for (const words of headings) if (words.trim() !== '') assert.match(words, CHINESE);
    for (const sentence of englishSentences) assert.ok(!text.includes(sentence), sentence);
    await workbench.screenshot('panel-zh-cn');
  });

  it('has Chinese settings', async () => {
    await workbench.command(`Lingma Gateway: ${manifest['command.openSettings'] ?? ''}`);
    // Of the user's own settings; those of the machine are on another page of a remote window.
    for (const key of ['settings.general', 'setting.showStatusBar']) {
      const words = manifest[key] ?? '';
      assert.match(words, CHINESE);
      await workbench.page.getByText(words).first().waitFor();
    }
  });
});
