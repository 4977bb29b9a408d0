/** `@lingma` in the Chat view, as a person uses it. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import type { Endpoint } from '../support/conversation';
import { eventually } from '../support/eventually';
import { statsOf, Workbench } from './workbench';

describe('the Chat view', () => {
  let workbench: Workbench;
  let endpoint: Endpoint;

  before(async () => {
    workbench = await Workbench.open();
    endpoint = await workbench.endpoint();
    await workbench.command('Chat: New Chat');
    await input().waitFor();
  });
  afterEach(async function () {
    await workbench.screenshotOnFailure(this.currentTest);
  });
  after(async () => {
    await workbench.close();
  });

  const view = (): Locator => workbench.page.locator('.interactive-session').last();
  const input = (): Locator => view().locator('.interactive-input-part .monaco-editor').first();
  /** Those that are whole. */
  const answers = (): Locator =>
    view().locator('.interactive-response:not(.chat-response-loading)');

  /** Types a request, sends it and waits until the newest answer is whole and shows `text`. */
  async function ask(request: string, text: string | RegExp): Promise<Locator> {
    await input().click();
    const { keyboard } = workbench.page;
    await keyboard.press('ControlOrMeta+A');
    // Slowly enough for the suggestions, which Escape closes again. Those that come later still take
    // the first Enter for themselves.
    await keyboard.type(`@lingma ${request}`, { delay: 15 });
    await eventually('the request is sent', async () => {
      await keyboard.press('Escape');
      await keyboard.press('Enter');
      const sent = input().filter({ hasNotText: request }).waitFor({ timeout: 8_000 });
      return sent.then(
        () => true,
        () => undefined,
      );
    });
    // The list has those rows only that can be seen.
    const answer = answers().last().filter({ hasText: text });
    await answer.waitFor();
    return answer;
  }

  async function reasons(): Promise<Partial<Record<string, number>>> {
    const { turns } = await statsOf(endpoint);
    return Object.fromEntries(Object.entries(turns.reasons).filter(([, count]) => count > 0));
  }

  it('answers without any sign-in, and its second turn continues the session', async () => {
    await ask('What is a session?', /What is a session\?/);
    assert.deepEqual(await reasons(), { new: 1 });
    await ask('And a lease?', /And a lease\?/);
    await eventually('the session was continued', async () => {
      const now = await reasons();
      return (now['continued'] === 1 && now['new'] === 1) || undefined;
    });
  });

  it('offers to go on', async () => {
    await view().getByText('Give me an example.').last().waitFor();
  });

  it('shows the state of the gateway', async () => {
    const answer = await ask('/status', 'Instances');
    assert.match(await answer.innerText(), /1 of 1 ready/);
    assert.ok((await answer.innerText()).includes(`${endpoint.baseUrl}/v1`));
    await answer.getByRole('button', { name: 'Open Dashboard' }).waitFor();
    await workbench.screenshot('chat');
  });

  it('lets a model be chosen by a button', async () => {
    const answer = await ask('/model', 'Choose another one');
    const button = answer.locator('.chat-command-button .monaco-button').first();
    const name = (await button.innerText()).trim();
    await button.click();
    await workbench.page.getByText(`${name} answers from now on.`).first().waitFor();
    const state = await ask('/status', 'Instances');
    await state.locator('tr').filter({ hasText: 'Model' }).filter({ hasText: name }).waitFor();
  });

  it('begins a new conversation', async () => {
    await ask('/new', 'A new conversation begins here.');
    const { turns: before } = await statsOf(endpoint);
    await ask('What did I ask?', /What did I ask\?/);
    await eventually('only the question was asked', async () => {
      const { turns } = await statsOf(endpoint);
      return turns.totalMessages === before.totalMessages + 1 || undefined;
    });
  });
});
