/** What child processes see of our environment. */

/**
 * VS Code's and Electron's own variables would change how a child of the extension host runs, and
 * the keys of our API are no business of a program behind it. In any case: Windows does not tell
 * them apart.
 */
function isWithheld(name: string): boolean {
  return /^(VSCODE_.*|ELECTRON_.*|NODE_OPTIONS|LINGMA_GATEWAY_(API_KEY|CLIENT_KEYS))$/i.test(name);
}

/** The environment for a program of the user's. */
export function programEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isWithheld(name)));
}

/** The environment for our own scripts, which run on this very executable even if it is Electron. */
export function nodeEnvironment(): NodeJS.ProcessEnv {
  return { ...programEnvironment(), ELECTRON_RUN_AS_NODE: '1' };
}
