/** Setting up with the mouse: the walkthrough, and a client connected from its step. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually';
import { Workbench } from './workbench';

describe('setting up in a window', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await Workbench.open();
    await workbench.statusBarShows('1/1');
  });
  afterEach(async function () {
    await workbench.screenshotOnFailure(this.currentTest);
  });
  after(async () => {
    await workbench.close();
  });

  it('opens the walkthrough, each of whose steps has its picture', async () => {
    const { page } = workbench;
    await workbench.command('Lingma Gateway: Get Started');
    const steps = page.locator('.getting-started-step');
    await steps.first().waitFor();
    const titles = await steps.locator('.step-title').allInnerTexts();
    assert.deepEqual(
      titles.map((title) => title.trim()),
      [
        'Choose your Lingma, or try the demo',
        'See that it is ready',
        'Connect a client',
        'Watch the sessions',
      ],
    );
    // In a narrow window there is no room for the pictures.
    await page.setViewportSize({ width: 1800, height: 900 });
    for (const [index] of titles.entries()) {
      await steps.nth(index).click();
      const picture = page
        .locator('iframe.webview')
        .last()
        .contentFrame()
        .frameLocator('iframe#active-frame')
        .locator('svg');
      await picture.waitFor();
      await workbench.screenshot(`walkthrough-${index + 1}`);
    }
    await page.setViewportSize({ width: 1200, height: 760 });
  });

  it('shows the change of a client before it is written', async () => {
    const { page } = workbench;
    const pick = page.locator('.quick-input-widget');
    const row = pick.locator('.monaco-list-row').filter({ hasText: 'Claude Code' }).first();
    // What the window still does after an earlier step may take the focus and with it close the list.
    await eventually('a client is chosen', async () => {
      await workbench.command('Lingma Gateway: Connect a Client');
      try {
        await row.waitFor({ timeout: 10_000 });
        await workbench.screenshot('connect-pick');
        await row.click({ timeout: 5_000 });
        return true;
      } catch {
        return undefined;
      }
    });
    const diff = page.locator('.monaco-diff-editor .editor.modified');
    await diff.filter({ hasText: 'ANTHROPIC_BASE_URL' }).waitFor();
    const shown = await diff.innerText();
    assert.match(shown, /••••/);
    await workbench.screenshot('connect-change');
    await page.getByRole('button', { name: 'Discard This Change' }).first().click();
    await eventually('the comparison is closed', async () =>
      (await diff.count()) === 0 ? true : undefined,
    );
  });
});
