import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { Workbench } from './workbench';

describe('a port that another program uses', () => {
  let workbench: Workbench;
  let other: Server;
  let port: number;

  before(async () => {
    other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address && typeof address === 'object');
    port = address.port;
    workbench = await Workbench.open();
    await workbench.statusBarShows('1/1');
  });
  afterEach(async function () {
    await workbench.screenshotOnFailure(this.currentTest);
  });
  after(async () => {
    other.close();
    await workbench.close();
  });

  it('is told in the status bar, a notification and the panel', async () => {
    workbench.changeSettings({ 'lingmaGateway.port': port });
    await workbench.statusBarShows('Lingma failed');
    const notification = workbench.page.locator('.notification-toast').filter({
      hasText: String(port),
    });
    await notification.getByRole('button', { name: 'Choose Another Port' }).waitFor();
    await workbench.statusBarItem.click();
    await workbench.panel.locator('body', { hasText: String(port) }).waitFor();
    await workbench.screenshot('port-in-use');
  });

  it('is over as soon as the settings name a free one', async () => {
    workbench.changeSettings({});
    await workbench.statusBarShows('1/1');
  });
});
