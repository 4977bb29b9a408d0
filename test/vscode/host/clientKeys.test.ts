import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { readyGateway } from './gateway';

/** As `/internal/keys` lists them. */
interface Listed {
  readonly name: string;
  readonly lastUsedAtMs: number | null;
}

describe('keys of clients', () => {
  it('are made by a command, used over HTTP, and revoked for good', async () => {
    const name = 'a client of the host tests';
    const { baseUrl, apiKey } = await readyGateway();
    const call = (url: string, path: string, key: string, method = 'GET'): Promise<Response> =>
      fetch(url + path, { method, headers: { authorization: `Bearer ${key}` } });
    const listed = async (url: string): Promise<Listed | undefined> => {
      const { keys } = (await (await call(url, '/internal/keys', apiKey)).json()) as {
        keys: Listed[];
      };
      return keys.find((key) => key.name === name);
    };

    await vscode.commands.executeCommand('lingmaGateway.createClientKey', name);
    const key = await vscode.env.clipboard.readText();
    assert.match(key, /^sk-lingma-[\w-]{43}$/);
    assert.equal((await listed(baseUrl))?.lastUsedAtMs, null);
    assert.equal((await call(baseUrl, '/internal/stats', key)).status, 403);
    const usage = await call(baseUrl, '/v1/usage', key);
    assert.equal(usage.status, 200);
    assert.equal(((await usage.json()) as { client: string }).client, name);
    const lastUsedAtMs = (await listed(baseUrl))?.lastUsedAtMs ?? 0;
    assert.ok(Math.abs(Date.now() - lastUsedAtMs) < 60_000);

    await vscode.commands.executeCommand('lingmaGateway.restart');
    const again = await readyGateway();
    assert.equal((await call(again.baseUrl, '/v1/usage', key)).status, 200, 'it is kept');

    const path = `/internal/keys/${encodeURIComponent(name)}`;
    assert.equal((await call(again.baseUrl, path, apiKey, 'DELETE')).status, 200);
    assert.equal((await call(again.baseUrl, '/v1/usage', key)).status, 401);
    await vscode.commands.executeCommand('lingmaGateway.restart');
    const last = await readyGateway();
    assert.equal((await call(last.baseUrl, '/v1/usage', key)).status, 401, 'it stays revoked');
    assert.equal(await listed(last.baseUrl), undefined);
  });
});
