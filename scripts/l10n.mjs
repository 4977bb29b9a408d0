// @ts-check
/**
 * `npm run l10n`: what the translations lack, one line each, and code 1 when there is something.
 * `-- --missing` prints what has to be translated as JSON, to be filled in and merged.
 */
import path from 'node:path';
import { defects, filesOf, languages, readTable } from './l10n/languages.mjs';
import { extractMessages } from './l10n/messages.mjs';

const root = path.resolve(import.meta.dirname, '..');
const { messages, problems } = extractMessages(root);
const said = new Map([...messages.keys()].map((message) => [message, message]));
const manifest = /** @type {Map<string, string>} */ (readTable(root, 'package.nls.json'));

const found = [...problems];
for (const language of languages) {
  const files = filesOf(language);
  for (const [file, english] of /** @type {const} */ ([
    [files.manifest, manifest],
    [files.messages, said],
  ])) {
    const translated = readTable(root, file);
    found.push(...defects(file, english, translated));
    if (process.argv.includes('--missing')) {
      const missing = [...english].filter(([key]) => !translated.has(key));
      console.log(`${file}\n${JSON.stringify(Object.fromEntries(missing), null, 2)}`);
    }
  }
}
if (!process.argv.includes('--missing')) for (const line of found) console.log(line);
process.exitCode = found.length > 0 ? 1 : 0;
