import * as vscode from 'vscode';
import { settingIds } from './ids';
import { confirmed } from './notify';

/**
 * Turns the keeping of texts on or off in the settings. On, it first says what that means: what
 * people talk about with a model is theirs.
 */
export async function toggleCapture(): Promise<void> {
  const settings = vscode.workspace.getConfiguration();
  const on = settings.get<boolean>(settingIds.captureBodies, false);
  if (!on) {
    const agreed = await confirmed(
      vscode.l10n.t('Keep the texts of requests and answers?'),
      vscode.l10n.t(
        'They are kept for the latest requests, in memory only, so that the dashboard can show them. Keys and images are left out. They are gone when you turn this off, or when the gateway ends.',
      ),
      vscode.l10n.t('Keep Texts'),
    );
    if (!agreed) return;
  }
  await settings.update(settingIds.captureBodies, !on, vscode.ConfigurationTarget.Global);
}
