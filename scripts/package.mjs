// @ts-check
/**
 * `npm run package`: builds for production and makes dist/lingma-gateway-VERSION.vsix, with the
 * licences of everything that is bundled. Prints what is in it; ends with code 1, and without the
 * file, when it breaks a rule of scripts/package/rules.mjs.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundledPackages, renderNotices } from './package/notices.mjs';
import { brokenRules } from './package/rules.mjs';
import { renderSbom } from './package/sbom.mjs';
import { listZip } from './package/zip.mjs';
import { packageExtension } from './vscode/build.mjs';
import { root } from './vscode/paths.mjs';

/** @import { Metafile } from 'esbuild' */

const dist = path.join(root, 'dist');

/** @param {number} bytes */
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;

execFileSync(process.execPath, ['esbuild.mjs', '--production', '--meta'], {
  cwd: root,
  stdio: 'inherit',
});
/** @type {Metafile[]} */
const metafiles = JSON.parse(readFileSync(path.join(dist, 'meta.json'), 'utf8'));
const bundles = metafiles.flatMap(({ outputs }) =>
  Object.keys(outputs).filter((output) => output.endsWith('.js')),
);
const packages = [
  ...bundledPackages(metafiles, (output) => output !== 'dist/headless.js'),
  // Its data is in dist/tokenizer.bin, of which the bundler knows nothing.
  'node_modules/gpt-tokenizer',
].sort();
writeFileSync(path.join(dist, 'ThirdPartyNotices.txt'), renderNotices(root, packages));

const product = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const { packages: locked } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
writeFileSync(path.join(dist, 'sbom.cdx.json'), renderSbom({ product, locked, folders: packages }));

const { name, version } = product;
const vsix = path.join(dist, `${name}-${version}.vsix`);
await packageExtension(vsix);

// In a process of its own, with a stub where VS Code would be: what is loaded is seen, not guessed.
const activation = execFileSync(
  process.execPath,
  [
    path.join(root, 'test', 'bench', 'stubHost.mjs'),
    path.join(dist, 'extension.js'),
    path.join(root, 'package.json'),
  ],
  { encoding: 'utf8' },
);
/** @type {string[]} */
const loaded = JSON.parse(activation).loaded;
const atActivation = loaded.map((file) => ({
  name: file,
  bytes: statSync(path.join(dist, file)).size,
}));

const archive = readFileSync(vsix);
const entries = listZip(archive);
for (const entry of [...entries].sort((left, right) => right.packed - left.packed)) {
  console.log(`${kib(entry.packed).padStart(11)} ${kib(entry.bytes).padStart(12)}  ${entry.name}`);
}
console.log(
  `\nbundled: ${packages.map((folder) => folder.replace(/^.*node_modules\//, '')).join(', ')}`,
);
console.log(
  `at activation: ${atActivation.map((one) => `${one.name} ${kib(one.bytes)}`).join(', ')}`,
);
console.log(`${path.relative(root, vsix)}: ${entries.length} files, ${kib(archive.length)}`);

const broken = brokenRules({
  entries,
  vsixBytes: archive.length,
  allowList: readFileSync(path.join(root, '.vscodeignore'), 'utf8'),
  bundles: bundles.map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') })),
  atActivation,
});
for (const line of broken) console.error(line);
if (broken.length > 0) {
  rmSync(vsix);
  process.exitCode = 1;
}
