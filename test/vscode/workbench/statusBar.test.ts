/**
 * The status bar item in each state that a gateway of one window can be in, as eyes and screen
 * readers find it. The demo's own is in `panel.test.ts`, that of a follower in `windows.test.ts`.
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Locator } from 'playwright-core';
import { freePort } from '../../../scripts/ports.mjs';
import type { Endpoint } from '../support/conversation';
import { eventually } from '../support/eventually';
import { SteeredLingma } from '../support/steeredLingma';
import { takeTurn } from '../support/turn';
import { lingmaPids, statsOf, Workbench } from './workbench';

interface Look {
  /** All of it, but for the icon. */
  readonly text: string;
  /** What a screen reader adds to the name of the item. */
  readonly says: string;
  readonly icon: string;
  readonly colour?: 'warning' | 'error';
}

describe('the status bar', () => {
  let workbench: Workbench;
  let lingma: SteeredLingma;
  let settings: Record<string, unknown>;
  let endpoint: Endpoint;

  before(async () => {
    lingma = new SteeredLingma();
    settings = {
      'lingmaGateway.port': await freePort(),
      'lingmaGateway.lingmaPath': lingma.path,
    };
    workbench = await Workbench.open(undefined, settings);
    endpoint = await workbench.endpoint();
  });
  afterEach(async function () {
    await workbench.screenshotOnFailure(this.currentTest);
  });
  after(async () => {
    await workbench.close();
    lingma.remove();
  });

  const instances = (): Locator => workbench.panel.getByRole('table', { name: 'Instances' });

  async function looks({ text, says, icon, colour }: Look): Promise<void> {
    await workbench.statusBarSays(says);
    const item = workbench.statusBarItem;
    const found = async () => {
      const look = (await item.getAttribute('class')) ?? '';
      return {
        text: (await item.innerText()).trim(),
        icon: await item.locator(`.codicon-${icon}`).count(),
        colours: ['warning', 'error'].filter((kind) => look.split(' ').includes(`${kind}-kind`)),
      };
    };
    const expected = { text, icon: 1, colours: colour ? [colour] : [] };
    let last = await found();
    // The first of two instances makes the gateway ready; the second one follows.
    await eventually(text, async () => {
      last = await found();
      return isDeepStrictEqual(last, expected) || undefined;
    }).catch(() => undefined);
    assert.deepEqual(last, expected);
  }

  it('shows a gateway that is ready', async () => {
    await looks({ text: 'Lingma · – · 1/1', says: 'ready, hit rate –', icon: 'zap' });
  });

  it('shows that turns run, and the hit rate', async () => {
    const { messages } = await takeTurn(endpoint, 'First.');
    // It runs until its client hangs up.
    const client = new AbortController();
    const running = takeTurn(endpoint, 'Second.\nDEMO:delay 90000', messages, client.signal);
    const hungUp = assert.rejects(running, { name: 'AbortError' });
    await looks({ text: 'Lingma · 50% · 1/1', says: '1 request running', icon: 'sync' });
    client.abort();
    await hungUp;
    await looks({ text: 'Lingma · 50% · 1/1', says: 'ready, hit rate 50%', icon: 'zap' });
  });

  it('shows that one of two instances failed, until it is tried again', async () => {
    lingma.steer({ 'lingma-2': { START_EXIT: '1' } });
    workbench.changeSettings({ ...settings, 'lingmaGateway.instances': 2 });
    const degraded: Look = { text: 'Lingma · 50% · 1/2', says: 'degraded', icon: 'warning' };
    await looks(degraded);
    await eventually(
      'the second instance is given up',
      async () => (await statsOf(endpoint)).instances[1]?.state === 'failed' || undefined,
      30_000,
    );
    await looks(degraded);
    await workbench.statusBarItem.click();
    await instances().getByText('Failed', { exact: true }).waitFor();
    await takeTurn(endpoint, 'The other one answers.');
    lingma.steer({});
    await workbench.panel.getByRole('button', { name: 'Try Again: lingma-2' }).click();
    await looks({ text: 'Lingma · 33% · 2/2', says: 'ready, hit rate 33%', icon: 'zap' });
  });

  it('shows a gateway that starts, and one that nobody is signed in to', async () => {
    lingma.steer({ all: { HOLD: '1' } });
    await workbench.command('Lingma Gateway: Restart Gateway');
    await looks({ text: 'Lingma starting', says: 'starting', icon: 'loading' });
    lingma.steer({ all: { SIGNED_OUT: '1' } });
    await looks({
      text: 'Lingma signed out · – · 2/2',
      says: 'signed out',
      icon: 'sign-in',
      colour: 'warning',
    });
    await workbench.panel.getByText('Lingma is signed out, so requests fail.').waitFor();
    await workbench.screenshot('signed-out');
  });

  it('shows that no instance is left, and that all of them were given up', async () => {
    lingma.steer({ all: { START_EXIT: '1' } });
    for (const pid of await lingmaPids(endpoint)) process.kill(pid, 'SIGKILL');
    await looks({
      text: 'Lingma · – · 0/2',
      says: 'not available',
      icon: 'warning',
      colour: 'warning',
    });
    await looks({ text: 'Lingma failed', says: 'failed.', icon: 'error', colour: 'error' });
  });

  it('is ready again after the next step that the panel offers', async () => {
    lingma.steer({});
    await workbench.panel.getByRole('button', { name: 'Retry' }).click();
    await looks({ text: 'Lingma · – · 2/2', says: 'ready, hit rate –', icon: 'zap' });
  });

  it('shows a gateway that was stopped', async () => {
    await workbench.command('Lingma Gateway: Stop Gateway');
    await looks({ text: 'Lingma off', says: 'stopped', icon: 'circle-slash' });
  });
});
