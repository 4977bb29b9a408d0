/** The dashboard's states in the usual themes, and what the README shows of it. */
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import path from 'node:path';
import { DashboardPage, readTheme, themes, useBrowser } from './dashboardPage';
import { busyActivity, ready } from './fixtures';
import { examineStates, pictureFolder } from './pictures';

describe('pictures of the dashboard', function () {
  this.timeout(60_000);
  const browser = useBrowser();

  for (const theme of ['dark', 'light'] as const) {
    examineStates(theme, browser);

    it(`what the README shows in ${theme}`, async () => {
      const dashboard = await DashboardPage.open(browser(), { theme, width: 1040, height: 770 });
      await dashboard.show({ state: ready(), activity: busyActivity });
      await dashboard.page.screenshot({ path: path.join(pictureFolder, `readme-${theme}.png`) });
      await dashboard.close();
    });
  }
});

describe('the style sheet', () => {
  const css = readFileSync('media/dashboard.css', 'utf8');

  it('names only variables that every theme has, or says what stands in for them', () => {
    const alone = [...css.matchAll(/var\((--vscode-[\w-]+)\)/g)].map(([, name]) => name ?? '');
    assert.ok(alone.length > 10);
    for (const theme of themes) {
      const { variables } = readTheme(theme);
      // A button's border is one of its states in high contrast, where it has no colour to fill with.
      const missing = [...new Set(alone)].filter((name) => !(name in variables));
      assert.deepEqual(missing, [], theme);
    }
  });

  it('holds no colour of its own', () => {
    assert.doesNotMatch(css.replaceAll(/\/\*[^]*?\*\//g, ''), /#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i);
  });
});
