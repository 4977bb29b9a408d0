import assert from 'node:assert/strict';
import type { Frame, Locator } from 'playwright-core';
import { type Endpoint, cacheFigures, holdConversation } from '../support/conversation';
import { eventually } from '../support/eventually';
import { allGone } from '../support/processTable';
import { lingmaPids, Workbench } from './workbench';

describe('the extension in a window', () => {
  let workbench: Workbench;
  let endpoint: Endpoint;

  const table = (name: string): Locator => workbench.panel.getByRole('table', { name });
  const instances = (): Locator => table('Instances');

  before(async () => {
    workbench = await Workbench.open();
  });
  afterEach(async function () {
    await workbench.screenshotOnFailure(this.currentTest);
  });
  after(async () => {
    await workbench.close();
  });

  it('shows the demo in the status bar', async () => {
    assert.equal(await workbench.statusBarShows('1/1'), 'Lingma demo · – · 1/1');
  });

  it('copies address and key from the palette, and they work from outside', async () => {
    endpoint = await workbench.endpoint();
    const { status } = await fetch(`${endpoint.baseUrl}/v1/models`, {
      headers: { authorization: `Bearer ${endpoint.apiKey}` },
    });
    assert.equal(status, 200);
  });

  it('serves a conversation of five turns, four of them from the cache', async () => {
    await holdConversation(endpoint, true);
    assert.deepEqual(await cacheFigures(endpoint), { hits: 4, misses: 1, size: 1 });
    await workbench.statusBarShows('80%');
  });

  it('opens the panel on a click; the instance holds the pinned session', async () => {
    await workbench.statusBarItem.click();
    const row = instances().getByRole('row').filter({ hasText: 'lingma-1' });
    const [pid] = await lingmaPids(endpoint);
    await eventually('the row shows process and session', async () => {
      const cells = await row.locator('td').allInnerTexts();
      return (cells[1] === String(pid) && cells[2] === '1') || undefined;
    });
    assert.match(await row.innerText(), /Ready/);
    assert.match(await workbench.panel.locator('body').innerText(), /4 hits, 1 miss\n/);
  });

  it('tells in the panel why sessions were reused or not', async () => {
    const table = workbench.panel.getByRole('table', { name: 'Why sessions were reused or not' });
    const rows = await table.locator('tbody tr').all();
    const cells = await Promise.all(
      rows.map(async (row) => [
        await row.locator('th .main-line').innerText(),
        ...(await row.locator('td').allInnerTexts()).map((text) => text.trim()),
      ]),
    );
    assert.deepEqual(cells, [
      ['Continued', '4', '80%'],
      ['New', '1', '20%'],
      ...['Branched', 'Busy', 'Compacted', 'Diverged', 'Expired', 'Lost'].map((name) => [
        name,
        '0',
        '0%',
      ]),
    ]);
    for (const row of rows) assert.match(await row.locator('th .quiet').innerText(), /\w.*\.$/);
  });

  it('shows the requests as they were, the latest first', async () => {
    const rows = table('Requests').locator('tbody tr');
    await eventually('all five are there', async () => (await rows.count()) === 5 || undefined);
    const latest = await rows.first().innerText();
    assert.match(latest, /Completed/);
    assert.match(latest, /Continued/);
    assert.match(await rows.last().innerText(), /New/);
  });

  it('tells all of a request that is opened, and how its texts can be kept', async () => {
    const opener = table('Requests').getByRole('button').first();
    await opener.click();
    const details = table('Requests').locator('tr.details');
    await details.filter({ hasText: 'Its texts were not kept' }).waitFor();
    await opener.click();
    await details.waitFor({ state: 'detached' });
  });

  it('shows the conversation under its instance, and evicts it', async () => {
    const row = table('Conversations').getByRole('row').filter({ hasText: '5' }).last();
    assert.match(await table('Conversations').innerText(), /^lingma-1 1 conversation$/m);
    await row.getByRole('button', { name: /^Evict/ }).click();
    await eventually('the session is gone from the gateway', async () => {
      const { size } = await cacheFigures(endpoint);
      return size === 0 || undefined;
    });
    await workbench.panel.getByText('None at the moment. A conversation appears here').waitFor();
  });

  it('draws the panel in dark, light and high contrast', async () => {
    // The confirmation of the copy command passes by; the picture is of the lasting state.
    await workbench.page.getByText('Copied the API key').waitFor({ state: 'hidden' });
    for (const [name, theme] of [
      ['dark', 'Default Dark Modern'],
      ['light', 'Default Light Modern'],
      ['high-contrast', 'Default High Contrast'],
    ] as const) {
      workbench.changeSettings({ 'workbench.colorTheme': theme });
      await workbench.panel.locator(`body.vscode-${name}`).waitFor();
      await workbench.screenshot(`panel-${name}`);
    }
  });

  it('opens its log', async () => {
    await workbench.command('Lingma Gateway: Show Log');
    // The server build has no native log writer, so the channel is there but stays empty.
    const channel = workbench.page.getByLabel('Switch Output').locator('option:checked');
    await channel.filter({ hasText: 'Lingma Gateway' }).first().waitFor({ state: 'attached' });
  });

  it('hides the status bar item when the settings say so', async () => {
    workbench.changeSettings({ 'lingmaGateway.showStatusBar': false });
    await workbench.statusBarItem.waitFor({ state: 'hidden' });
    workbench.changeSettings({});
    await workbench.statusBarItem.waitFor();
  });

  it('keeps the key and the panel when the window is loaded again', async () => {
    await workbench.load();
    const again = await workbench.endpoint();
    assert.equal(again.apiKey, endpoint.apiKey);
    await instances().getByRole('row').filter({ hasText: 'lingma-1' }).waitFor();
    endpoint = again;
  });

  it('leaves no process after Stop', async () => {
    const pids = await lingmaPids(endpoint);
    assert.equal(pids.length, 1);
    await workbench.command('Lingma Gateway: Stop Gateway');
    await workbench.statusBarShows('Lingma off');
    await allGone(pids);
    await assert.rejects(fetch(endpoint.baseUrl));
  });

  it('starts again from the palette', async () => {
    await workbench.command('Lingma Gateway: Start Gateway');
    assert.equal((await workbench.endpoint()).apiKey, endpoint.apiKey);
  });

  it('has a tree of conversations and a small dashboard in the side bar', async () => {
    await workbench.page
      .locator('.activitybar')
      .getByRole('tab', { name: 'Lingma Gateway' })
      .click();
    const tree = workbench.page.getByRole('tree', { name: 'Conversations' });
    await workbench.page
      .locator('.welcome-view-content')
      .getByText('No conversation at the moment')
      .waitFor();
    // Another start, another port.
    endpoint = await workbench.endpoint();
    await holdConversation(endpoint, true);
    await tree.getByRole('treeitem', { name: /^lingma-1, 1 conversation/ }).waitFor();
    await tree.getByRole('treeitem', { name: /, 5 turns/ }).waitFor();
    const overview = await eventually('the small dashboard shows the hit rate', async () => {
      const frame = await frameWith(workbench.page.frames(), 'main[data-layout="view"]');
      return /Hit rate\s+80%/.test((await frame?.locator('main').innerText()) ?? '')
        ? frame
        : undefined;
    });
    assert.ok(overview);
    await workbench.screenshot('side-bar');
  });

  it('evicts a conversation from the tree', async () => {
    const tree = workbench.page.getByRole('tree', { name: 'Conversations' });
    const item = tree.getByRole('treeitem', { name: /, 5 turns/ });
    await item.hover();
    await item.getByRole('button', { name: 'Evict Conversation…' }).click();
    await item.waitFor({ state: 'detached' });
    assert.equal((await cacheFigures(endpoint)).size, 0);
  });
});

/** The frame that holds such an element. */
async function frameWith(frames: readonly Frame[], selector: string): Promise<Frame | undefined> {
  for (const frame of frames) {
    // A frame may go while it is looked at.
    const found = await frame
      .locator(selector)
      .count()
      .catch(() => 0);
    if (found > 0) return frame;
  }
  return undefined;
}
