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
    const { state } = await api();
    assert.ok(state.kind === 'ready' && state.demo && !state.signedOut, JSON.stringify(state));
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

  it('tells the life of the gateway, and starts it for who needs it', async () => {
    await readyGateway();
    const gateway = await api();
    await vscode.commands.executeCommand('lingmaGateway.stop');
    assert.deepEqual(gateway.state, { kind: 'stopped' });
    assert.deepEqual(
      [gateway.baseUrl, gateway.stats(), await gateway.models()],
      [undefined, undefined, []],
    );
    const { baseUrl, apiKey } = await gateway.ensureRunning();
    assert.deepEqual([gateway.baseUrl, await gateway.apiKey()], [baseUrl, apiKey]);
    assert.deepEqual(gateway.state, {
      kind: 'ready',
      role: 'leader',
      baseUrl,
      demo: true,
      signedOut: false,
    });
    assert.deepEqual(await gateway.ensureRunning(), { baseUrl, apiKey });
  });

  it('rejects with the code of what keeps the gateway from running', async () => {
    const gateway = await api();
    const starting = gateway.ensureRunning();
    await vscode.commands.executeCommand('lingmaGateway.stop');
    await starting.catch(() => undefined);
    const restarted = gateway.ensureRunning();
    const stopped = vscode.commands.executeCommand('lingmaGateway.stop');
    await assert.rejects(restarted, { code: 'stopping' });
    await stopped;
    await gateway.ensureRunning();
  });

  it('names the models that requests may name', async () => {
    const { baseUrl, apiKey } = await readyGateway();
    const models = await (await api()).models();
    const response = await fetch(`${baseUrl}/v1/models`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const { data } = (await response.json()) as { data: { id: string }[] };
    const ids = data.map(({ id }) => id);
    assert.ok(models.length > 0);
    for (const { id, name } of models) assert.ok(ids.includes(id) && name, id);
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
