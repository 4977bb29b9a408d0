// @ts-check
/**
 * Runs the workbench tests: mocha in a process of its own, which drives VS Code from outside with
 * the packaged extension installed, as a person would have it.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { packageExtension } from './build.mjs';
import { step } from './log.mjs';
import { root } from './paths.mjs';
import { cleanEnvironment } from './processes.mjs';
import { extensionsVariable, suiteTimeout } from './results.mjs';
import { installExtension } from './server.mjs';

/** @import { ServerProduct } from './install.mjs' */
/** @import { Profile } from './profile.mjs' */

/**
 * @param {ServerProduct} product
 * @param {Profile} profile Receives the extension; every test copies it into its own profile.
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<string>} Why the run ended.
 */
export async function runWorkbenchSuite(product, profile, environment) {
  await step('Packaging and installing the extension', async () => {
    const vsix = path.join(profile.folder, 'extension.vsix');
    await installExtension(product, profile, await packageExtension(vsix));
  });
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', path.join(root, 'test', 'vscode', 'workbench', 'index.ts')],
    {
      cwd: root,
      env: cleanEnvironment({ ...environment, [extensionsVariable]: profile.extensions }),
      // Output goes to mocha.log like the host's, so that the runner prints both the same way.
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  return new Promise((resolve, reject) => {
    // SIGTERM lets the process end the servers it started.
    const timer = setTimeout(() => child.kill('SIGTERM'), suiteTimeout);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(`the test process ended with ${signal ?? `code ${code}`}`);
    });
  });
}
