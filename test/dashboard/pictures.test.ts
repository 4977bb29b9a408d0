/**
 * Every state of the dashboard in every theme: axe finds nothing serious, nothing is cut off, and a
 * picture of each is left in test-results/screenshots for people to look at.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../../scripts/vscode/chromium.mjs';
import { testResults } from '../../scripts/vscode/paths.mjs';
import type { PageLayout } from '../../src/dashboard/protocol';
import { DashboardPage, readTheme, themes } from './dashboardPage';
import { busyActivity, capturedDetails, ready, scenes } from './fixtures';

const folder = path.join(testResults, 'screenshots');
const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

describe('pictures of the dashboard', function () {
  this.timeout(60_000);
  let browser: Browser;

  before(async () => {
    mkdirSync(folder, { recursive: true });
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
  });

  for (const theme of themes) {
    for (const scene of scenes) {
      it(`${scene.name} in ${theme}`, async () => {
        const dashboard = await DashboardPage.open(browser, { theme });
        await dashboard.show(scene);
        await examine(dashboard, `${scene.name}-${theme}`);
      });
    }

    it(`the side bar in ${theme}`, async () => {
      const dashboard = await open(theme, 'view', 260);
      await examine(dashboard, `side-bar-${theme}`);
    });
  }

  for (const theme of ['dark', 'light'] as const) {
    it(`what the README shows in ${theme}`, async () => {
      const dashboard = await DashboardPage.open(browser, { theme, width: 1040, height: 770 });
      await dashboard.show({ state: ready(), activity: busyActivity });
      await dashboard.page.screenshot({ path: path.join(folder, `readme-${theme}.png`) });
      await dashboard.close();
    });
  }

  it('requests with their texts', async () => {
    const dashboard = await open('dark', 'panel', 1040);
    const { page } = dashboard;
    await page
      .getByRole('button', { name: /^Details/ })
      .nth(3)
      .click();
    await dashboard.tell({
      type: 'details',
      id: capturedDetails.request.id,
      details: capturedDetails,
    });
    await page
      .getByRole('button', { name: /^Details/ })
      .nth(5)
      .click();
    const failed = busyActivity.requests[5];
    assert.ok(failed);
    await dashboard.tell({
      type: 'details',
      id: failed.id,
      details: { request: failed, asked: null, answered: null, cut: false },
    });
    await examine(dashboard, 'details-dark');
  });

  it('the charts with a minute read out, and as a table', async () => {
    const dashboard = await open('light', 'panel', 1040);
    // The pointer would lose its place when the whole page is taken.
    await dashboard.page.getByRole('slider', { name: 'Latency' }).focus();
    for (const key of ['PageDown', 'PageDown', 'ArrowLeft']) {
      await dashboard.page.keyboard.press(key);
    }
    await examine(dashboard, 'chart-light');
    const again = await open('light', 'panel', 1040);
    await again.page.getByRole('button', { name: 'Show as Table' }).click();
    await examine(again, 'chart-table-light');
  });

  for (const width of [200, 260, 420, 700, 840, 1600]) {
    it(`the panel at ${width} pixels`, async () => {
      await examine(await open('dark', 'panel', width), `width-${width}-dark`);
    });
  }

  it('the narrowest side bar, in which nothing is cut off', async () => {
    await examine(await open('light', 'view', 200), 'side-bar-200-light');
  });

  it('the colours of a user who forces their own', async () => {
    const dashboard = await DashboardPage.open(browser, { theme: 'hc-dark', forcedColors: true });
    await dashboard.show({ state: ready(), activity: busyActivity });
    await examine(dashboard, 'forced-colors');
  });

  async function open(
    theme: (typeof themes)[number],
    layout: PageLayout,
    width: number,
  ): Promise<DashboardPage> {
    const dashboard = await DashboardPage.open(browser, { theme, layout, width });
    await dashboard.show({ state: ready(), activity: busyActivity });
    return dashboard;
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

/** Takes the picture and holds the page to what must be true in every state. */
async function examine(dashboard: DashboardPage, name: string): Promise<void> {
  const { page } = dashboard;
  await page.screenshot({
    path: path.join(folder, `${name}.png`),
    fullPage: true,
    animations: 'disabled',
  });
  // From the debugger's side, to which the page's policy does not apply.
  await page.evaluate(`${axe};0`);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  );
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(
    serious.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join('\n')}`,
    ),
    [],
  );
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  assert.equal(overflow, 0, 'nothing is wider than the page');
  assert.deepEqual(dashboard.complaints, []);
  await dashboard.close();
}
