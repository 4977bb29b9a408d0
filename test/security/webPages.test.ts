/**
 * Pages of other origins in a real browser, on every route and by every means they have. Whatever
 * they try: they see no answer, no turn runs, nothing changes. Proved on the gateway's side by its
 * own counters, which also show that the attempts did arrive.
 */
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import type { Browser, Frame, Page } from 'playwright-core';
import { launchChromium } from '../../scripts/vscode/chromium.mjs';
import { HeadlessGateway } from '../support/headless';
import { type AttackPlan, HOSTILE_PAGE, hostileHtml, HostileSite } from './hostileSite';

const KEY = 'the-key-that-a-page-has-learnt';
const ask = (fields: object = {}): object => ({
  model: 'org_auto',
  messages: [{ role: 'user', content: 'I am a web page' }],
  ...fields,
});

/** What would cost or change something, with the body that does it. */
const POSTS: AttackPlan['posts'] = [
  ['/v1/chat/completions', ask()],
  ['/v1/messages', ask({ max_tokens: 16 })],
  ['/v1/responses', { model: 'org_auto', input: 'I am a web page' }],
  ['/api/chat', ask()],
  ['/internal/instances/lingma-1/restart', {}],
  ['/internal/pool', { instances: 2 }],
  ['/internal/capture', { enabled: true }],
];
const FEW_POSTS = POSTS.filter(([path]) => /completions|restart|capture/.test(path));
const FEW_GETS = ['/', '/healthz', '/v1/models', '/internal/stats'];

