/** A VS Code of one test: server, profile and browser window, driven as a person would. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { launchChromium } from '../../../scripts/vscode/chromium.mjs';
import { installServer } from '../../../scripts/vscode/install.mjs';
import { testResults } from '../../../scripts/vscode/paths.mjs';
import {
  createProfile,
  isolation,
  type Profile,
  writeSettings,
} from '../../../scripts/vscode/profile.mjs';
import { type RunningServer, startServer } from '../../../scripts/vscode/server.mjs';
import type { GatewaySnapshot } from '../../../src/gateway/snapshot';
import type { Endpoint } from '../support/conversation';
import { eventually } from '../support/eventually';

const gatewaySettings = { 'lingmaGateway.port': 0 };

/**
 * The settings of a profile that VS Code runs with. A change of its files that comes while its window
 * is new may escape it for good: so they change once more, and again.
 */
class ChangingSettings {
  readonly #profile: Profile;
  #timer: NodeJS.Timeout | undefined;

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  change(settings: Record<string, unknown>): void {
    this.dispose();
    let left = 10;
    const write = (): void => {
      writeSettings(this.#profile, settings);
      if (left-- > 0) this.#timer = setTimeout(write, 2_000);
    };
    write();
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }
}

export class Workbench {
  readonly server: RunningServer;
  readonly page: Page;
  readonly #profile: Profile;
  readonly #settings: ChangingSettings;
  readonly #browser: Browser;

  private constructor(
    profile: Profile,
    settings: ChangingSettings,
    server: RunningServer,
    browser: Browser,
    page: Page,
  ) {
    this.#profile = profile;
    this.#settings = settings;
    this.server = server;
    this.#browser = browser;
    this.page = page;
  }

