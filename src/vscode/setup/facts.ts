/** What a command tells a client, asked for when the user wants it. */
import * as vscode from 'vscode';
import type { ClientFacts } from '../clients/client';
import { complain } from '../notify';
import type { SetupDependencies } from './dependencies';
import { type FileObstacle, UnusableFile } from './files';

const OBSTACLE_TEXTS: Readonly<Record<FileObstacle, () => string>> = {
  notAFile: () => vscode.l10n.t('What is there is no ordinary file.'),
  tooLarge: () => vscode.l10n.t('The file is too large for a configuration.'),
  readOnly: () => vscode.l10n.t('The file is read-only.'),
};

/** Milliseconds Lingma may take to list its models. */
const MODELS_MS = 20_000;

/** Undefined, and the user told why, when there is no gateway or it does not know its models. */
export async function factsForClients(deps: SetupDependencies): Promise<ClientFacts | undefined> {
  const connection = await deps.source.connection();
  if (!connection) {
    await deps.sayNotRunning();
    return undefined;
  }
  const title = vscode.l10n.t('Asking Lingma for its models');
  const location = vscode.ProgressLocation.Window;
  try {
    const models = await vscode.window.withProgress({ location, title }, () =>
      deps.source.models(AbortSignal.timeout(MODELS_MS)),
    );
    const [first, ...others] = models ?? [];
    if (first) return { ...connection, models: [first, ...others] };
    await deps.sayNotRunning();
  } catch (error) {
    void complain(vscode.l10n.t('The models of Lingma are not known. {0}', messageOf(error)));
  }
  return undefined;
}

/** What an error says, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof UnusableFile) return OBSTACLE_TEXTS[error.obstacle]();
  return error instanceof Error ? error.message : String(error);
}
