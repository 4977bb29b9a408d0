/** Options that change while a gateway runs, with the demo behind it. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Gateway } from '../../../src/gateway/gateway';
import type { LiveOptions } from '../../../src/gateway/liveOptions';
import type { GatewayOptions } from '../../../src/gateway/options';
import { silentLogger } from '../../../src/observe/log';
import { settingDefaults, toGatewayOptions } from '../../../src/vscode/settings';
import { assertCode, thrownBy } from '../../support/errors';
import { removeFolder } from '../../support/tempDir';

const apiKey = 'a key of a test';

interface Answer {
  readonly status: number;
  readonly session: string;
  readonly text: string;
}

describe('options that change in place', () => {
  let workDir: string;
  let options: GatewayOptions;
  let gateway: Gateway;

  const change = (changes: Partial<LiveOptions>): void => {
    gateway.reconfigure({ ...options, ...changes });
  };

  async function ask(
    conversation: string,
    turns = 1,
    how: { model?: string; origin?: string; directive?: string } = {},
  ): Promise<Answer> {
    const { model = 'org_auto', origin, directive = 'echo' } = how;
    const said = Array.from({ length: turns * 2 - 1 }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: index % 2 === 0 ? `DEMO:${directive} ${conversation}` : conversation,
    }));
    const response = await fetch(`${gateway.snapshot().baseUrl ?? ''}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        ...(origin !== undefined && { origin }),
      },
      body: JSON.stringify({ model, messages: said }),
    });
    const session = (response.headers.get('x-lingma-session') ?? '').split(';')[0] ?? '';
    return { status: response.status, session, text: await response.text() };
  }

  const pid = (): number | null | undefined => gateway.snapshot().instances[0]?.pid;

  beforeEach(async () => {
    workDir = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
    // The demo, whatever is installed on this machine.
    const settings = { ...settingDefaults, lingmaPath: path.resolve('dist/demo.js') };
    const host = { apiKey, workDir, distDir: 'dist' };
    options = { ...toGatewayOptions(settings, host), port: 0 };
    gateway = new Gateway(options, { logger: silentLogger });
    await gateway.start();
  });
  afterEach(async () => {
    await gateway.stop();
    await removeFolder(workDir);
  });

  it('keep the process and its sessions', async () => {
    const before = pid();
    await ask('one');
    change({ sessionMax: 100, sessionTtlSeconds: 60, turnTimeoutSeconds: 60, askMode: 'chat' });
    assert.equal((await ask('one', 2)).session, 'continued');
    assert.equal(pid(), before);
    const { max, ttl_sec } = gateway.snapshot().sessionCache;
    assert.deepEqual([max, ttl_sec], [100, 60]);
  });

  it('the cache: smaller, off, and on again', async () => {
    await ask('one');
    await ask('two');
    change({ sessionMax: 1 });
    assert.equal(gateway.snapshot().sessionCache.size, 1);
    assert.equal((await ask('one', 2)).session, 'expired');
    change({ sessionMax: 0 });
    assert.equal(gateway.snapshot().sessionCache.enabled, false);
    assert.equal((await ask('one', 3)).session, 'new');
    change({});
    await ask('three');
    assert.equal((await ask('three', 2)).session, 'continued');
  });

  it('the names of models, for turns and lists', async () => {
    assert.equal((await ask('one', 1, { model: 'my-model' })).status, 404);
    change({ modelAliases: { 'my-model': 'default' } });
    assert.equal((await ask('one', 1, { model: 'my-model' })).status, 200);
    const response = await fetch(`${gateway.snapshot().baseUrl ?? ''}/v1/models/my-model`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    assert.equal(response.status, 200);
  });

  it('how long a turn may take, also for a process that was there before', async () => {
    change({ turnTimeoutSeconds: 1 });
    const { status, text } = await ask('', 1, { directive: 'hang' });
    assert.deepEqual([status, text.includes('upstream_timeout')], [504, true], text);
  });

  it('the origins of web pages', async () => {
    const origin = 'http://localhost:3000';
    assert.equal((await ask('one', 1, { origin })).status, 403);
    change({ corsOrigins: [origin] });
    assert.equal((await ask('one', 1, { origin })).status, 200);
  });

  it('whether images are fetched, as the capabilities say it', async () => {
    const fetched = async (): Promise<unknown> => {
      const response = await fetch(`${gateway.snapshot().baseUrl ?? ''}/capabilities`, {
        headers: { authorization: `Bearer ${apiKey}` },
      });
      const { features } = (await response.json()) as {
        features: { images: { remote_urls: boolean } };
      };
      return features.images.remote_urls;
    };
    assert.equal(await fetched(), false);
    change({ remoteImages: true });
    assert.equal(await fetched(), true);
  });

  it('nothing changes when one of them is not usable', async () => {
    const error = thrownBy(() => {
      change({ corsOrigins: ['nowhere'], sessionMax: 1 });
    });
    assertCode(error, 'invalid_request');
    assert.equal(gateway.snapshot().sessionCache.max, options.sessionMax);
    assert.equal((await ask('one')).status, 200);
  });

  it('the size keeps what was changed before', async () => {
    change({ sessionMax: 7 });
    gateway.resize({ instances: 1, maxInFlight: 9 });
    const { sessionCache, concurrency } = gateway.snapshot();
    assert.deepEqual([sessionCache.max, concurrency.maxInFlightPerInstance], [7, 9]);
    assert.equal((await ask('one')).status, 200);
  });
});
