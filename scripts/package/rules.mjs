// @ts-check
/** What a VSIX must keep to. */

/** @import { ZipEntry } from './zip.mjs' */

export const MAX_VSIX_BYTES = 1.5 * 1024 * 1024;
export const MAX_ACTIVATION_BYTES = 150 * 1024;

/** Bundles that the build makes and VS Code has no use for. */
const NOT_SHIPPED = ['dist/headless.js'];

/** Whoever can put text there could run it. */
const MAKES_CODE = /(?<![\w$.])eval\s*\(|(?<![\w$.])(?:new\s+)?Function\s*\(/;
const LOADS_REMOTELY = /(?<![\w$.])(?:import|importScripts|require)\s*\(\s*["'`]https?:/;

/** What vsce adds by itself, and how it names what it renames. */
const BY_VSCE = ['[Content_Types].xml', 'extension.vsixmanifest'];
const RENAMED = new Map([
  ['README.md', 'readme.md'],
  ['CHANGELOG.md', 'changelog.md'],
  ['LICENSE', 'LICENSE.txt'],
]);

/**
 * What is wrong with a package: one line each, none when all is well.
 * @param {object} found
 * @param {readonly ZipEntry[]} found.entries The files in the VSIX.
 * @param {number} found.vsixBytes
 * @param {string} found.allowList The text of .vscodeignore.
 * @param {readonly { file: string, text: string }[]} found.bundles Every bundle of the build, with
 *   `dist/NAME.js` as its file.
 * @param {readonly { name: string, bytes: number }[]} found.atActivation Bundles loaded by then.
 * @returns {string[]}
 */
export function brokenRules({ entries, vsixBytes, allowList, bundles, atActivation }) {
  const allowed = allowList
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1).trim())
    .map((pattern) => ({ pattern, matches: matcherOf(RENAMED.get(pattern) ?? pattern) }));
  const files = entries
    .map(({ name }) => name)
    .filter((name) => !BY_VSCE.includes(name))
    .map((name) => name.replace(/^extension\//, ''));
  const activationBytes = atActivation.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...files
      .filter((file) => !allowed.some(({ matches }) => matches(file)))
      .map((file) => `${file} is in the package, but not in .vscodeignore's list`),
    ...allowed
      .filter(({ matches }) => !files.some(matches))
      .map(({ pattern }) => `.vscodeignore lists ${pattern}, but the package has no such file`),
    ...bundles
      .filter(({ file }) => !NOT_SHIPPED.includes(file) && !files.includes(file))
      .map(({ file }) => `${file} is built, but not shipped: list it in .vscodeignore`),
    ...bundles
      .filter(({ text }) => MAKES_CODE.test(text))
      .map(({ file }) => `${file} makes code from text, with eval or Function`),
    ...bundles
      .filter(({ text }) => LOADS_REMOTELY.test(text))
      .map(({ file }) => `${file} loads code from an address`),
    ...files
      .filter((file) => /\.map$|\.test\.|(^|\/)\.env|\.pem$/.test(file))
      .map((file) => `${file} is nothing for users`),
    ...tooLarge('The package', vsixBytes, MAX_VSIX_BYTES),
    ...tooLarge('What activation loads', activationBytes, MAX_ACTIVATION_BYTES),
  ];
}

/**
 * A pattern of .vscodeignore as a test of paths; `*` stands for anything but a slash.
 * @param {string} pattern
 * @returns {(file: string) => boolean}
 */
function matcherOf(pattern) {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '[^/]*');
  const expression = new RegExp(`^${escaped}$`);
  return (file) => expression.test(file);
}

/**
 * @param {string} what
 * @param {number} bytes
 * @param {number} limit
 */
function tooLarge(what, bytes, limit) {
  return bytes < limit ? [] : [`${what} has ${bytes} bytes, and ${limit} are too many`];
}
