// @ts-check
/** Starts and stops the server build, and installs extensions into its profiles. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../ports.mjs';
import { cleanEnvironment, run, startGroup } from './processes.mjs';

/** @import { ServerProduct } from './install.mjs' */
/** @import { Profile } from './profile.mjs' */

/**
 * @typedef {object} RunningServer
 * @property {number} pid
 * @property {string} url
 * @property {Promise<string>} exited
 * @property {() => Promise<void>} stop
 * @property {(payload?: readonly (readonly [string, string])[]) => string} workbenchUrl
 *   Address of the profile's workspace; the payload carries what command-line flags do on desktop.
 * @property {(file: string) => string} remoteUri A file of this machine as the workbench names it.
 */

const startTimeout = 60_000;

/**
 * @param {ServerProduct} product
 * @param {Profile} profile
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.environment] Variables for the extension host.
 * @param {boolean} [options.acceptPayload] The built workbench ignores the payload of its address
 *   unless it runs under the smoke test driver, which in turn hides notifications.
 * @returns {Promise<RunningServer>}
 */
export async function startServer(product, profile, options = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logFile = path.join(profile.folder, 'server.log');
  const args = [
    ...commonArguments(product, profile),
    '--session-socket',
    path.join(profile.folder, 'session.sock'),
    '--bind-addr',
    `127.0.0.1:${port}`,
    '--auth',
    'none',
    ...(options.acceptPayload ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-workspace-trust',
    '--disable-getting-started-override',
  ];
  const env = cleanEnvironment(options.environment);
  const group = startGroup(product.node, args, { cwd: profile.workspace, env, logFile });
  try {
    await becomeHealthy(url, group.exited, logFile);
  } catch (error) {
    await group.stop();
    throw error;
  }
  return {
    ...group,
    url,
    remoteUri: (file) => `vscode-remote://127.0.0.1:${port}${file}`,
    workbenchUrl(payload) {
      const query = new URLSearchParams({ folder: profile.workspace });
      if (payload) query.set('payload', JSON.stringify([...payload, ['skipWelcome', 'true']]));
      return `${url}/?${query.toString()}`;
    },
  };
}

/**
 * @param {ServerProduct} product
 * @param {Profile} profile
 * @param {string} vsix
 */
export async function installExtension(product, profile, vsix) {
  await run(
    product.node,
    [...commonArguments(product, profile), '--install-extension', vsix, '--force'],
    { env: cleanEnvironment() },
  );
}

/**
 * @param {ServerProduct} product
 * @param {Profile} profile
 */
function commonArguments(product, profile) {
  // Without a file of its own it would read, or write, the user's.
  const config = path.join(profile.folder, 'config.yaml');
  writeFileSync(config, 'auth: none\n');
  return [
    product.entry,
    '--config',
    config,
    '--user-data-dir',
    profile.userData,
    '--extensions-dir',
    profile.extensions,
  ];
}

/**
 * @param {string} url
 * @param {Promise<string>} exited
 * @param {string} logFile
 */
async function becomeHealthy(url, exited, logFile) {
  /** @type {string | undefined} */
  let end;
  void exited.then((how) => (end = how));
  const deadline = performance.now() + startTimeout;
  for (;;) {
    const healthy = await fetch(`${url}/healthz`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    const late = performance.now() > deadline;
    if (late || end !== undefined) {
      const why = late ? `did not answer within ${startTimeout / 1000} s` : `ended with ${end}`;
      const log = readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n');
      throw new Error(`The VS Code server ${why}:\n${log}`);
    }
    await sleep(50);
  }
}
