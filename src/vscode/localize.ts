/**
 * `vscode.l10n.t` as a dependency: `{0}`, `{1}` … in the message stand for the arguments. Injected,
 * so that what only composes words runs, and is tested, without VS Code.
 */
export type Localize = (message: string, ...args: (string | number)[]) => string;
