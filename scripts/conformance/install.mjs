// @ts-check
/** Installs the clients of the conformance run, each once per version, outside the repository. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from '../vscode/install.mjs';
import { messageOf, say, step } from '../vscode/log.mjs';
import { cleanEnvironment, isAlive, run } from '../vscode/processes.mjs';

/** @import { ClientPackages } from './clients.mjs' */

const attempts = 3;

/**
 * The folder whose node_modules holds the client.
 * @param {ClientPackages} client
 */
export function clientFolder({ name, version }) {
  return path.join(cacheFolder(), 'clients', `${name}-${version}`);
}

/**
 * The path of an installed client's program; throws when it is not there.
 * @param {ClientPackages} client
 */
export function clientProgram(client) {
  const program = path.join(clientFolder(client), 'node_modules', ...client.program);
  if (existsSync(program)) return program;
  throw new Error(
    `${client.name} ${client.version} is not installed (${program} is missing). Run ` +
      '`npm run test:conformance`, which installs it; if its folder is there, delete that first.',
  );
}

/**
 * Installs the client when this machine does not have it.
 * @param {ClientPackages} client
 */
export async function installClient(client) {
  const folder = clientFolder(client);
  // A folder gets this name only when its install was complete.
  if (!existsSync(folder)) {
    await step(`installing ${client.name} into ${folder}`, () => install(client, folder));
  }
  clientProgram(client);
}

/**
 * Installs beside `folder` and renames at the end, so that nobody ever sees half an install.
 * @param {ClientPackages} client
 * @param {string} folder
 */
async function install(client, folder) {
  await removeAbandoned(path.dirname(folder));
  const staging = `${folder}.${process.pid}.tmp`;
  await mkdir(staging, { recursive: true });
  try {
    await writeFile(path.join(staging, 'package.json'), '{ "private": true }\n');
    await npmInstall(client, staging);
    await rename(staging, folder).catch((error) => {
      // Another run was faster and has put the same thing there.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * `npm install`, again after a hiccup of the registry.
 * @param {ClientPackages} client
 * @param {string} cwd
 */
async function npmInstall({ name, version, packages }, cwd) {
  const wanted = Object.entries(packages).map((pin) => pin.join('@'));
  // No scripts: they copy binaries, or look for what this run does not use.
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-progress'];
  const args = ['install', ...quiet, '--loglevel=error', ...wanted];
  for (let attempt = 1; ; attempt++) {
    try {
      await run('npm', args, { cwd, env: cleanEnvironment() });
      return;
    } catch (error) {
      if (attempt === attempts) {
        throw new Error(
          `${name} ${version} could not be installed (${attempts} attempts).\n` +
            `${messageOf(error)}\n` +
            'Check that `npm ping` reaches your registry and that the disk has 2 GB left, then ' +
            'run this again.',
          { cause: error },
        );
      }
      say(`${name}: attempt ${attempt} failed, trying again (${messageOf(error)})`);
      await sleep(5_000 * attempt);
    }
  }
}

/**
 * Removes what killed installs left.
 * @param {string} parent
 */
async function removeAbandoned(parent) {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const pid = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      // It only takes space, so it is no reason to fail: another run may be removing it as well.
      await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
