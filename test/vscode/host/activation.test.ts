import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { activatedExports, api, extensionId, readyGateway } from './gateway';
import { eventually } from '../support/eventually';

describe('activation', () => {
  it('happens by itself after the window has opened', async () => {
    const extension = vscode.extensions.getExtension(extensionId);
    assert.ok(extension);
    await eventually('the extension is active', () => extension.isActive || undefined);
  });

  it('starts the gateway on the embedded demo where no Lingma is installed', async () => {
    const { stats, baseUrl } = await readyGateway();
    assert.equal(stats.demo, true);
    assert.match(baseUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(stats.instances.length, 1);
  });

  it('registers every contributed command', async () => {
    const extension = vscode.extensions.getExtension(extensionId);
    const manifest = extension?.packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const contributed = manifest.contributes.commands.map(({ command }) => command);
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.ok(contributed.length > 0);
    assert.deepEqual(
      contributed.filter((command) => !registered.has(command)),
      [],
    );
  });
});

describe('getAPI', () => {
  it('hands out version 1 with address, key and numbers', async () => {
    const { baseUrl, apiKey, stats } = await readyGateway();
    const gateway = await api();
    assert.equal(gateway.baseUrl, baseUrl);
    assert.match(apiKey, /^[\w-]{43}$/);
    const manifest = vscode.extensions.getExtension(extensionId)?.packageJSON as {
      version: string;
    };
    assert.equal(stats.version, manifest.version);
  });

  it('refuses a version it does not have', async () => {
    const exports = (await activatedExports()) as { getAPI(version: number): unknown };
    assert.throws(() => exports.getAPI(2), RangeError);
  });

  it('tells about changes until the listener is disposed', async () => {
    await readyGateway();
    const gateway = await api();
    let changes = 0;
    const subscription = gateway.onDidChange(() => changes++);
    await vscode.commands.executeCommand('lingmaGateway.restart');
    assert.ok(changes > 0);
    subscription.dispose();
    const before = changes;
    await vscode.commands.executeCommand('lingmaGateway.restart');
    assert.equal(changes, before);
  });
});
