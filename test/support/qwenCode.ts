/**
 * A third party's agent for the tests: Qwen Code from the npm registry, installed once per version
 * into the cache folder outside the repository.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cacheFolder } from '../../scripts/vscode/install.mjs';

/** The newest that runs under Node 20; later ones want Node 22. */
const VERSION = '0.15.10';
const ATTEMPTS = 3;

const run = promisify(execFile);

/** The path of its program, installed first when this machine does not have it. */
export async function installQwenCode(): Promise<string> {
  const folder = path.join(cacheFolder(), `qwen-code-${VERSION}`);
  const program = path.join(folder, 'node_modules', '@qwen-code', 'qwen-code', 'cli.js');
  // The folder gets its name only when the install was complete.
  if (!existsSync(folder)) await install(folder);
  return program;
}

async function install(folder: string): Promise<void> {
  const staging = `${folder}.${process.pid}.tmp`;
  await mkdir(staging, { recursive: true });
  try {
    await writeFile(path.join(staging, 'package.json'), '{ "private": true }\n');
    for (let attempt = 1; ; attempt++) {
      try {
        await npmInstall(staging);
        break;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await sleep(5_000 * attempt);
      }
    }
    await rename(staging, folder).catch((error: unknown) => {
      // Another run was faster and has put the same thing there.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Without scripts and optional packages: its native terminal is of no use here. */
async function npmInstall(cwd: string): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const lean = ['--ignore-scripts', '--omit=optional'];
  await run('npm', ['install', ...lean, ...quiet, `@qwen-code/qwen-code@${VERSION}`], {
    cwd,
    timeout: 120_000,
  });
}
