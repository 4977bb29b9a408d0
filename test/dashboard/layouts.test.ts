/** The dashboard's states in high contrast, and its layouts. */
import assert from 'node:assert/strict';
import { DashboardPage, useBrowser } from './dashboardPage';
import { busyActivity, capturedDetails, nowMs, ready, usage } from './fixtures';
import { examine, examineStates, openBusy } from './pictures';

const clients = [
  usage('owner', {
    ...{ completed: 447, failed: 5, cancelled: 3, hits: 402, misses: 50 },
    ...{ inputTokens: 12_100_000, outputTokens: 214_000, lastUsedAtMs: nowMs - 2_000 },
  }),
  usage('build server', {
    ...{ completed: 6, hits: 4, misses: 2, inputTokens: 96_000, outputTokens: 3_100 },
    lastUsedAtMs: nowMs - 420_000,
  }),
  usage('the laptop in the meeting room on the second floor'),
];

describe('pictures of the dashboard, in high contrast and other widths', function () {
  this.timeout(60_000);
  const browser = useBrowser();

  for (const theme of ['hc-dark', 'hc-light'] as const) examineStates(theme, browser);

  it('requests with their texts', async () => {
    const dashboard = await openBusy(browser(), 'dark', 'panel', 1040);
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
    const dashboard = await openBusy(browser(), 'light', 'panel', 1040);
    // The pointer would lose its place when the whole page is taken.
    await dashboard.page.getByRole('slider', { name: 'Latency' }).focus();
    for (const key of ['PageDown', 'PageDown', 'ArrowLeft']) {
      await dashboard.page.keyboard.press(key);
    }
    await examine(dashboard, 'chart-light');
    const again = await openBusy(browser(), 'light', 'panel', 1040);
    await again.page.getByRole('button', { name: 'Show as Table' }).click();
    await examine(again, 'chart-table-light');
  });

  for (const width of [200, 260, 420, 700, 840, 1600]) {
    it(`the panel at ${width} pixels`, async () => {
      await examine(await openBusy(browser(), 'dark', 'panel', width), `width-${width}-dark`);
    });
  }

  it('the narrowest side bar, in which nothing is cut off', async () => {
    await examine(await openBusy(browser(), 'light', 'view', 200), 'side-bar-200-light');
  });

  for (const [theme, width] of [
    ['dark', 1040],
    ['hc-light', 420],
  ] as const) {
    it(`clients with keys of their own, at ${width} pixels in ${theme}`, async () => {
      const dashboard = await openBusy(browser(), theme, 'panel', width);
      await dashboard.show({ state: ready(), activity: { ...busyActivity, clients } });
      await examine(dashboard, `clients-${theme}`);
    });
  }

  it('the colours of a user who forces their own', async () => {
    const dashboard = await DashboardPage.open(browser(), { theme: 'hc-dark', forcedColors: true });
    await dashboard.show({ state: ready(), activity: busyActivity });
    await examine(dashboard, 'forced-colors');
  });
});
