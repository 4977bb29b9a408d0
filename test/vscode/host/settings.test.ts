import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { freePort } from '../../../scripts/ports.mjs';
import { api, processIds, readyGateway } from './gateway';
import { cacheFigures, holdConversation } from '../support/conversation';
import { eventually } from '../support/eventually';
import { allGone } from '../support/processTable';

/** What these tests set, the port apart. */
const changed = [
  'instances',
  'maxInFlight',
  'sessionMax',
  'sessionTtl',
  'turnTimeout',
  'modelAliases',
  'corsOrigins',
];

describe('settings', () => {
  afterEach(async () => {
    await change('port', 0);
    for (const name of changed) await change(name, undefined);
    await readyGateway();
  });

  // First, because a test before it would leave the gateway about to restart for its own settings.
  it('another size changes the running gateway: its process and its sessions stay', async () => {
    const before = await readyGateway();
    await vscode.commands.executeCommand('lingmaGateway.clearSessions');
    await holdConversation(before, true);
    await change('instances', 2);
    await change('maxInFlight', 7);
    const gateway = await api();
    await eventually('both are in force', () => {
      const stats = gateway.stats();
      const limit = stats?.concurrency.maxInFlightPerInstance;
      return (stats?.instances.length === 2 && limit === 7) || undefined;
    });
    const grown = await readyGateway();
    assert.equal(grown.stats.concurrency.maxInFlightPerInstance, 7);
    assert.equal(processIds(grown.stats)[0], processIds(before.stats)[0]);
    await change('instances', undefined);
    await eventually('one is left', () => gateway.stats()?.instances.length === 1 || undefined);
    const shrunk = await readyGateway();
    assert.deepEqual(processIds(shrunk.stats), processIds(before.stats));
    assert.equal(shrunk.baseUrl, before.baseUrl);
    assert.ok(shrunk.stats.uptimeSeconds > before.stats.uptimeSeconds);
    assert.equal((await cacheFigures(shrunk)).size, 1);
    await allGone(processIds(grown.stats).slice(1));
  });

  it('what turns and the cache read changes the running gateway, too', async () => {
    const before = await readyGateway();
    await vscode.commands.executeCommand('lingmaGateway.clearSessions');
    await holdConversation(before, true);
    const origin = 'http://localhost:3000';
    const ask = async (): Promise<number[]> => {
      const headers = { authorization: `Bearer ${before.apiKey}` };
      const named = await fetch(`${before.baseUrl}/v1/models/my-model`, { headers });
      const fromPage = await fetch(`${before.baseUrl}/v1/models`, {
        headers: { ...headers, origin },
      });
      return [named.status, fromPage.status];
    };
    assert.deepEqual(await ask(), [404, 403]);
    await change('modelAliases', { 'my-model': 'default' });
    await change('corsOrigins', [origin]);
    await change('sessionMax', 10);
    await change('sessionTtl', 60);
    await change('turnTimeout', 30);
    const gateway = await api();
    await eventually('they are in force', () => {
      const cache = gateway.stats()?.sessionCache;
      return (cache?.max === 10 && cache.ttl_sec === 60) || undefined;
    });
    assert.deepEqual(await ask(), [200, 200]);
    const after = await readyGateway();
    assert.deepEqual(processIds(after.stats), processIds(before.stats));
    assert.equal((await cacheFigures(after)).size, 1);
  });

  it('values that are not usable are clamped, not refused', async () => {
    await change('sessionMax', -5);
    await change('modelAliases', 'nothing');
    const gateway = await api();
    await eventually(
      'reuse is off',
      () => gateway.stats()?.sessionCache.enabled === false || undefined,
    );
  });

  it('a new port moves the gateway', async () => {
    await readyGateway();
    const port = await freePort();
    await change('port', port);
    const gateway = await api();
    const baseUrl = `http://127.0.0.1:${port}`;
    await eventually(`it is at ${baseUrl}`, () => gateway.baseUrl === baseUrl || undefined);
    await readyGateway();
    assert.equal((await fetch(`${baseUrl}/healthz`)).status, 200);
  });

  it('more instances are more processes, all of which end with the gateway', async () => {
    await readyGateway();
    await change('instances', 3);
    const gateway = await api();
    await eventually(
      'three instances are there',
      () => gateway.stats()?.instances.length === 3 || undefined,
    );
    const { stats } = await readyGateway();
    const pids = processIds(stats);
    assert.equal(new Set(pids).size, 3);
    await vscode.commands.executeCommand('lingmaGateway.stop');
    await allGone(pids);
  });
});

function change(name: string, value: unknown): Thenable<void> {
  return vscode.workspace
    .getConfiguration('lingmaGateway')
    .update(name, value, vscode.ConfigurationTarget.Global);
}
