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
import { testResults } from '../../scripts/vscode/paths.mjs';
import type { PageLayout } from '../../src/dashboard/protocol';
import { DashboardPage, type Theme } from './dashboardPage';
import { busyActivity, ready, scenes } from './fixtures';

/** Where the pictures are. */
export const pictureFolder = path.join(testResults, 'screenshots');

const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

mkdirSync(pictureFolder, { recursive: true });

/** Defines the tests of all states in one theme. */
export function examineStates(theme: Theme, browser: () => Browser): void {
  for (const scene of scenes) {
    it(`${scene.name} in ${theme}`, async () => {
      const dashboard = await DashboardPage.open(browser(), { theme });
      await dashboard.show(scene);
      await examine(dashboard, `${scene.name}-${theme}`);
    });
  }

  it(`the side bar in ${theme}`, async () => {
    const dashboard = await openBusy(browser(), theme, 'view', 260);
    await examine(dashboard, `side-bar-${theme}`);
  });
}

/** The page of a gateway that has a lot to show. */
export async function openBusy(
  browser: Browser,
  theme: Theme,
  layout: PageLayout,
  width: number,
): Promise<DashboardPage> {
  const dashboard = await DashboardPage.open(browser, { theme, layout, width });
  await dashboard.show({ state: ready(), activity: busyActivity });
  return dashboard;
}

/** Takes the picture and holds the page to what must be true in every state. */
export async function examine(dashboard: DashboardPage, name: string): Promise<void> {
  const { page } = dashboard;
  await page.screenshot({
    path: path.join(pictureFolder, `${name}.png`),
    fullPage: true,
    animations: 'disabled',
  });
  // From the debugger's side, to which the page's policy does not apply.
  await page.evaluate(`${axe};0`);
  // Nothing but what was found leaves the page: all that was looked at takes longer than looking.
  const violations = await page.evaluate<AxeResults['violations']>(
    `axe.run({
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }).then(({ violations }) => violations)`,
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
