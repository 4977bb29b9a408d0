import * as vscode from 'vscode';
import { environmentOf } from '../clients/environment';
import { displayName } from '../ids';
import type { SetupDependencies } from './dependencies';

/** Milliseconds after which the terminal opens without the name of a model. */
const MODELS_MS = 5_000;

/** “Open terminal with gateway environment”: clients started in it need no configuration. */
export async function openTerminal(deps: SetupDependencies): Promise<void> {
  const connection = await deps.source.connection();
  if (!connection) {
    await deps.sayNotRunning();
    return;
  }
  const models = await deps.source
    .models(AbortSignal.timeout(MODELS_MS))
    .catch((): undefined => undefined);
  const terminal = vscode.window.createTerminal({
    name: displayName,
    iconPath: new vscode.ThemeIcon('zap'),
    env: {
      ...environmentOf({ ...connection, model: models?.[0]?.id }),
      // Claude Code would warn of two keys; the user's own one is not for this gateway.
      ANTHROPIC_API_KEY: null,
    },
    message: vscode.l10n.t(
      'Clients of OpenAI and Anthropic that are started here use Lingma at {0}.',
      connection.baseUrl,
    ),
    // The key and the port are those of now: a terminal that VS Code brings back may have neither.
    isTransient: true,
  });
  terminal.show();
}
