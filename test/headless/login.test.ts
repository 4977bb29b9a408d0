import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { Conversation } from '../support/conversation';
import { eventually, HeadlessGateway, type LaunchOptions, runLauncher } from '../support/headless';
import { removeFolder } from '../support/tempDir';

const SIGNED_OUT = { DEMO_LINGMA_SIGNED_OUT: '1' };

interface Offer {
  readonly instance: string;
  readonly loginUrl: string;
}

describe('headless: signing in', () => {
  const running: HeadlessGateway[] = [];

  async function launch(options: LaunchOptions = {}): Promise<HeadlessGateway> {
    const gateway = await HeadlessGateway.launch({ env: SIGNED_OUT, ...options });
    running.push(gateway);
    return gateway;
  }

  const login = async (gateway: HeadlessGateway): Promise<Offer> => {
    const response = await gateway.fetch('/internal/login', { method: 'POST' });
    assert.equal(response.status, 200);
    return (await response.json()) as Offer;
  };
  const signedIn = async (gateway: HeadlessGateway): Promise<(boolean | null)[]> =>
    (await gateway.stats()).instances.map((instance) => instance.signedIn);

  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
  });

  it('is needed, offered, noticed by itself, and then turns are answered', async () => {
    const gateway = await launch();
    assert.deepEqual(await signedIn(gateway), [false]);
    assert.equal(await gateway.metric('gateway_instance_signed_in{lingma_instance="lingma-1"}'), 0);

    const refused = await gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] }),
    });
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    assert.deepEqual([refused.status, error.code], [401, 'upstream_auth']);
    assert.match(error.message, /"Lingma Gateway: Sign in to Lingma".*\/internal\/login/);
    assert.equal((await gateway.stats()).turns.signedOut, 1);

    const { instance, loginUrl } = await login(gateway);
    assert.equal(instance, 'lingma-1');
    assert.deepEqual(gateway.upstream('login/generateUrl'), [{ loginDedicatedType: '' }]);
    assert.deepEqual(await signedIn(gateway), [false]);
    await fetch(loginUrl);
    await eventually('it is noticed', async () => (await signedIn(gateway))[0] === true);
    const chat = new Conversation(gateway.openai());
    assert.equal((await chat.say('DEMO:echo welcome')).text, 'welcome');
  });

  it('is offered for the instance that lacks it', async () => {
    const gateway = await launch({ env: SIGNED_OUT, flags: ['--instances', '2'] });
    await eventually('both are known', async () => {
      return (await signedIn(gateway)).join() === 'false,false';
    });
    for (const id of ['lingma-1', 'lingma-2']) {
      const { instance, loginUrl } = await login(gateway);
      assert.equal(instance, id);
      await fetch(loginUrl);
      await eventually(`${id} is signed in`, async () => {
        const { instances } = await gateway.stats();
        return instances.find((one) => one.id === id)?.signedIn;
      });
    }
  });

  it('keeps turns away from an instance that lacks it while another has it', async () => {
    const gateway = await launch({ env: SIGNED_OUT, flags: ['--instances', '2'] });
    await eventually('both are known', async () => {
      return (await signedIn(gateway)).join() === 'false,false';
    });
    await fetch((await login(gateway)).loginUrl);
    await eventually('one is signed in', async () => (await signedIn(gateway)).includes(true));
    const chats = [1, 2, 3, 4].map((number) =>
      new Conversation(gateway.openai()).say(`${number}\nDEMO:delay 100\nDEMO:echo fine`),
    );
    for (const { text, session } of await Promise.all(chats)) {
      assert.equal(text, 'fine');
      assert.match(session, /instance=lingma-1;/);
    }
  });

  it('says so when the process has no page for it', async () => {
    const gateway = await launch({
      env: { ...SIGNED_OUT, DEMO_LINGMA_DISABLE: 'login/generateUrl' },
    });
    const response = await gateway.fetch('/internal/login', { method: 'POST' });
    const { error } = (await response.json()) as { error: { code: string } };
    assert.deepEqual([response.status, error.code], [503, 'sign_in_unavailable']);
  });

  it('is what the launcher mentions first, and only when it is missing', async () => {
    for (const env of [SIGNED_OUT, {}]) {
      const workDir = mkdtempSync(path.join(tmpdir(), 'lingma-welcome-'));
      const run = runLauncher(['--port', '0', '--work-dir', workDir], env);
      await run.firstLine;
      run.child.kill();
      const said = await run.stderr;
      assert.match(said, /OPENAI_API_KEY/);
      assert.equal(/Lingma is signed out[^]*\/internal\/login/.test(said), env === SIGNED_OUT);
      await removeFolder(workDir);
    }
  });

  it('lets no token out, whoever is signed in', async () => {
    const workDir = mkdtempSync(path.join(tmpdir(), 'lingma-tokens-'));
    const run = runLauncher(['--port', '0', '--work-dir', workDir, '--verbose'], {});
    const { baseUrl, apiKey } = JSON.parse((await run.firstLine) ?? '{}') as Record<string, string>;
    const shown: string[] = [];
    for (const [method, pathname] of [
      ['POST', '/internal/login'],
      ['GET', '/internal/stats'],
      ['GET', '/metrics'],
      ['GET', '/healthz'],
      ['GET', '/v1/models'],
    ] as const) {
      const headers = { authorization: `Bearer ${apiKey}` };
      const response = await fetch(`${baseUrl}${pathname}`, { method, headers });
      assert.equal(response.status, 200, pathname);
      shown.push(await response.text());
    }
    run.child.kill();
    shown.push(await run.stderr);
    assert.doesNotMatch(shown.join('\n'), /CANARY/);
    await removeFolder(workDir);
  });
});
