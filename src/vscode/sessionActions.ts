import * as vscode from 'vscode';
import { toGatewayError } from '../base/errors';
import type { HostedGateway } from './hostedGateway';
import { complain, inform } from './notify';

/** Forgets a session; says so when that was not possible, and why. Never rejects. */
export async function evictSession(
  gateway: Pick<HostedGateway, 'evictSession'> | undefined,
  id: string,
): Promise<void> {
  try {
    if (!gateway) {
      await inform(vscode.l10n.t('Lingma Gateway is not running.'));
    } else if (!(await gateway.evictSession(id))) {
      await inform(
        vscode.l10n.t(
          'Conversation {0} was not evicted: a request is using it, or it is gone already.',
          id,
        ),
      );
    }
  } catch (error) {
    await complain(
      vscode.l10n.t('Conversation {0} was not evicted. {1}', id, toGatewayError(error).message),
    );
  }
}
