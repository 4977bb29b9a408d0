// @ts-check
/** `npm run vscode`: opens the extension in a VS Code of its own until Ctrl-C. */
import path from 'node:path';
import { packageExtension } from './vscode/build.mjs';
import { desktopCommand, profileArguments } from './vscode/desktop.mjs';
import { messageOf, say, step } from './vscode/log.mjs';
import { root } from './vscode/paths.mjs';
import { cleanEnvironment, startGroup } from './vscode/processes.mjs';
import { chooseProduct } from './vscode/product.mjs';
import { createProfile } from './vscode/profile.mjs';
import { installExtension, startServer } from './vscode/server.mjs';

/** @import { DesktopProduct } from './vscode/desktop.mjs' */
/** @import { ServerProduct } from './vscode/install.mjs' */
/** @import { Profile } from './vscode/profile.mjs' */

/**
 * @param {DesktopProduct} product
 * @param {Profile} profile
 */
function openDesktop(product, profile) {
  const flags = [`--extensionDevelopmentPath=${root}`, '--disable-workspace-trust'];
  const [command, ...args] = desktopCommand(product, [...profileArguments(profile), ...flags]);
  const logFile = path.join(profile.folder, 'desktop.log');
  return startGroup(command, args, { env: cleanEnvironment(), logFile });
}

/**
 * @param {ServerProduct} product
 * @param {Profile} profile
 */
async function openServer(product, profile) {
  await step('Packaging and installing the extension', async () => {
    await installExtension(
      product,
      profile,
      await packageExtension(path.join(profile.folder, 'extension.vsix')),
    );
  });
  const server = await startServer(product, profile);
  say('open this address in a browser, Ctrl-C here ends it:');
  console.log(server.workbenchUrl());
  return server;
}

async function main() {
  const product = await chooseProduct();
  const profile = createProfile();
  try {
    const running =
      product.kind === 'desktop'
        ? openDesktop(product, profile)
        : await openServer(product, profile);
    const interrupted = new Promise((/** @type {(why: string) => void} */ resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve);
    });
    say(`ended: ${await Promise.race([running.exited, interrupted])}`);
    await running.stop();
  } finally {
    await profile.remove();
  }
}

main().catch((error) => {
  console.error(messageOf(error));
  process.exit(1);
});
