// @ts-check
/** Runs the host tests inside the extension host of the server build. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium } from './chromium.mjs';
import { hostTests, root } from './paths.mjs';
import { suiteTimeout } from './results.mjs';
import { startServer } from './server.mjs';

/** @import { Page } from 'playwright-core' */
/** @import { ServerProduct } from './install.mjs' */
/** @import { Profile } from './profile.mjs' */

/**
 * Resolves with why the run ended, once nothing of it is left. Whether it went well is for the
 * results folder to say.
 * @param {ServerProduct} product
 * @param {Profile} profile
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<string>}
 */
export async function runHostSuite(product, profile, environment) {
  const browser = await launchChromium();
  try {
    const server = await startServer(product, profile, { environment, acceptPayload: true });
    try {
      const context = await browser.newContext({
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      const page = await context.newPage();
      const { ended } = await listenForEnd(page, path.join(profile.folder, 'workbench-logs'));
      await page.goto(
        server.workbenchUrl([
          ['extensionDevelopmentPath', server.remoteUri(root)],
          ['extensionTestsPath', server.remoteUri(path.join(hostTests, 'index.js'))],
        ]),
        { waitUntil: 'domcontentloaded', timeout: 60_000 },
      );
      return await Promise.race([
        ended,
        server.exited.then((how) => `the VS Code server ended with ${how}`),
        sleep(suiteTimeout, `no end after ${suiteTimeout / 1000} s`, { ref: false }),
      ]);
    } finally {
      await server.stop();
    }
  } finally {
    await browser.close();
  }
}

/**
 * Hears the workbench report the end of the tests. Must be in place before the page loads.
 * @param {Page} page
 * @param {string} logs
 * @returns {Promise<{ ended: Promise<string> }>}
 */
async function listenForEnd(page, logs) {
  /** @type {(why: string) => void} */
  let end = () => undefined;
  const ended = new Promise((/** @type {(why: string) => void} */ resolve) => (end = resolve));
  page.on('crash', () => end('the workbench page crashed'));
  await page.exposeFunction(
    'codeAutomationExit',
    (
      /** @type {number} */ code,
      /** @type {{ relativePath: string, contents: string }[] | undefined} */ files,
    ) => {
      for (const file of files ?? []) {
        const target = path.join(logs, file.relativePath);
        mkdirSync(path.dirname(target), { recursive: true });
        writeFileSync(target, file.contents);
      }
      end(`the workbench reported code ${code}`);
    },
  );
  // In an object: an async function that returned the promise itself would wait for it.
  return { ended };
}
