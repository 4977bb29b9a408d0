// @ts-check
/** How mocha's numbers travel from another process to the runner. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Written by test/vscode/support/runMocha.ts.
 * @typedef {{ passed: number, failed: number, skipped: number }} Tally
 */

/** Milliseconds after which a suite that has not ended is given up: a hang, even on a busy machine. */
export const suiteTimeout = 1_800_000;

/** Names the folder that receives `result.json` and `mocha.log`. */
export const resultsVariable = 'LINGMA_GATEWAY_TEST_RESULTS';
/** Runs only the tests whose full title matches, like mocha's `--grep`. */
export const grepVariable = 'LINGMA_GATEWAY_TEST_GREP';
/** Names a folder with the installed extension, for tests that start their own VS Code. */
export const extensionsVariable = 'LINGMA_GATEWAY_TEST_EXTENSIONS';

/**
 * The numbers of a finished run, or null when mocha never came to its end. Only this file says so:
 * VS Code reports exit code 0 for an extension host that was killed.
 * @param {string} folder
 * @returns {Tally | null}
 */
export function readTally(folder) {
  const file = path.join(folder, 'result.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

/**
 * What mocha printed so far.
 * @param {string} folder
 */
export function readLog(folder) {
  const file = path.join(folder, 'mocha.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * The sum; a suite that never finished counts as one failure.
 * @param {readonly (Tally | null)[]} tallies
 * @returns {Tally}
 */
export function total(tallies) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const tally of tallies) {
    const { passed, failed, skipped } = tally ?? { passed: 0, failed: 1, skipped: 0 };
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

/**
 * The line that closes a run.
 * @param {Tally} tally
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
