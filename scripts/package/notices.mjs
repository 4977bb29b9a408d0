// @ts-check
/** The licences of what the bundles contain from other people, as the VSIX carries them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** @import { Metafile } from 'esbuild' */

const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-]|$)/i;
const RULE = '-'.repeat(80);

/**
 * The folders of the npm packages of which something ends in one of the bundles, sorted.
 * @param {readonly Metafile[]} metafiles
 * @param {(output: string) => boolean} counts Whether a bundle counts, by its path.
 */
export function bundledPackages(metafiles, counts) {
  const folders = metafiles
    .flatMap(({ outputs }) => Object.entries(outputs))
    .filter(([output]) => counts(output))
    .flatMap(([, { inputs }]) =>
      Object.entries(inputs)
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([input]) => packageFolder(input)),
    );
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort();
}

/**
 * `a/node_modules/@scope/name/lib/x.js` → `a/node_modules/@scope/name`; undefined for our own files.
 * @param {string} file
 */
function packageFolder(file) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

/**
 * The text with name, version and licence of each package. Throws for one whose licence text is not
 * known: then somebody has to look before it is shipped.
 * @param {string} root
 * @param {readonly string[]} folders
 */
export function renderNotices(root, folders) {
  const parts = folders.map((folder) => {
    const full = path.join(root, folder);
    const manifest = JSON.parse(readFileSync(path.join(full, 'package.json'), 'utf8'));
    const { name, version, license } = manifest;
    return `${RULE}\n${name} ${version} (${license})\n${RULE}\n\n${licenceText(full, manifest)}\n`;
  });
  return [
    'Lingma Gateway contains the following software, each under its own licence.\n',
    ...parts,
  ].join('\n');
}

/**
 * @param {string} folder
 * @param {{ name: string, version: string, license?: string, author?: string }} manifest
 */
function licenceText(folder, { name, version, license, author }) {
  const texts = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  if (texts.length > 0) return texts.join('\n\n');
  // Some packages only name it; the MIT licence has one wording, and the holder is the author.
  if (license === 'MIT' && typeof author === 'string') return mitText(author);
  throw new Error(`${name} ${version} has no licence text in ${folder}.`);
}

/** @param {string} holder */
function mitText(holder) {
  return `Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;
}
