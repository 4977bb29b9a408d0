// @ts-check
/**
 * `npm run test:vscode [-- --suite host|workbench] [-- --grep PATTERN]`: runs the tests that need
 * a real VS Code and closes with `N passed, N failed`.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildHostTests } from './vscode/build.mjs';
import { runDesktopHostSuite } from './vscode/desktop.mjs';
import { runHostSuite } from './vscode/hostSuite.mjs';
import { installServer } from './vscode/install.mjs';
import { messageOf, say } from './vscode/log.mjs';
import { exitOnSignals } from './vscode/processes.mjs';
import { exampleExtension } from './vscode/paths.mjs';
import { chooseProduct } from './vscode/product.mjs';
import { addExtension, createProfile, isolation } from './vscode/profile.mjs';
import {
  closingLine,
  grepVariable,
  readLog,
  readTally,
  resultsVariable,
  total,
} from './vscode/results.mjs';
import { runWorkbenchSuite } from './vscode/workbenchSuite.mjs';

/** @import { Profile } from './vscode/profile.mjs' */
/** @import { Tally } from './vscode/results.mjs' */

const { values: options } = parseArgs({
  options: { suite: { type: 'string' }, grep: { type: 'string' } },
});

/**
 * Runs one suite in a fresh profile, prints what mocha printed, keeps the profile on failure.
 * @param {string} title
 * @param {(profile: Profile, environment: NodeJS.ProcessEnv) => Promise<string>} suite
 * @returns {Promise<Tally | null>}
 */
async function runSuite(title, suite) {
  const profile = createProfile({ 'lingmaGateway.port': 0 });
  const results = path.join(profile.folder, 'results');
  mkdirSync(results);
  const environment = {
    [resultsVariable]: results,
    [grepVariable]: options.grep,
  };
  say(`${title}: running`);
  const ending = await suite(profile, environment).catch(messageOf);
  process.stdout.write(readLog(results));
  const tally = readTally(results);
  if (tally === null) say(`${title}: FAILED, mocha did not come to its end: ${ending}`);
  else say(`${title}: ${closingLine(tally)}`);
  if (tally === null || tally.failed > 0)
    say(`${title}: profile and logs kept in ${profile.folder}`);
  else await profile.remove();
  return tally;
}

async function main() {
  /** @type {(Tally | null)[]} */
  const tallies = [];
  const product = await chooseProduct();
  if (options.suite !== 'workbench') {
    await buildHostTests();
    tallies.push(
      await runSuite(`extension host suite (${product.kind})`, (profile, environment) => {
        addExtension(profile, exampleExtension);
        return product.kind === 'desktop'
          ? runDesktopHostSuite(product, profile, { ...environment, ...isolation(profile) })
          : runHostSuite(product, profile, { ...environment, ...isolation(profile) });
      }),
    );
  }
  if (options.suite !== 'host') {
    tallies.push(
      // A browser can drive the server build only; the workbench is the same in both products.
      await runSuite('workbench suite (server)', async (profile, environment) =>
        runWorkbenchSuite(
          product.kind === 'server' ? product : await installServer(),
          profile,
          environment,
        ),
      ),
    );
  }
  const sum = total(tallies);
  console.log(`\n${closingLine(sum)}`);
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

exitOnSignals();
main().then(
  // Exits by itself: a download that was given up may still hold a socket.
  (code) => process.exit(code),
  (error) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
