/** The extension under test, as another extension reaches it. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { GatewayStats, LingmaGatewayApi, LingmaGatewayExports } from '../../../src/api';
import type { Endpoint } from '../support/conversation';
import { eventually } from '../support/eventually';

export const extensionId = 'lingma-gateway.lingma-gateway';

export async function activatedExports(): Promise<LingmaGatewayExports> {
  const extension = vscode.extensions.getExtension<LingmaGatewayExports>(extensionId);
  assert.ok(extension, `${extensionId} is installed`);
  return extension.activate();
}

export async function api(): Promise<LingmaGatewayApi> {
  return (await activatedExports()).getAPI(1);
}

/** Waits until the gateway serves, starting it when an earlier test has stopped it. */
export async function readyGateway(): Promise<Endpoint & { readonly stats: GatewayStats }> {
  const gateway = await api();
  if (gateway.stats() === undefined) await vscode.commands.executeCommand('lingmaGateway.start');
  return eventually('the gateway is ready', async () => {
    const { state } = gateway;
    const stats = gateway.stats();
    if (state.kind !== 'ready' || !stats) return undefined;
    if (!stats.instances.every((instance) => instance.state === 'ready')) return undefined;
    return { stats, baseUrl: state.baseUrl, apiKey: await gateway.apiKey() };
  });
}

/** The ids of the processes that stand behind the gateway. */
export function processIds(stats: GatewayStats): number[] {
  const pids = stats.instances.map(({ pid }) => pid).filter((pid) => pid !== null);
  assert.equal(pids.length, stats.instances.length, 'every instance has a process');
  return pids;
}
