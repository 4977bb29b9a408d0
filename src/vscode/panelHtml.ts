/** The dashboard's page. Pure text, so that its content security policy is tested without VS Code. */
import type { PageLayout } from '../dashboard/protocol';

export interface PanelPage {
  readonly layout: PageLayout;
  /** The origin that VS Code serves the style sheet from. */
  readonly cspSource: string;
  readonly nonce: string;
  readonly scriptUri: string;
  readonly styleUri: string;
  /** BCP 47 tag of the words in `bundle`. */
  readonly language: string;
  readonly title: string;
  /** English message → translation, from `vscode.l10n.bundle`. */
  readonly bundle: Readonly<Record<string, string>>;
}

/** The whole document: it loads one style sheet and one script, and nothing else may load or run. */
export function renderPanelHtml(page: PanelPage): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${page.nonce}'`,
    `style-src ${page.cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${escapeHtml(page.language)}">
  <head>
    <meta charset="UTF-8" />
    <meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1.0" />
    <title>${escapeHtml(page.title)}</title>
    <link rel="stylesheet" href="${escapeHtml(page.styleUri)}" />
  </head>
  <body>
    <main id="root" data-layout="${page.layout}" data-l10n="${escapeHtml(JSON.stringify(page.bundle))}"></main>
    <script nonce="${escapeHtml(page.nonce)}" src="${escapeHtml(page.scriptUri)}"></script>
  </body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
