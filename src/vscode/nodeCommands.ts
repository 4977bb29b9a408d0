/** Commands on one instance or conversation: chosen in the tree, or else asked for. */
import * as vscode from 'vscode';
import { snapshotOf } from '../dashboard/protocol';
import type { ActivityFeed } from './activityFeed';
import type { GatewayController } from './controller';
import type { Node } from './conversationsModel';
import type { HostedGateway } from './hostedGateway';
import type { CommandName } from './ids';
import { instancePicks } from './instancePicks';
import { inform } from './notify';
import { evictSession } from './sessionActions';

export interface NodeCommandDependencies {
  readonly controller: GatewayController;
  readonly feed: ActivityFeed;
  readonly sayNotRunning: () => Promise<void>;
}

type NodeCommand = Extract<CommandName, 'restartInstance' | 'drainInstance' | 'evictConversation'>;

/** By name; the argument is the tree's node, or nothing from the palette. */
export function nodeCommands({
  controller,
  feed,
  sayNotRunning,
}: NodeCommandDependencies): Record<NodeCommand, (node?: unknown) => Promise<void>> {
  return {
    restartInstance: async (node) => {
      const id = nodeId('instance', node);
      if (id !== undefined) {
        await controller.actOnInstance('restart', id);
        return;
      }
      const snapshot = snapshotOf(controller.state);
      if (!snapshot || snapshot.instances.length === 0) {
        await sayNotRunning();
        return;
      }
      const pick = await vscode.window.showQuickPick(instancePicks(snapshot, vscode.l10n.t), {
        placeHolder: vscode.l10n.t('Choose the instance that gets a new process'),
      });
      if (pick) await controller.actOnInstance(pick.action, pick.id);
    },
    drainInstance: async (node) => {
      const id = nodeId('instance', node);
      if (id !== undefined) await controller.actOnInstance('drain', id);
    },
    evictConversation: async (node) => {
      const gateway = controller.serving;
      if (!gateway) {
        await sayNotRunning();
        return;
      }
      const id = nodeId('session', node) ?? (await pickSession(gateway));
      if (id === undefined) return;
      await evictSession(gateway, id);
      feed.refresh();
    },
  };
}

/** The id of what a menu of the tree was opened on; undefined for anything else. */
function nodeId(kind: Node['kind'], value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  if (value.kind !== kind || !('id' in value)) return undefined;
  return typeof value.id === 'string' ? value.id : undefined;
}

/** Has the user choose among the conversations that no turn runs on. */
async function pickSession(gateway: HostedGateway): Promise<string | undefined> {
  const { sessions } = await gateway.activity();
  const picks = sessions
    .filter(({ state }) => state === 'idle')
    .map(({ id, agent, client, model, instanceId }) => ({
      label: agent ?? client,
      description: [id, model, instanceId].join(' · '),
      id,
    }));
  if (picks.length === 0) {
    await inform(vscode.l10n.t('There is no idle conversation to evict.'));
    return undefined;
  }
  const placeHolder = vscode.l10n.t('Choose the conversation whose session is forgotten');
  return (await vscode.window.showQuickPick(picks, { placeHolder }))?.id;
}
