import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api, processIds, readyGateway } from './gateway';
import { cacheFigures, holdConversation } from '../support/conversation';
import { eventually } from '../support/eventually';
import { allGone } from '../support/processTable';

const command = (name: string): Thenable<unknown> =>
  vscode.commands.executeCommand(`lingmaGateway.${name}`);

describe('commands', () => {
  it('stop leaves no process and no listener', async () => {
    const { stats, baseUrl } = await readyGateway();
    await command('stop');
    await allGone(processIds(stats));
    await assert.rejects(fetch(baseUrl), 'nobody listens any more');
    assert.equal((await api()).baseUrl, undefined);
  });

  it('start brings it back with the same key and an empty cache', async () => {
    const before = await readyGateway();
    await holdConversation(before, false);
    await command('stop');
    await command('start');
    const after = await readyGateway();
    assert.equal(after.apiKey, before.apiKey);
    assert.notDeepEqual(processIds(after.stats), processIds(before.stats));
    assert.equal((await cacheFigures(after)).size, 0);
  });

  it('restart replaces the process', async () => {
    const before = await readyGateway();
    await command('restart');
    const after = await readyGateway();
    assert.notDeepEqual(processIds(after.stats), processIds(before.stats));
    await allGone(processIds(before.stats));
  });

  it('clearSessions forgets the conversations', async () => {
    const endpoint = await readyGateway();
    await holdConversation(endpoint, true);
    assert.ok((await cacheFigures(endpoint)).size > 0);
    await command('clearSessions');
    assert.equal((await cacheFigures(endpoint)).size, 0);
  });

  it('copyBaseUrl and copyApiKey put what a client needs on the clipboard', async () => {
    const { baseUrl, apiKey } = await readyGateway();
    await command('copyBaseUrl');
    assert.equal(await vscode.env.clipboard.readText(), `${baseUrl}/v1`);
    await command('copyApiKey');
    assert.equal(await vscode.env.clipboard.readText(), apiKey);
  });

  it('openPanel opens one panel, however often it is asked', async () => {
    await command('openPanel');
    await command('openPanel');
    const panels = await eventually('the panel is open', () => {
      const found = openTabs().filter(isPanel);
      return found.length > 0 ? found : undefined;
    });
    assert.equal(panels.length, 1);
    await vscode.window.tabGroups.close(panels);
  });

  it('showLog and openSettings answer', async () => {
    await command('showLog');
    await command('openSettings');
    await eventually(
      'the settings are open',
      () => openTabs().some(({ label }) => label === 'Settings') || undefined,
    );
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
});

function openTabs(): vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs }) => [...tabs]);
}

function isPanel({ input }: vscode.Tab): boolean {
  return input instanceof vscode.TabInputWebview && input.viewType.includes('lingmaGateway.panel');
}
