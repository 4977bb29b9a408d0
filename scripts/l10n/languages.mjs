// @ts-check
/** The languages besides English, and what is wrong with a translation. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { placeholders } from './messages.mjs';

/** As VS Code names them: in the names of the files, and as `vscode.env.language`. */
export const languages = ['zh-cn'];

/**
 * The translations of what package.json shows, and of every other message.
 * @param {string} language
 */
export function filesOf(language) {
  return {
    manifest: `package.nls.${language}.json`,
    messages: `media/l10n/bundle.l10n.${language}.json`,
  };
}

/**
 * What keeps a table from being complete: one line each, none when all is well.
 * @param {string} file Names the table.
 * @param {ReadonlyMap<string, string>} english Key → English words.
 * @param {ReadonlyMap<string, unknown>} translated Key → words in the other language.
 */
export function defects(file, english, translated) {
  const missing = [...english].filter(([key]) => !translated.has(key));
  const superfluous = [...translated.keys()].filter((key) => !english.has(key));
  const unlike = [...english].filter(([key, words]) => {
    const other = translated.get(key);
    return other !== undefined && !fits(words, other);
  });
  return [
    ...missing.map(([key]) => `${file}: missing ${JSON.stringify(key)}`),
    ...superfluous.map((key) => `${file}: nobody says ${JSON.stringify(key)}`),
    ...unlike.map(([key]) => `${file}: not the same placeholders in ${JSON.stringify(key)}`),
  ];
}

/**
 * @param {string} words
 * @param {unknown} translation
 */
function fits(words, translation) {
  return (
    typeof translation === 'string' &&
    translation.trim() !== '' &&
    placeholders(words).join() === placeholders(translation).join() &&
    constants(words).join() === constants(translation).join()
  );
}

/**
 * What is the same in every language, sorted: code in backquotes, and where links lead.
 * @param {string} words
 */
function constants(words) {
  return [...words.matchAll(/`[^`]*`|\]\([^)]*\)/g)].map(([constant]) => constant).sort();
}

/**
 * A JSON object of strings.
 * @param {string} root
 * @param {string} file
 * @returns {Map<string, unknown>}
 */
export function readTable(root, file) {
  return new Map(Object.entries(JSON.parse(readFileSync(path.join(root, file), 'utf8'))));
}
