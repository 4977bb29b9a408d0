// @ts-check
/** Desktop VS Code, where its download is reachable and there is a display to show it on. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { cacheFolder, vscodeVersion } from './install.mjs';
import { messageOf, say } from './log.mjs';
import { hostTests, root } from './paths.mjs';
import { cleanEnvironment } from './processes.mjs';
import { suiteTimeout } from './results.mjs';

/** @import { ProgressReporter } from '@vscode/test-electron/out/progress.js' */
/** @import { Profile } from './profile.mjs' */

/**
 * @typedef {object} DesktopProduct
 * @property {string} executable
 * @property {string} version
 * @property {readonly string[]} wrapper A command that lends the executable a display; mostly empty.
 */

/** How long the download may take to begin; a firewall that swallows packets is found out by it. */
const firstResponse = 20_000;

/**
 * The desktop product; rejects with the reason where it cannot be had.
 * @returns {Promise<DesktopProduct>}
 */
export async function installDesktop() {
  const wrapper = displayWrapper();
  return { executable: await download(), version: vscodeVersion, wrapper };
}

/**
 * Command line that runs the product with `args`.
 * @param {DesktopProduct} product
 * @param {readonly string[]} args
 * @returns {[command: string, ...args: string[]]}
 */
export function desktopCommand(product, args) {
  const [command, ...rest] = [...product.wrapper, product.executable, ...args];
  return [command ?? product.executable, ...rest];
}

/**
 * Flags that keep a run inside its profile.
 * @param {Profile} profile
 */
export function profileArguments(profile) {
  return [
    profile.workspace,
    `--user-data-dir=${profile.userData}`,
    `--extensions-dir=${profile.extensions}`,
  ];
}

/**
 * Resolves with why the run ended.
 * @param {DesktopProduct} product
 * @param {Profile} profile
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<string>}
 */
export async function runDesktopHostSuite(product, profile, environment) {
  const [command, ...launchArgs] = desktopCommand(product, profileArguments(profile));
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((/** @type {(why: string) => void} */ resolve) => {
    timer = setTimeout(resolve, suiteTimeout, `no end after ${suiteTimeout / 1000} s`);
  });
  const tests = runTests({
    vscodeExecutablePath: command,
    launchArgs,
    extensionDevelopmentPath: root,
    extensionTestsPath: path.join(hostTests, 'index.js'),
    extensionTestsEnv: cleanEnvironment(environment),
  }).then((code) => `VS Code ended with code ${code}`, messageOf);
  return Promise.race([tests, late]).finally(() => clearTimeout(timer));
}

/**
 * Linux needs a display; `xvfb-run` lends one.
 * @returns {string[]}
 */
function displayWrapper() {
  if (process.platform !== 'linux') return [];
  if (process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']) return [];
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const xvfb = folders
    .map((folder) => path.join(folder, 'xvfb-run'))
    .find((file) => existsSync(file));
  if (xvfb) return [xvfb, '--auto-servernum'];
  throw new Error('there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set, no xvfb-run');
}

/**
 * @returns {Promise<string>}
 */
async function download() {
  /** @type {() => void} */
  let begun = () => undefined;
  const beginning = new Promise((/** @type {(value: null) => void} */ resolve) => {
    begun = () => resolve(null);
  });
  /** @type {ProgressReporter} */
  const reporter = {
    report({ stage }) {
      if (stage === 'downloading' || stage === 'foundMatchingInstall') begun();
    },
    error: (error) => say(`desktop VS Code: ${messageOf(error)}`),
  };
  const executable = downloadAndUnzipVSCode({
    version: vscodeVersion,
    cachePath: path.join(cacheFolder(), 'vscode-desktop'),
    timeout: firstResponse,
    reporter,
  });
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`its download did not begin within ${firstResponse / 1000} s`));
    }, firstResponse);
  });
  try {
    await Promise.race([executable, beginning, tooLate]);
  } finally {
    clearTimeout(timer);
  }
  return executable;
}
