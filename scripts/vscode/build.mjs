// @ts-check
/** What the runs need beside dist/: the compiled host tests and the packaged extension. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { run } from './processes.mjs';
import { hostTests, root } from './paths.mjs';

/**
 * Compiles test/vscode/host: the extension host loads plain CommonJS, not TypeScript.
 */
export async function buildHostTests() {
  await rm(hostTests, { recursive: true, force: true });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['test/vscode/host/index.ts', 'test/vscode/host/*.test.ts'],
    outdir: hostTests,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    external: ['vscode'],
    packages: 'external',
    sourcemap: 'linked',
    logLevel: 'warning',
  });
}

/**
 * Packages dist/ as people install it and returns the file's path.
 * @param {string} vsix Where the package goes.
 */
export async function packageExtension(vsix) {
  const vsce = path.join(root, 'node_modules', '@vscode', 'vsce', 'vsce');
  await run(
    process.execPath,
    [
      vsce,
      'package',
      '--no-dependencies',
      // This package stays on this machine, where no repository serves the README's pictures.
      '--allow-missing-repository',
      '--no-rewrite-relative-links',
      '--out',
      vsix,
    ],
    { cwd: root },
  );
  return vsix;
}
