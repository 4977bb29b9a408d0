import { arch, homedir, release, type as osType } from 'node:os';
import * as vscode from 'vscode';
import { displayName } from '../ids';
import { inform } from '../notify';
import type { SetupDependencies } from './dependencies';
import { renderDiagnostics } from './diagnostics';

/** “Copy diagnostics”: works in every state, also where no gateway has ever started. */
export async function copyDiagnostics(deps: SetupDependencies): Promise<void> {
  const connection = await deps.source.connection().catch(() => undefined);
  const text = renderDiagnostics({
    versions: {
      [displayName]: deps.extensionVersion,
      [vscode.env.appName]: `${vscode.version} (${vscode.env.appHost})`,
      Kind: vscode.env.uiKind === vscode.UIKind.Web ? 'web' : 'desktop',
      Remote: vscode.env.remoteName ?? 'none',
      'Node.js': process.version,
      System: `${osType()} ${release()} ${arch()}`,
      Language: vscode.env.language,
      'Trusted workspace': String(vscode.workspace.isTrusted),
    },
    settings: deps.settings(),
    state: deps.state(),
    log: deps.recentLog(),
    hidden: { home: homedir(), secrets: connection ? [connection.apiKey] : [] },
  });
  await vscode.env.clipboard.writeText(text);
  void inform(
    vscode.l10n.t('The diagnostics are on the clipboard, without keys and conversations.'),
  );
}