describe('web pages', function () {
  this.timeout(120_000);

  let gateway: HeadlessGateway;
  let site: HostileSite;
  let listed: HostileSite;
  let browser: Browser;
  let port: string;

  before(async () => {
    [site, listed] = await Promise.all([HostileSite.open(), HostileSite.open()]);
    const flags = ['--api-key', KEY, '--cors-origin', listed.as('localhost')];
    [gateway, browser] = await Promise.all([
      HeadlessGateway.launch({ flags }),
      launchChromium([
        '--host-resolver-rules=MAP *.test 127.0.0.1',
        // The gateway must not lean on what the newest browsers do for it.
        '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessForWorkers',
        // A process for each frame takes its time, and is the browser's defence, too.
        '--disable-site-isolation-trials',
      ]),
    ]);
    port = new URL(gateway.baseUrl).port;
  });

  after(async () => {
    await browser.close();
    await Promise.all([gateway.stop(), site.close(), listed.close()]);
  });

  /** The paths of all routes, as the gateway itself lists them, each with some id. */
  async function everyPath(): Promise<string[]> {
    const refusal = (await (await gateway.fetch('/nowhere')).json()) as {
      error: { message: string };
    };
    const paths = refusal.error.message.match(/\/[\w./{}-]*[\w}]|\/(?=,)/g) ?? [];
    const routes = [...new Set(paths)].filter((path) => path !== '/nowhere');
    assert.ok(routes.length > 20, routes.join(' '));
    return routes.map((path) => path.replace('{id}', 'lingma-1'));
  }

  /** How many requests the gateway has answered, by status. */
  async function answered(): Promise<Map<number, number>> {
    const counts = new Map<number, number>();
    const metrics = await (await gateway.fetch('/metrics')).text();
    for (const [, status, count] of metrics.matchAll(
      /^gateway_http_requests_total\{.*status="(\d+)".*\} (\d+)$/gm,
    )) {
      counts.set(Number(status), (counts.get(Number(status)) ?? 0) + Number(count));
    }
    return counts;
  }

  /** All that a page may not change. */
  async function state(): Promise<object> {
    const { instances, turns, sessionCache } = await gateway.stats();
    const { capturing, requests } = (await (await gateway.fetch('/internal/activity')).json()) as {
      capturing: boolean;
      requests: unknown[];
    };
    return {
      instances: instances.map(({ id, pid, incarnation, draining }) => [
        id,
        pid,
        incarnation,
        draining,
      ]),
      turns: [turns.completed, turns.failed, turns.cancelled],
      sessions: sessionCache.size,
      capturing,
      requests: requests.length,
      upstream: gateway.upstream('chat/ask').length,
    };
  }

  async function onPage(
    open: (page: Page) => Promise<Page | Frame>,
    use: (page: Page | Frame) => Promise<void>,
  ): Promise<void> {
    const page = await browser.newPage();
    try {
      await use(await open(page));
    } finally {
      await page.close();
    }
  }

  const attackFrom = (page: Page | Frame, plan: AttackPlan): Promise<string[]> =>
    page.evaluate<string[]>(`attack(${JSON.stringify(plan)})`);

  /** Attacks, and gives how many requests of the page the gateway has refused with `status`. */
  async function keptOut(page: Page | Frame, plan: AttackPlan, status: number): Promise<number> {
    const [before, untouched] = [await answered(), await state()];
    assert.deepEqual(await attackFrom(page, plan), []);
    assert.deepEqual(await state(), untouched);
    const now = await answered();
    return (now.get(status) ?? 0) - (before.get(status) ?? 0);
  }

  const plan = (fields: Partial<AttackPlan> = {}): AttackPlan => ({
    target: `http://127.0.0.1:${port}`,
    gets: FEW_GETS,
    posts: FEW_POSTS,
    key: KEY,
    away: `${site.as('127.0.0.1')}/away`,
    ...fields,
  });

  const at =
    (url: () => string) =>
    async (page: Page): Promise<Page> => {
      await page.goto(url());
      return page;
    };

  describe('of other origins see nothing and change nothing', () => {
    const pages: [string, (page: Page) => Promise<Page | Frame>][] = [
      ['localhost, where the target is 127.0.0.1', at(() => site.as('localhost'))],
      ['a name that resolves to this machine', at(() => site.as('evil.test'))],
      [
        'a data: URL',
        at(() => `data:text/html;base64,${Buffer.from(hostileHtml).toString('base64')}`),
      ],
      ['a file', at(() => pathToFileURL(HOSTILE_PAGE).href)],
      [
        'a sandboxed frame',
        async (page) => {
          await page.goto(site.as('127.0.0.1'));
          const srcdoc = JSON.stringify(hostileHtml).replaceAll('</', String.raw`<\/`);
          await page.evaluate(`new Promise((done) => {
            const frame = document.createElement('iframe');
            frame.sandbox = 'allow-scripts allow-forms';
            frame.srcdoc = ${srcdoc};
            frame.onload = done;
            document.body.append(frame);
          })`);
          return page.frames().at(-1) ?? assert.fail('no frame');
        },
      ],
    ];
    for (const [name, open] of pages) {
      it(name, () =>
        onPage(open, async (page) => {
          const refused = await keptOut(page, plan(), 403);
          assert.ok(refused > 40, `${refused} requests were refused for their origin`);
        }),
      );
    }

    it('another port, on every route', () =>
      onPage(
        at(() => site.as('127.0.0.1')),
        async (page) => {
          const gets = await everyPath();
          const refused = await keptOut(page, plan({ gets, posts: POSTS }), 403);
          assert.ok(refused > 200, `${refused} requests were refused for their origin`);
        },
      ));
  });

  describe('whose name was made to mean this machine (DNS rebinding)', () => {
    it('reads nothing but the refusal', () =>
      onPage(
        async (page) => {
          const origin = `http://evil.test:${port}`;
          // The first answer came from the attacker; then the name changed its meaning.
          await page.route(`${origin}/first`, (route) =>
            route.fulfill({ body: hostileHtml, contentType: 'text/html' }),
          );
          await page.goto(`${origin}/first`);
          return page;
        },
        async (page) => {
          const untouched = await state();
          const target = `http://evil.test:${port}`;
          const seen = await attackFrom(page, plan({ target, away: `${target}/away` }));
          assert.deepEqual(await state(), untouched);
          // It is the page's own origin, so it may read what it gets.
          const read = seen.filter((line) => /^(fetch|XHR|redirect)/.test(line));
          assert.ok(read.length > 20, seen.join('\n'));
          const others = seen.filter((line) => !/host_not_allowed|421 /.test(line));
          assert.deepEqual(others, []);
        },
      ));
  });

  describe('of a listed origin', () => {
    const here = at(() => listed.as('localhost'));
    const call = (page: Page | Frame, init: object, path = '/v1/chat/completions') =>
      page.evaluate<[number, string]>(
        `fetch(${JSON.stringify(`${gateway.baseUrl}${path}`)}, ${JSON.stringify(init)})
          .then(async (response) => [response.status, await response.text()])
          .catch((error) => [0, String(error)])`,
      );
    const turn = (headers: object): object => ({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(ask({ messages: [{ role: 'user', content: 'DEMO:echo hello, page' }] })),
    });

    it('may call with the key', () =>
      onPage(here, async (page) => {
        for (const headers of [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }]) {
          const [status, text] = await call(page, turn(headers));
          assert.equal(status, 200, text);
          assert.match(text, /hello, page/);
        }
      }));

    it('may not without it, nor with another', () =>
      onPage(here, async (page) => {
        const untouched = await state();
        for (const headers of [{}, { authorization: 'Bearer guess' }]) {
          const [status, text] = await call(page, turn(headers));
          assert.equal(status, 401, text);
        }
        // What a form could send, a page may not either, listed or not.
        const [status] = await call(page, {
          ...turn({ authorization: `Bearer ${KEY}`, 'content-type': 'text/plain' }),
        });
        assert.equal(status, 415);
        assert.deepEqual(await state(), untouched);
      }));

    it('gets no answer that would go with cookies', () =>
      onPage(here, async (page) => {
        const [status] = await call(page, { credentials: 'include' }, '/healthz');
        assert.equal(status, 0);
      }));
  });
});
