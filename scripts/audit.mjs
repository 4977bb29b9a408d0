// @ts-check
/**
 * `npm run audit`, after `npm run package`: what docs/operations.md says of the supply chain. Ends
 * with code 1 when something is wrong with the lockfile or with what is bundled.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditFindings, brokenLockRules, knownFlaws } from './audit/rules.mjs';
import { root } from './vscode/paths.mjs';

const ATTEMPTS = 3;

/** @param {string} file */
const read = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

/** @type {{ name: string, version: string }[]} */
const bundled = read('dist/sbom.cdx.json').components;
const problems = [
  ...brokenLockRules(read('package-lock.json').packages),
  ...knownFlaws(bundled, read('scripts/audit/known.json')),
];

const asked = await askRegistry();
if (asked) problems.push(...asked);
else
  console.log('The registry does not answer npm audit; the known flaws are all that was checked.');

for (const line of problems) console.error(line);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${bundled.length} bundled packages: nothing is wrong with them.`);

/** Undefined when the registry has no such service, or cannot be reached. */
async function askRegistry() {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { stdout } = spawnSync('npm', ['audit', '--json'], {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
      timeout: 60_000,
    });
    const findings = auditFindings(parse(stdout), bundled);
    if (findings) return findings;
    if (attempt < ATTEMPTS) await sleep(attempt * 2_000);
  }
  return undefined;
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
