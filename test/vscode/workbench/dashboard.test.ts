/** What the panel shows and does, held against the gateway's own answers over HTTP. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { freePort } from '../../../scripts/ports.mjs';
import type { InstanceSnapshot } from '../../../src/gateway/snapshot';
import { type Endpoint, holdConversation } from '../support/conversation';
import { eventually } from '../support/eventually';
import { isRunning } from '../support/processTable';
import { SteeredLingma } from '../support/steeredLingma';
import { activityOf, requestOf, takeTurn, type Turn } from '../support/turn';
import { expectedPanel, readPanel } from './panelText';
import { statsOf, Workbench } from './workbench';

describe('the panel of a gateway with two instances', () => {
  let workbench: Workbench;
  let lingma: SteeredLingma;
  let endpoint: Endpoint;

  before(async () => {
    lingma = new SteeredLingma();
    const settings = {
      'lingmaGateway.port': await freePort(),
      'lingmaGateway.lingmaPath': lingma.path,
    };
    workbench = await Workbench.open(undefined, settings);
    endpoint = await workbench.endpoint();
    workbench.changeSettings({ ...settings, 'lingmaGateway.instances': 2 });
    await workbench.statusBarShows('2/2');
    await workbench.statusBarItem.click();
    await table('Instances').waitFor();
  });
  afterEach(async function () {
    await workbench.screenshotOnFailure(this.currentTest);
  });
  after(async () => {
    await workbench.close();
    lingma.remove();
  });

  const table = (name: string): Locator => workbench.panel.getByRole('table', { name });
  const button = (name: string | RegExp): Locator =>
    workbench.panel.getByRole('button', { name, exact: true });
  const group = (instanceId: string): Locator =>
    table('Conversations').locator('tbody').filter({ hasText: instanceId });

  /** Waits until the panel shows what the gateway says, and everything of that. */
  async function showsTheSame(): Promise<void> {
    const compare = async () => {
      const [snapshot, activity] = await Promise.all([statsOf(endpoint), activityOf(endpoint)]);
      const [shown, expected] = [
        await readPanel(workbench.panel),
        expectedPanel(snapshot, activity),
      ];
      return { shown, expected };
    };
    let last = await compare();
    await eventually('the panel shows what the gateway says', async () => {
      last = await compare();
      return JSON.stringify(last.shown) === JSON.stringify(last.expected) || undefined;
    }).catch(() => undefined);
    assert.deepEqual(last.shown, last.expected);
  }

  async function instanceOf(id: string | null): Promise<InstanceSnapshot> {
    const { instances } = await statsOf(endpoint);
    const instance = instances.find((one) => one.id === id);
    assert.ok(instance, `there is an instance ${id}`);
    return instance;
  }

  /** The instance that holds the session of the conversation that was used last. */
  async function holder(): Promise<InstanceSnapshot> {
    const { sessions } = await activityOf(endpoint);
    return instanceOf(sessions[0]?.instanceId ?? null);
  }

  async function evictAll(): Promise<void> {
    if ((await statsOf(endpoint)).sessionCache.size > 0)
      await button('Clear the session cache').click();
    await workbench.panel.getByText('None at the moment. A conversation appears here').waitFor();
  }

  it('shows what /internal/stats and /internal/activity say, field by field', async () => {
    await holdConversation(endpoint, true);
    await holdConversation(endpoint, false);
    const other = await takeTurn(endpoint, 'Another conversation.');
    await assert.rejects(takeTurn(endpoint, 'DEMO:status 500 broken'));
    await showsTheSame();
    // A turn that runs, until its client hangs up.
    const client = new AbortController();
    const running = takeTurn(endpoint, 'And?\nDEMO:delay 90000', other.messages, client.signal);
    const hungUp = assert.rejects(running, { name: 'AbortError' });
    await eventually('it runs', async () => {
      const { concurrency, sessionCache } = await statsOf(endpoint);
      return (concurrency.inFlight === 1 && sessionCache.leased === 1) || undefined;
    });
    await showsTheSame();
    client.abort();
    await hungUp;
    await eventually('it is over', async () => {
      return (await statsOf(endpoint)).turns.cancelled === 1 || undefined;
    });
    await showsTheSame();
    await workbench.screenshot('panel-two-instances');
  });

  it('keeps the times of what runs on running', async () => {
    const uptime = async (): Promise<number> => {
      const text = await table('Instances').locator('tbody tr th').first().innerText();
      const [, minutes = '0', seconds = '0'] =
        /up (?:(\d+)m ?)?(?:([\d.]+)s)?/.exec(text) ?? assert.fail(text);
      return 60 * Number(minutes) + Number(seconds);
    };
    const before = await uptime();
    await eventually('it has grown', async () => (await uptime()) >= before + 2 || undefined);
    // What lies between the two looks is no difference between what they see.
    await eventually('it is as long as the gateway says', async () => {
      const { uptimeSeconds } = await instanceOf('lingma-1');
      return Math.abs((await uptime()) - (uptimeSeconds ?? 0)) < 3 || undefined;
    });
  });

  describe('a conversation', () => {
    let turn: Turn;
    let home: InstanceSnapshot;

    it('has a row under its instance as soon as it begins', async () => {
      await evictAll();
      turn = await takeTurn(endpoint, 'Where do I run?');
      home = await holder();
      const { sessions } = await activityOf(endpoint);
      assert.equal(sessions.length, 1);
      await group(home.id)
        .getByRole('row')
        .filter({ hasText: sessions[0]?.id ?? '' })
        .waitFor();
      await showsTheSame();
    });

    it('moves to the other instance when its process is killed', async () => {
      // Its successor is held back, so that the conversation cannot wait for it.
      lingma.steer({ [home.id]: { HOLD: '1' } });
      process.kill(home.pid ?? 0, 'SIGKILL');
      await eventually('the gateway has noticed', async () => {
        const { state } = await instanceOf(home.id);
        return state !== 'ready' || undefined;
      });
      turn = await takeTurn(endpoint, 'And now?', turn.messages);
      assert.equal((await requestOf(endpoint, turn)).reason, 'lost');
      const now = await holder();
      assert.notEqual(now.id, home.id);
      await group(now.id).waitFor();
      await group(home.id).waitFor({ state: 'detached' });
      await table('Requests').locator('tbody tr').first().filter({ hasText: 'Lost' }).waitFor();
      lingma.steer({});
      await workbench.statusBarShows('2/2');
      await showsTheSame();
      const successor = await instanceOf(home.id);
      assert.equal(successor.incarnation, home.incarnation + 1);
      assert.notEqual(successor.pid, home.pid);
    });

    it('stays where it is when the next process is there', async () => {
      const before = await holder();
      turn = await takeTurn(endpoint, 'Still there?', turn.messages);
      assert.equal((await requestOf(endpoint, turn)).reason, 'continued');
      assert.deepEqual((await holder()).pid, before.pid);
    });

    it('is not held any more once its row was evicted', async () => {
      const { sessions } = await activityOf(endpoint);
      await button(`Evict conversation ${sessions[0]?.id}`).click();
      await workbench.panel.getByText('None at the moment. A conversation appears here').waitFor();
      assert.equal((await statsOf(endpoint)).sessionCache.size, 0);
      turn = await takeTurn(endpoint, 'Do you know me?', turn.messages);
      const { reason, sentMessages, totalMessages } = await requestOf(endpoint, turn);
      assert.equal(reason, 'expired');
      assert.equal(sentMessages, totalMessages);
    });

    it('loses its session to a restart of its instance, which gets another process', async () => {
      const before = await holder();
      await button(`Restart: ${before.id}`).click();
      const after = await eventually('another process is ready', async () => {
        const now = await instanceOf(before.id);
        return now.state === 'ready' && now.pid !== before.pid ? now : undefined;
      });
      assert.ok(before.pid !== null && !isRunning(before.pid));
      assert.equal(after.incarnation, before.incarnation + 1);
      assert.equal((await statsOf(endpoint)).sessionCache.size, 0);
      await table('Instances').getByText(String(after.pid), { exact: true }).waitFor();
      turn = await takeTurn(endpoint, 'And after a restart?', turn.messages);
      assert.equal((await requestOf(endpoint, turn)).reason, 'lost');
    });

    it('keeps its turn when its instance drains, and the process goes after it', async () => {
      const before = await holder();
      const running = takeTurn(endpoint, 'Slowly.\nDEMO:words 120\nDEMO:gap 100', turn.messages);
      await button(`Drain: ${before.id}`).click();
      await table('Instances').getByText('Draining').waitFor();
      await button(`Do Not Wait: ${before.id}`).waitFor();
      turn = await running;
      assert.match(turn.answer, /\bword120$/);
      const request = await requestOf(endpoint, turn);
      assert.deepEqual([request.reason, request.instanceId], ['continued', before.id]);
      await eventually('another process is ready', async () => {
        const { state, pid } = await instanceOf(before.id);
        return (state === 'ready' && pid !== before.pid) || undefined;
      });
      await showsTheSame();
    });
  });

  describe('the texts of requests', () => {
    const question = 'My password is hidden, and my key is';
    const key = 'sk-proj-Zq3vT8mN1xR6bL9cW2yK5dH7';

    const newest = (): Locator =>
      table('Requests')
        .getByRole('button', { name: /^Details/ })
        .first();
    const details = (): Locator => table('Requests').locator('tr.details');

    it('are kept once that was confirmed, without keys', async () => {
      await button('Keep Texts…').click();
      const dialog = workbench.page.getByRole('dialog').filter({ hasText: 'Keep the texts' });
      await dialog.waitFor();
      await workbench.screenshot('keep-texts');
      await dialog.getByRole('button', { name: 'Keep Texts' }).click();
      await workbench.panel.getByText('Texts are kept in memory').waitFor();
      const turn = await takeTurn(endpoint, `${question} ${key}. Yours is ${endpoint.apiKey}.`);
      assert.equal((await requestOf(endpoint, turn)).captured, true);
      await table('Requests').locator('tbody tr').first().filter({ hasText: 'New' }).waitFor();
      await newest().click();
      const asked = details().getByRole('region', { name: 'Asked' });
      await asked.filter({ hasText: question }).waitFor();
      const text = await details().innerText();
      assert.ok(text.includes(turn.requestId), text);
      assert.match(text, /Turn 1 of session/);
      for (const secret of [key, endpoint.apiKey]) assert.ok(!text.includes(secret), text);
      await workbench.screenshot('request-details');
    });

    it('are gone as soon as that is switched off', async () => {
      await button('Stop Keeping Texts').click();
      await details().filter({ hasText: 'Its texts were not kept' }).waitFor();
      assert.ok(!(await details().innerText()).includes(question));
      await button('Keep Texts…').first().waitFor();
      assert.deepEqual(
        (await activityOf(endpoint)).requests.filter(({ captured }) => captured),
        [],
      );
    });
  });
});
