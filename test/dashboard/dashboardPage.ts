/**
 * The built page in Chromium, without a workbench around it: the real document with its real
 * content security policy, theme variables as a running workbench sets them, and a stand-in for
 * the extension.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../../scripts/vscode/chromium.mjs';
import { root } from '../../scripts/vscode/paths.mjs';
import type { HostMessage, PageLayout, PanelMessage } from '../../src/dashboard/protocol';
import { renderPanelHtml } from '../../src/vscode/panelHtml';
import { nowMs, type Scene } from './fixtures';

export const themes = ['dark', 'light', 'hc-dark', 'hc-light'] as const;

export type Theme = (typeof themes)[number];

const origin = 'http://dashboard.test';

interface PageOptions {
  readonly theme?: Theme;
  readonly layout?: PageLayout;
  readonly width?: number;
  readonly height?: number;
  /** Translations, as English message → translation. */
  readonly bundle?: Readonly<Record<string, string>>;
  readonly language?: string;
  /** What the page had remembered. */
  readonly remembered?: unknown;
  readonly reducedMotion?: boolean;
  readonly forcedColors?: boolean;
}

interface ThemeFile {
  readonly bodyClass: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** A browser for the tests of this suite, which ends with them. */
export function useBrowser(): () => Browser {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
  });
  return () => browser;
}

/** The variables that a workbench in this theme gives its webviews. */
export function readTheme(theme: Theme): ThemeFile {
  const file = path.join(root, 'test', 'fixtures', 'themes', `${theme}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as ThemeFile;
}

export class DashboardPage {
  readonly page: Page;
  /** What went wrong inside: exceptions, and whatever the policy blocked. */
  readonly complaints: readonly string[];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page, complaints: readonly string[]) {
    this.#context = context;
    this.page = page;
    this.complaints = complaints;
  }

  static async open(browser: Browser, options: PageOptions = {}): Promise<DashboardPage> {
    const { theme = 'dark', layout = 'panel', width = 1040, height = 760 } = options;
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: 2,
      locale: 'en-US',
      timezoneId: 'UTC',
      reducedMotion: options.reducedMotion ? 'reduce' : 'no-preference',
      forcedColors: options.forcedColors ? 'active' : 'none',
      colorScheme: theme === 'dark' || theme === 'hc-dark' ? 'dark' : 'light',
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.clock.setFixedTime(nowMs);
    await page.addInitScript({ content: standIn(readTheme(theme), layout, options.remembered) });
    await page.route(`${origin}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/') {
        const body = renderPanelHtml({
          layout,
          cspSource: origin,
          nonce: 'nonce-of-the-test',
          scriptUri: `${origin}/dist/dashboard.js`,
          styleUri: `${origin}/media/dashboard.css`,
          language: options.language ?? 'en',
          title: 'Lingma Gateway',
          bundle: options.bundle ?? {},
        });
        await route.fulfill({ body, contentType: 'text/html' });
      } else if (/^\/(dist|media)\/dashboard\.(js|css)$/.test(pathname)) {
        await route.fulfill({ path: path.join(root, pathname) });
      } else {
        await route.fulfill({ status: 404 });
      }
    });
    await page.goto(`${origin}/`);
    const dashboard = new DashboardPage(context, page, complaints);
    await dashboard.settle();
    return dashboard;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  /** Speaks as the extension. */
  async tell(message: HostMessage): Promise<void> {
    // What the host posts is data: it travels as JSON does.
    await this.page.evaluate(`window.postMessage(${JSON.stringify(message)}, '*')`);
    await this.settle();
  }

  /** Waits until what has happened to the page is drawn, and its effects have run. */
  async settle(): Promise<void> {
    // Two frames: a message is an event of its own, and drawing waits for the next frame. Effects
    // have a timer of their own, which begins with a frame.
    await this.page.evaluate(
      'new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))))',
    );
  }

  async show({ state, activity }: Pick<Scene, 'state' | 'activity'>): Promise<void> {
    if (state) await this.tell({ type: 'state', state });
    if (activity) await this.tell({ type: 'activity', activity });
  }

  /** What the page has said to the extension so far. */
  async posted(): Promise<PanelMessage[]> {
    return this.page.evaluate<PanelMessage[]>('window.testHost.posted');
  }

  /** What the page would find again if it came back now. */
  async remembered(): Promise<unknown> {
    return this.page.evaluate('window.testHost.remembered');
  }
}

/** A script that does to the document what the workbench does before a page's own script runs. */
function standIn(theme: ThemeFile, layout: PageLayout, remembered: unknown): string {
  const background = layout === 'view' ? 'sideBar' : 'editor';
  return `(() => {
    const theme = ${JSON.stringify(theme)};
    const host = { posted: [], remembered: ${remembered === undefined ? 'undefined' : JSON.stringify(remembered)} };
    window.testHost = host;
    window.acquireVsCodeApi = () => ({
      postMessage: (message) => { host.posted.push(message); },
      getState: () => host.remembered,
      setState: (state) => { host.remembered = JSON.parse(JSON.stringify(state)); },
    });
    const dress = () => {
      for (const [name, value] of Object.entries(theme.variables)) {
        document.documentElement.style.setProperty(name, value);
      }
      document.documentElement.style.background = 'var(--vscode-${background}-background)';
      document.body.className = theme.bodyClass;
      // The workbench's own sheet, in a layer below every other, as far as it shows here.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('@layer vscode-default { body { margin: 0; padding: 0 20px; } code { color: var(--vscode-textPreformat-foreground); background: var(--vscode-textPreformat-background); padding: 1px 3px; border-radius: 4px; } }');
      document.adoptedStyleSheets = [sheet];
    };
    document.addEventListener('DOMContentLoaded', dress);
  })();`;
}
