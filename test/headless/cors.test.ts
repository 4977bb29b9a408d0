import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { HeadlessGateway, runLauncher } from '../support/headless';

const APP = 'http://localhost:3000';
const OBSIDIAN = 'app://obsidian.md';

describe('headless: web pages of other origins', () => {
  let gateway: HeadlessGateway;
  let closed: HeadlessGateway;

  before(async () => {
    [gateway, closed] = await Promise.all([
      HeadlessGateway.launch({ flags: ['--cors-origin', `${APP}/`, '--cors-origin', OBSIDIAN] }),
      HeadlessGateway.launch(),
    ]);
  });
  after(() => Promise.all([gateway.stop(), closed.stop()]));

  /** The request a browser makes before the page's own; it carries no key. */
  const preflight = (
    origin: string,
    path = '/v1/chat/completions',
    method = 'POST',
    to: HeadlessGateway = gateway,
  ) =>
    fetch(to.baseUrl + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
        'access-control-request-private-network': 'true',
      },
    });

  for (const origin of [APP, OBSIDIAN]) {
    it(`lets ${origin} ask and then call`, async () => {
      const response = await preflight(origin);
      assert.equal(response.status, 204);
      assert.equal(await response.text(), '');
      const { headers } = response;
      assert.equal(headers.get('access-control-allow-origin'), origin);
      assert.equal(headers.get('access-control-allow-methods'), 'POST');
      assert.match(headers.get('access-control-allow-headers') ?? '', /authorization.*x-stainless/);
      assert.equal(headers.get('access-control-allow-private-network'), 'true');
      assert.equal(headers.get('access-control-allow-credentials'), null);
      assert.match(headers.get('vary') ?? '', /origin/i);

      const called = await gateway.fetch('/v1/models', { headers: { origin } });
      assert.equal(called.status, 200);
      assert.equal(called.headers.get('access-control-allow-origin'), origin);
      assert.match(called.headers.get('access-control-expose-headers') ?? '', /x-lingma-session/);
    });
  }

  it('shows it streams and errors as well', async () => {
    const stream = await gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { origin: APP, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gpt-5',
        stream: true,
        messages: [{ role: 'user', content: 'DEMO:echo ok' }],
      }),
    });
    assert.equal(stream.headers.get('access-control-allow-origin'), APP);
    assert.match(await stream.text(), /\[DONE\]/);
    const refused = await fetch(`${gateway.baseUrl}/v1/models`, { headers: { origin: APP } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('access-control-allow-origin'), APP);
  });

  it('names every method of a path, and no path that there is not', async () => {
    const one = await preflight(APP, '/v1/responses/resp_1', 'DELETE');
    assert.equal(one.headers.get('access-control-allow-methods'), 'GET, DELETE');
    assert.equal((await preflight(APP, '/nowhere')).status, 404);
  });

  for (const origin of [
    'http://localhost:3001',
    'https://localhost:3000',
    'null',
    'http://evil.example',
  ]) {
    it(`keeps ${origin} out, before and after a preflight`, async () => {
      const response = await preflight(origin);
      assert.equal(response.status, 403);
      assert.equal(response.headers.get('access-control-allow-origin'), null);
      const called = await gateway.fetch('/v1/models', { headers: { origin } });
      assert.equal(called.status, 403);
      assert.equal(called.headers.get('access-control-allow-origin'), null);
    });
  }

  it('keeps everybody out unless it is told otherwise', async () => {
    const response = await preflight(APP, '/v1/models', 'GET', closed);
    assert.equal(response.status, 403);
    assert.equal(response.headers.get('access-control-allow-origin'), null);
    const options = await closed.fetch('/v1/models', { method: 'OPTIONS' });
    assert.equal(options.status, 405);
  });

  it('refuses to start with what is no origin', async () => {
    for (const origin of ['*', 'localhost:3000', 'http://localhost:3000/app']) {
      const run = runLauncher(['--port', '0', '--cors-origin', origin]);
      assert.equal(await run.exitCode, 2, origin);
      assert.match(await run.stderr, /is no web origin.*http:\/\/localhost:3000/);
    }
  });
});