  /**
   * Opens a window with the packaged extension installed.
   *
   * @param language What VS Code takes for its display language. Its own words stay English, because
   *   its language packs come from a gallery.
   * @param settings What the settings file says of the gateway; by default a port of its own.
   */
  static async open(language?: string, settings: object = gatewaySettings): Promise<Workbench> {
    const extensions = process.env['LINGMA_GATEWAY_TEST_EXTENSIONS'];
    if (extensions === undefined) throw new Error('Run these tests with `npm run test:vscode`.');
    const profile = { ...createProfile({ ...settings }), extensions };
    const server = await startServer(await installServer(), profile, {
      environment: isolation(profile),
    });
    const browser = await launchChromium();
    const context = await browser.newContext({
      viewport: { width: 1200, height: 760 },
      // Twice the pixels: the screenshots also serve the documentation.
      deviceScaleFactor: 2,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(60_000);
    if (language !== undefined) await context.addInitScript(useLanguage, language);
    const page = await context.newPage();
    const changing = new ChangingSettings(profile);
    const workbench = new Workbench(profile, changing, server, browser, page);
    await workbench.load();
    return workbench;
  }

  /** Loads the window, or loads it again as a new one. */
  async load(): Promise<void> {
    await this.page.goto(this.server.workbenchUrl(), { waitUntil: 'domcontentloaded' });
    await this.page.locator('.monaco-workbench').waitFor();
  }

  /** Opens another window on the same server, in the same browser. Close the first one at the end. */
  async openWindow(): Promise<Workbench> {
    const page = await this.page.context().newPage();
    const workbench = new Workbench(
      this.#profile,
      this.#settings,
      this.server,
      this.#browser,
      page,
    );
    await workbench.load();
    return workbench;
  }

  async close(): Promise<void> {
    this.#settings.dispose();
    await this.#browser.close();
    await this.server.stop();
    await this.#profile.remove();
  }

  get statusBarItem(): Locator {
    return this.page.locator('[id="lingma-gateway.lingma-gateway.gateway"]');
  }

  /** Waits until the status bar shows `text`, which may be a part of it. */
  async statusBarShows(text: string | RegExp): Promise<string> {
    const item = this.statusBarItem.filter({ hasText: text });
    await item.waitFor();
    return (await item.innerText()).trim();
  }

  /** Waits until what a screen reader hears of the item holds `text`, and not the other one. */
  async statusBarSays(text: string, not?: string): Promise<void> {
    const label = this.statusBarItem.locator('[aria-label*="Lingma Gateway"]').first();
    await eventually(
      `the status bar item says "${text}"`,
      async () => {
        // A window that is still loading has no item yet.
        const look = label.getAttribute('aria-label', { timeout: 2_000 });
        const says = (await look.catch(() => null)) ?? '';
        return (says.includes(text) && !(not && says.includes(not))) || undefined;
      },
      60_000,
    );
  }

  /**
   * Runs a command from the palette by its whole title. What the window still does after an earlier
   * command may take the focus and with it close the palette; then it is opened again.
   */
  async command(title: string): Promise<void> {
    const palette = this.page.locator('.quick-input-widget');
    const input = palette.locator('input').first();
    const row = palette.locator('.monaco-list-row').filter({ hasText: title }).first();
    // Keys and clipboard are those of the window in front.
    await this.page.bringToFront();
    await eventually(`"${title}" can be chosen in the palette`, async () => {
      if (!(await input.isVisible())) await this.page.keyboard.press('F1');
      try {
        await input.fill(`>${title}`, { timeout: 5_000 });
        await row.click({ timeout: 5_000 });
        return true;
      } catch {
        return undefined;
      }
    });
  }

  /** Address and key as a person gets them: through the two copy commands. */
  async endpoint(): Promise<Endpoint> {
    await this.statusBarShows('1/1');
    const url = await this.#copied('Lingma Gateway: Copy Base URL', /^http.*\/v1$/);
    const apiKey = await this.#copied('Lingma Gateway: Copy API Key', /^[\w-]{43}$/);
    return { baseUrl: url.replace(/\/v1$/, ''), apiKey };
  }

  /** The content of the panel's page. */
  get panel(): FrameLocator {
    return this.page.frameLocator('iframe.webview').frameLocator('iframe#active-frame');
  }

  /** Changes settings as if the user's settings file had been edited. */
  changeSettings(settings: Record<string, unknown>): void {
    this.#settings.change({ ...gatewaySettings, ...settings });
  }

  /** For `afterEach`: leaves a picture of what a failed test saw. */
  async screenshotOnFailure(test: Mocha.Test | undefined): Promise<void> {
    if (test?.state !== 'failed' || this.page.isClosed()) return;
    await this.screenshot(`failed-${test.fullTitle().replace(/\W+/g, '-')}`);
  }

  /** Leaves a picture of the window in test-results/. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(testResults, { recursive: true });
    await this.page.screenshot({ path: path.join(testResults, `${name}.png`) });
  }

  async #copied(title: string, form: RegExp): Promise<string> {
    await this.command(title);
    return eventually(`the clipboard holds what "${title}" copies`, async () => {
      const text = await this.page.evaluate<string>('navigator.clipboard.readText()');
      return form.test(text) ? text : undefined;
    });
  }
}

/** Runs in the page: the workbench's own scripts would set the variable to English. */
function useLanguage(language: string): void {
  Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { value: language });
}

/** The gateway's numbers over HTTP. */
export async function statsOf({ baseUrl, apiKey }: Endpoint): Promise<GatewaySnapshot> {
  const response = await fetch(`${baseUrl}/internal/stats`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  if (!response.ok) throw new Error(`/internal/stats answered ${response.status}.`);
  return (await response.json()) as GatewaySnapshot;
}

/** The ids of the Lingma processes. */
export async function lingmaPids(endpoint: Endpoint): Promise<number[]> {
  const { instances } = await statsOf(endpoint);
  return instances.map(({ pid }) => pid).filter((pid) => pid !== null);
}
