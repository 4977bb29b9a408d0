import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import * as vscode from 'vscode';
import { api, processIds, readyGateway } from './gateway';
import { eventually } from '../support/eventually';
import { allGone } from '../support/processTable';

describe('settings', () => {
  afterEach(async () => {
    await change('port', 0);
    await change('instances', undefined);
    await readyGateway();
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
    await allGone(pids, 5_000);
  });
});

function change(name: string, value: unknown): Thenable<void> {
  return vscode.workspace
    .getConfiguration('lingmaGateway')
    .update(name, value, vscode.ConfigurationTarget.Global);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  assert.ok(address && typeof address === 'object');
  probe.close();
  await once(probe, 'close');
  return address.port;
}
