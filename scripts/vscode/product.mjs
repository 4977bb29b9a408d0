// @ts-check
/** Chooses the VS Code of a run: the desktop product where it can be had, else the server build. */
import { installDesktop } from './desktop.mjs';
import { installServer } from './install.mjs';
import { messageOf, say } from './log.mjs';

/** @import { DesktopProduct } from './desktop.mjs' */
/** @import { ServerProduct } from './install.mjs' */

/**
 * @typedef {({ kind: 'desktop' } & DesktopProduct) | ({ kind: 'server' } & ServerProduct)} Product
 */

/**
 * `VSCODE_TEST_PRODUCT` may insist on `desktop` or `server`; `auto` is the default.
 * @returns {Promise<Product>}
 */
export async function chooseProduct() {
  const wish = process.env['VSCODE_TEST_PRODUCT'] || 'auto';
  if (!['auto', 'desktop', 'server'].includes(wish)) {
    throw new Error(`VSCODE_TEST_PRODUCT is '${wish}'; it may be auto, desktop or server.`);
  }
  if (wish !== 'server') {
    try {
      const desktop = await installDesktop();
      say(`product: desktop VS Code ${desktop.version} (${desktop.executable})`);
      return { kind: 'desktop', ...desktop };
    } catch (error) {
      const reason = `desktop VS Code cannot be used here: ${messageOf(error)}`;
      if (wish === 'desktop') throw new Error(reason, { cause: error });
      say(`${reason}; taking the server build`);
    }
  }
  const server = await installServer();
  say(`product: VS Code ${server.version} server build (${server.entry})`);
  return { kind: 'server', ...server };
}
