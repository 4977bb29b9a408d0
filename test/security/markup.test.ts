/** Names, titles and texts of others where people see them: the page, the tree, the notifications. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../../scripts/vscode/chromium.mjs';
import type { HostState, PageLayout } from '../../src/dashboard/protocol';
import { escapeMarkdown, withoutLinks } from '../../src/vscode/markdown';
import { renderStatusBar } from '../../src/vscode/statusBarModel';
import { DashboardPage } from '../dashboard/dashboardPage';
import { busyActivity, capturedDetails, ready } from '../dashboard/fixtures';
import { snapshot, t } from '../unit/vscode/support';

const MARKUP =
  '</td></script><script>pwned("script")</script><img src=x onerror=\'pwned("img")\'>' +
  '<a href="command:workbench.action.quit">x</a><iframe srcdoc="<script>parent.pwned()</script>">' +
  '[x](command:workbench.action.quit "y") ![x](https://evil.test/x) javascript:pwned() &lt;b&gt; ' +
  '</style><style>*{display:none}</style>{{7*7}}${pwned()}';

/** Fields whose text comes from clients, processes or the names that people give. */
const FREE = new Set([
  ...['agent', 'client', 'name', 'model', 'program', 'problem', 'version', 'asked', 'answered'],
  ...['errorCode', 'detail'],
]);

/** The same with markup in every such field. */
function poisoned<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (key, field: unknown) =>
      typeof field === 'string' && FREE.has(key) ? MARKUP : field,
    ),
  ) as T;
}

describe('markup of others', function () {
  this.timeout(60_000);

  describe('in the dashboard', () => {
    let browser: Browser;
    before(async () => {
      browser = await launchChromium();
    });
    after(() => browser.close());

    const elements =
      'document.querySelectorAll("img, iframe, object, a[href], style, script").length';

    /** Shows the same scene twice, as it should be and with markup, then looks what has become of it. */
    async function showPoisoned(
      layout: PageLayout,
      state: HostState,
      further: (dashboard: DashboardPage) => Promise<void>,
    ): Promise<void> {
      const dashboard = await DashboardPage.open(browser, { layout });
      try {
        const { page } = dashboard;
        await page.evaluate('window.pwned = (what) => { window.testHost.pwned = what ?? true; }');
        await dashboard.show({ state, activity: busyActivity });
        const before = await page.evaluate<number>(elements);
        await dashboard.show({ state: poisoned(state), activity: poisoned(busyActivity) });
        await further(dashboard);
        assert.equal(await page.evaluate<number>(elements), before);
        assert.equal(await page.evaluate('window.testHost.pwned'), undefined);
        // It is there, as what it is.
        assert.ok((await page.locator('main').innerText()).includes('onerror'));
        assert.deepEqual(dashboard.complaints, []);
      } finally {
        await dashboard.close();
      }
    }

    it('is text in every table, and in the texts of a request', () =>
      showPoisoned('panel', ready(), async (dashboard) => {
        const { id } = capturedDetails.request;
        await dashboard.page
          .getByRole('button', { name: /^Details/ })
          .nth(3)
          .click();
        await dashboard.tell({ type: 'details', id, details: poisoned(capturedDetails) });
        const details = await dashboard.page.locator(`#request-${id}`).innerText();
        assert.ok(details.split('onerror').length > 2, details);
      }));

    it('is text in a failure', () =>
      showPoisoned(
        'view',
        { kind: 'failed', code: 'start_failed', problem: 'p', snapshot: snapshot() },
        () => Promise.resolve(),
      ));
  });

  it('in a tooltip links to nothing but what we put there', () => {
    const { tooltip } = renderStatusBar(
      { kind: 'failed', code: 'start_failed', problem: MARKUP, snapshot: snapshot() },
      t,
      'en',
    );
    const links = [...tooltip.matchAll(/(?<!\\)\]\(([^)]*)\)/g)].map(([, href]) => href);
    assert.ok(links.length > 0 && tooltip.includes('onerror'), tooltip);
    assert.ok(
      links.every((href) => href?.startsWith('command:lingmaGateway.')),
      tooltip,
    );
    assert.doesNotMatch(tooltip, /(?<!\\)<|https?:\/\//);
  });

  it('in Markdown is escaped: nothing that means something is left bare', () => {
    const pieces = fc.constantFrom(
      ...[
        '[',
        ']',
        '(',
        ')',
        '!',
        '<',
        '>',
        '`',
        '\\',
        '*',
        '_',
        '$(',
        '|',
        '&',
        '#',
        '~',
        '=',
        '\n',
      ],
      ...['command:x', 'https://evil.test', 'www.evil.test', 'word'],
    );
    fc.assert(
      fc.property(fc.array(pieces), (text) => {
        const plain = text.join('');
        const escaped = escapeMarkdown(plain);
        assert.equal(escaped.replace(/\\([!-/:-@[-`{-~])/g, '$1'), plain);
        // What is left once every escaped character is out of the way.
        const bare = escaped.replace(/\\[!-/:-@[-`{-~]/g, '');
        assert.doesNotMatch(bare, /[\\`*_{}[\]()#+\-.!|<>$~&:=]/);
      }),
    );
  });

  it('in a notification is no link', () => {
    // As VS Code reads a notification (`parseLinkedText`), whose links may run commands.
    const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
    assert.match(MARKUP, link);
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('[', ']', '(', ')', '[x](command:y)', 'command:y', ' ', '"')),
        (text) => {
          assert.doesNotMatch(withoutLinks(text.join('')), link);
        },
      ),
    );
    assert.doesNotMatch(withoutLinks(MARKUP), link);
  });
});
