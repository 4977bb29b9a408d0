// @ts-check
/** The browser that shows the workbench of the server build. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const usualPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Path of a Chromium or Chrome on this machine.
 */
export function findChromium() {
  const named = process.env['CHROMIUM_PATH'];
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM_PATH names ${named}, which does not exist.`);
  }
  const found = usualPaths.find((candidate) => existsSync(candidate));
  if (found) return found;
  throw new Error(
    'No Chromium found. Install one (Debian: `apt-get install chromium`) or name it in ' +
      'CHROMIUM_PATH.',
  );
}

/**
 * Starts it without a window and without traffic of its own.
 *
 * @param {readonly string[]} [furtherArgs]
 */
export function launchChromium(furtherArgs = []) {
  return chromium.launch({
    executablePath: findChromium(),
    headless: true,
    // A machine with two cores may be at something else.
    timeout: 120_000,
    args: [
      // Chromium refuses its sandbox to root, which is who runs in a container.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...furtherArgs,
    ],
  });
}
