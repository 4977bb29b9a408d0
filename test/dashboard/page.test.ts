/** What the dashboard does when a person uses it, by pointer and by keyboard. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import type { PanelMessage } from '../../src/dashboard/protocol';
import { eventually } from '../vscode/support/eventually';
import { DashboardPage, useBrowser } from './dashboardPage';
import {
  busyActivity,
  capturedDetails,
  nowMs,
  ready,
  scenes,
  unusedSnapshot,
  usage,
} from './fixtures';

describe('the dashboard', function () {
  this.timeout(60_000);
  const browser = useBrowser();
  let dashboard: DashboardPage;

  afterEach(async () => {
    assert.deepEqual(dashboard.complaints, []);
    await dashboard.close();
  });

  async function open(
    options: Parameters<typeof DashboardPage.open>[1] = {},
    scene: Parameters<DashboardPage['show']>[0] = { state: ready(), activity: busyActivity },
  ): Promise<void> {
    dashboard = await DashboardPage.open(browser(), options);
    await dashboard.show(scene);
  }

  const button = (name: string | RegExp): Locator =>
    dashboard.page.getByRole('button', { name, exact: true });
  const table = (name: string): Locator => dashboard.page.getByRole('table', { name });
  const row = (of: string, text: string): Locator =>
    table(of).getByRole('row').filter({ hasText: text });
  /** What the page says when something is pressed. */
  const says = async (act: () => Promise<void>): Promise<PanelMessage[]> => {
    const before = (await dashboard.posted()).length;
    await act();
    await dashboard.settle();
    return (await dashboard.posted()).slice(before);
  };

  it('asks for the state as soon as it is there', async () => {
    await open({}, {});
    assert.deepEqual(await dashboard.posted(), [{ type: 'ready' }]);
    assert.match(await dashboard.page.locator('main').innerText(), /^Loading…/);
  });

  it('shows what each client has used, once there is one with a key of its own', async () => {
    await open();
    assert.equal(await table('Clients').count(), 0);
    const ci = usage('<b>ci</b>', {
      completed: 8,
      failed: 2,
      hits: 3,
      misses: 1,
      inputTokens: 4200,
    });
    const activity = { ...busyActivity, clients: [usage('owner'), ci] };
    await dashboard.show({ state: ready(), activity });
    const cells = await row('Clients', '<b>ci</b>').getByRole('cell').allInnerTexts();
    assert.deepEqual(cells, ['10', '2', '75%', '4.2K', '0', '–']);
    assert.deepEqual(await says(() => button('Manage Client Keys…').click()), [
      { type: 'command', command: 'manageClientKeys' },
    ]);
  });

  it('offers the next step in every state', async () => {
    const steps: Record<string, readonly string[]> = {
      stopped: ['start', 'openWalkthrough'],
      starting: ['showLog'],
      empty: ['connectClient', 'testConnection', 'openWalkthrough'],
      demo: ['chooseLingma', 'connectClient', 'testConnection', 'openWalkthrough'],
      'signed-out': ['signIn'],
      failed: ['choosePort', 'start', 'showLog'],
      'failed-with-data': ['start', 'openSettings', 'showLog'],
    };
    await open({}, {});
    for (const scene of scenes.filter(({ name }) => name in steps)) {
      await dashboard.show(scene);
      const messages = await says(async () => {
        for (const step of await dashboard.page.locator('.notice button').all()) await step.click();
      });
      assert.deepEqual(
        messages.map((message) => (message.type === 'command' ? message.command : message.type)),
        steps[scene.name],
        scene.name,
      );
    }
  });

  it('says who serves a window that follows', async () => {
    await open({}, { state: ready({}, 'follower') });
    assert.match(await dashboard.page.locator('.notice').innerText(), /^Another window runs/);
  });

  it('shows each conversation under its instance and counts down to its end by itself', async () => {
    await open();
    const groups = await table('Conversations').locator('tbody').allInnerTexts();
    assert.equal(groups.length, 2);
    assert.match(groups[0] ?? '', /^lingma-1 3 conversations/);
    assert.match(groups[1] ?? '', /^lingma-2 2 conversations/);
    const left = row('Conversations', 'z9t4b7uo').getByRole('cell').nth(4);
    assert.equal(await left.innerText(), '48s');
    await dashboard.page.clock.setFixedTime(nowMs + 9_000);
    await dashboard.page.getByText('39s', { exact: true }).waitFor();
    await dashboard.page.clock.setFixedTime(nowMs + 60_000);
    assert.equal(
      await left.filter({ hasText: 'now' }).innerText(),
      'now',
      'what has expired is not negative',
    );
  });

  it('evicts what no turn runs on, and keeps the keyboard in its place', async () => {
    await open();
    assert.equal(await button('Evict conversation k3v9x1qa').count(), 0);
    const messages = await says(async () => {
      await button('Evict conversation a8w2h6ns').focus();
      await dashboard.page.keyboard.press('Enter');
    });
    assert.deepEqual(messages, [{ type: 'evict', id: 'a8w2h6ns' }]);
    const sessions = busyActivity.sessions.filter(({ id }) => id !== 'a8w2h6ns');
    await dashboard.tell({ type: 'activity', activity: { ...busyActivity, sessions } });
    assert.equal(await row('Conversations', 'a8w2h6ns').count(), 0);
    assert.equal(
      await dashboard.page.evaluate('document.activeElement.textContent'),
      'Conversations',
    );
  });

  it('acts on one instance, the gentle way first where turns run', async () => {
    await open();
    const messages = await says(async () => {
      for (const name of ['Drain: lingma-1', 'Restart: lingma-1', 'Try Now: lingma-3']) {
        await button(name).click();
      }
    });
    assert.deepEqual(messages, [
      { type: 'instance', action: 'drain', id: 'lingma-1' },
      { type: 'instance', action: 'restart', id: 'lingma-1' },
      { type: 'instance', action: 'restart', id: 'lingma-3' },
    ]);
    assert.match(await row('Instances', 'lingma-3').innerText(), /ended with code 1.*Show Log/s);
  });

  it('lets the time of running requests run, and that of others stand', async () => {
    await open();
    const times = async (): Promise<string[]> =>
      Promise.all(
        [1, 3].map((index) =>
          table('Requests').locator('tbody tr').nth(index).getByRole('cell').nth(4).innerText(),
        ),
      );
    assert.deepEqual(await times(), ['4.2s', '6.7s']);
    await dashboard.page.clock.setFixedTime(nowMs + 10_000);
    await dashboard.page.getByText('14s', { exact: true }).waitFor();
    assert.deepEqual(await times(), ['14s', '6.7s']);
  });

  it('asks for the details of a request when it is opened, and shows its texts', async () => {
    await open();
    const { id } = capturedDetails.request;
    const opener = button(/^Details/).nth(3);
    const messages = await says(async () => {
      await opener.click();
      await dashboard.page.locator(`#request-${id}`).waitFor();
    });
    assert.deepEqual(messages, [{ type: 'details', id }]);
    assert.equal(await opener.getAttribute('aria-expanded'), 'true');
    await dashboard.tell({ type: 'details', id, details: capturedDetails });
    const region = dashboard.page.getByRole('region', { name: 'Answered' });
    assert.match(await region.innerText(), /^The function takes for granted/);
    await opener.press('Enter');
    assert.equal(await region.count(), 0);
  });

  it('asks again when an opened request comes to its end', async () => {
    await open();
    await button(/^Details/)
      .nth(1)
      .click();
    const [waiting, streaming, ...rest] = busyActivity.requests;
    assert.ok(waiting && streaming);
    const messages = await says(async () => {
      await dashboard.tell({
        type: 'activity',
        activity: {
          ...busyActivity,
          requests: [waiting, { ...streaming, state: 'completed' }, ...rest],
        },
      });
    });
    assert.deepEqual(messages, [{ type: 'details', id: streaming.id }]);
  });

  it('lets the time that instances are up run, too', async () => {
    await open();
    const up = async (id: string): Promise<string> =>
      row('Instances', id).getByRole('rowheader').innerText();
    assert.match(await up('lingma-2'), /up 32m 10s$/);
    await dashboard.page.clock.setFixedTime(nowMs + 15_000);
    await dashboard.page.getByText('up 32m 25s').waitFor();
    // What the host says counts.
    await dashboard.show({ state: ready() });
    assert.match(await up('lingma-2'), /up 32m 10s$/);
  });

  it('does not call a gateway ready that nobody is signed in to', async () => {
    const signedOut = unusedSnapshot();
    const instances = signedOut.instances.map((one) => ({ ...one, signedIn: false }));
    const snapshot = { ...signedOut, instances };
    await open({}, { state: { kind: 'ready', role: 'leader', snapshot } });
    assert.deepEqual(await dashboard.page.locator('.notice button').allInnerTexts(), ['Sign In']);
  });

  it('keeps its columns in their places, whatever opens or counts', async () => {
    await open();
    const columns = async (name: string): Promise<number[]> =>
      Promise.all(
        (await table(name).getByRole('columnheader').all()).map(
          async (head) => (await head.boundingBox())?.x ?? NaN,
        ),
      );
    const requests = await columns('Requests');
    const conversations = await columns('Conversations');
    assert.equal(requests.length, 8);
    await button(/^Details/)
      .nth(3)
      .click();
    const { id } = capturedDetails.request;
    await dashboard.tell({ type: 'details', id, details: capturedDetails });
    await table('Requests').getByRole('region', { name: 'Asked' }).waitFor();
    assert.deepEqual(await columns('Requests'), requests);
    const [first, ...rest] = busyActivity.requests;
    assert.ok(first);
    const sessions = busyActivity.sessions.map((session) => ({ ...session, ageSeconds: 1 }));
    await dashboard.tell({
      type: 'activity',
      activity: {
        ...busyActivity,
        sessions,
        requests: [{ ...first, model: 'a-model-whose-name-is-rather-long', agent: 'x' }, ...rest],
      },
    });
    assert.deepEqual(await columns('Requests'), requests);
    assert.deepEqual(await columns('Conversations'), conversations);
  });

  it('explains how texts are kept where there are none, and asks for it', async () => {
    await open();
    const request = busyActivity.requests[5];
    assert.ok(request);
    await button(/^Details/)
      .nth(5)
      .click();
    await dashboard.tell({
      type: 'details',
      id: request.id,
      details: { request, asked: null, answered: null, cut: false },
    });
    const place = dashboard.page.locator(`#request-${request.id}`);
    assert.match(await place.innerText(), /in memory only, without keys and images/);
    const messages = await says(() => place.getByRole('button', { name: 'Keep Texts…' }).click());
    assert.deepEqual(messages, [{ type: 'command', command: 'toggleCapture' }]);
    await dashboard.tell({ type: 'activity', activity: { ...busyActivity, capturing: true } });
    await dashboard.page.getByText('Texts are kept in memory').waitFor();
    await button('Stop Keeping Texts').waitFor();
    assert.match(await place.innerText(), /came before texts were kept/);
    await dashboard.tell({ type: 'details', id: request.id, details: null });
    assert.match(await place.innerText(), /no longer keeps this request/);
  });

  it('treats texts as text', async () => {
    await open();
    await button(/^Details/)
      .nth(3)
      .click();
    const asked = '<img src=x onerror="window.caught = true"><b>bold</b>';
    const { id } = capturedDetails.request;
    await dashboard.tell({ type: 'details', id, details: { ...capturedDetails, asked } });
    assert.equal(await dashboard.page.getByRole('region', { name: 'Asked' }).innerText(), asked);
    assert.equal(await dashboard.page.evaluate('window.caught === undefined'), true);
  });

  it('reads the charts out, by keyboard and by pointer', async () => {
    await open();
    const chart = dashboard.page.getByRole('slider', { name: 'Hit rate' });
    const said = (): Promise<string | null> => chart.getAttribute('aria-valuetext');
    assert.equal(await said(), '350 of 412 turns continued a session · 3 failed');
    await chart.focus();
    await dashboard.page.keyboard.press('Home');
    assert.match((await said()) ?? '', /^13:07: \d+% · \d+ hits? · \d+ miss/);
    await dashboard.page.keyboard.press('PageUp');
    await dashboard.page.keyboard.press('ArrowRight');
    assert.match((await said()) ?? '', /^13:18: /);
    await chart.hover({ position: { x: 60, y: 40 } });
    assert.match(
      await dashboard.page.locator('.chart').first().locator('.read-out').innerText(),
      /^13:\d\d: /,
    );
  });

  it('gives the numbers of the charts as a table', async () => {
    await open();
    await button('Show as Table').click();
    const cells = await table('The last hour')
      .locator('tbody tr')
      .first()
      .locator('th, td')
      .allInnerTexts();
    assert.equal(cells.length, 7);
    assert.match(cells[0] ?? '', /^14:06$/);
  });

  it('shows more on demand', async () => {
    await open();
    const rows = table('Requests').locator('tbody tr');
    assert.equal(await rows.count(), 10);
    await button('Show all 32').click();
    assert.equal(await rows.count(), 32);
    await button('Show fewer').click();
    assert.equal(await rows.count(), 10);
  });

  it('can be walked through by keyboard, with a visible focus', async () => {
    await open({}, { state: { kind: 'ready', role: 'leader', snapshot: unusedSnapshot() } });
    const reached: string[] = [];
    for (let step = 0; step < 12; step += 1) {
      await dashboard.page.keyboard.press('Tab');
      reached.push(await dashboard.page.evaluate<string>('document.activeElement.textContent'));
      const outline = await dashboard.page.evaluate<string>(
        'getComputedStyle(document.activeElement).outlineStyle',
      );
      assert.equal(outline, 'solid', reached.at(-1));
    }
    assert.deepEqual(reached, [
      'Restart',
      'Stop',
      'Log',
      'Settings',
      'Copy URL',
      'Copy API Key',
      'Connect a Client…',
      'Connect a Client…',
      'Test the Connection',
      'Open Walkthrough',
      'Instances',
      'Restart',
    ]);
  });

  it('comes back as it was left, without texts in what it remembers', async () => {
    await open();
    await button('Why sessions were reused or not').click();
    await button(/^Details/)
      .nth(3)
      .click();
    const { id } = capturedDetails.request;
    await dashboard.tell({ type: 'details', id, details: capturedDetails });
    await dashboard.page.evaluate('window.scrollTo(0, 300)');
    const remembered = await eventually('the page has saved where it stands', async () => {
      const saved = await dashboard.remembered();
      return JSON.stringify(saved).includes('"scroll":300') ? saved : undefined;
    });
    assert.doesNotMatch(JSON.stringify(remembered), /equals sign|parseLine/);
    await dashboard.close();

    await open({ remembered }, {});
    assert.equal(await table('Conversations').count(), 1);
    assert.equal(await table('Why sessions were reused or not').count(), 0);
    assert.equal(await dashboard.page.evaluate('window.scrollY'), 300);
    assert.deepEqual(await dashboard.posted(), [{ type: 'ready' }, { type: 'details', id }]);
  });

  it('drops what is not of its protocol', async () => {
    await open();
    const before = await dashboard.page.locator('main').innerText();
    await dashboard.page.evaluate(
      "for (const data of [null, 'x', { type: 'state', state: { kind: 'odd' } }]) window.postMessage(data, '*')",
    );
    await dashboard.show({});
    assert.equal(await dashboard.page.locator('main').innerText(), before);
  });

  it('speaks the language of the host', async () => {
    await open({ language: 'zh-cn', bundle: { Instances: '实例', 'Hit rate': '命中率' } });
    assert.equal(await table('实例').count(), 1);
    assert.match(await dashboard.page.locator('.card').first().innerText(), /^命中率/);
  });

  it('holds still for who wants less motion', async () => {
    const animation =
      "getComputedStyle(document.querySelector('.state.busy'), '::before').animationName";
    await open();
    assert.equal(await dashboard.page.evaluate(animation), 'pulse');
    await dashboard.close();
    await open({ reducedMotion: true });
    assert.equal(await dashboard.page.evaluate(animation), 'none');
  });

  it('is shorter in the side bar, and leads to the whole', async () => {
    await open({ layout: 'view', width: 260 });
    assert.equal(await table('Conversations').count(), 0);
    const messages = await says(() => button('Open Dashboard').click());
    assert.deepEqual(messages, [{ type: 'command', command: 'openPanel' }]);
  });
});
