/** `test/fixtures/example-extension`, which uses the gateway as other extensions do. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api, readyGateway } from './gateway';
import { eventually } from '../support/eventually';

async function run(name: string, ...args: string[]): Promise<string> {
  return vscode.commands.executeCommand(`lingmaGatewayExample.${name}`, ...args);
}

describe('an extension that uses the gateway', () => {
  it('starts it and asks it over HTTP', async () => {
    await readyGateway();
    await vscode.commands.executeCommand('lingmaGateway.stop');
    assert.equal(await run('describe'), 'stopped');
    assert.equal(await run('ask', 'over HTTP\nDEMO:echo to an extension'), 'to an extension');
  });

  it('is told by the API what it is doing', async () => {
    const { baseUrl } = await readyGateway();
    const { length } = await (await api()).models();
    const told = new RegExp(`^leader at ${baseUrl}: ${length} models, (\\d+) turns$`);
    const turnsTold = async () => Number(told.exec(await run('describe'))?.[1] ?? NaN);
    const before = await turnsTold();
    assert.ok(before >= 0, await run('describe'));
    await run('ask', 'once more\nDEMO:echo again');
    await eventually('it tells of the turn', async () => (await turnsTold()) > before || undefined);
  });

  it('is told what keeps a request from being answered', async () => {
    await readyGateway();
    await assert.rejects(run('ask', 'x\nDEMO:status 429 too many'), /too many/);
  });
});
