/** Keys over several windows: editors with secret stores of their own, real gateways and sockets. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createLogger } from '../../src/observe/log';
import { OptionsWatch } from '../../src/vscode/optionsWatch';
import { freePort } from '../../scripts/ports.mjs';
import { eventually } from '../support/headless';
import { FakeSecrets } from '../support/secrets';
import { useTempDirs } from '../support/tempDir';
import { openWindow } from '../support/window';

type Window = ReturnType<typeof openWindow>;

describe('keys over several windows', function () {
  // Each window starts a gateway with a process of its own.
  this.timeout(60_000);
  const tempDir = useTempDirs();
  const open: Window[] = [];
  const watches: OptionsWatch[] = [];
  let port: number;
  let stateHome: string | undefined;

  beforeEach(async () => {
    stateHome = process.env['XDG_STATE_HOME'];
    process.env['XDG_STATE_HOME'] = tempDir();
    port = await freePort();
  });
  afterEach(async () => {
    for (const watch of watches.splice(0)) watch.dispose();
    for (const { controller } of open.splice(0).reverse()) await controller.shutdown();
    if (stateHome === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = stateHome;
  });

  /** A window that has found its place. Windows of one editor have one store. */
  async function openIn(secrets: FakeSecrets): Promise<Window> {
    const logger = createLogger(() => undefined, 'debug');
    const window = openWindow({ workDir: tempDir(), logger, secrets, settings: { port } });
    const { controller, buildOptions, keys } = window;
    const watch = new OptionsWatch({ logger, controller, buildOptions, settleMs: 10 });
    watches.push(watch);
    keys.apiKey.onDidChange(watch.notice);
    keys.store.onDidChange(watch.notice);
    open.push(window);
    const state = await controller.start();
    assert.equal(state.kind, 'ready');
    return window;
  }

  const statusOf = async (key: string): Promise<number> =>
    (
      await fetch(`http://127.0.0.1:${port}/v1/models`, {
        headers: { authorization: `Bearer ${key}` },
      })
    ).status;

  it('a key made in any window opens at once, and goes on to open when others lead', async () => {
    const [leader, follower] = [await openIn(new FakeSecrets()), await openIn(new FakeSecrets())];
    const pid = leader.controller.serving?.snapshot().instances[0]?.pid;
    const here = await leader.controller.serving?.createKey('here');
    const there = await follower.controller.serving?.createKey('there');
    assert.ok(here && there);
    for (const { key } of [here, there]) assert.equal(await statusOf(key), 200);
    assert.equal(leader.controller.serving?.snapshot().instances[0]?.pid, pid, 'no restart');

    // A third editor has made neither of them.
    const heir = await openIn(new FakeSecrets());
    for (const { keys } of [follower, heir]) {
      await eventually('its store knows both', async () => {
        await keys.store.mirror((await leader.controller.serving?.clientKeys()) ?? []);
        return (await keys.store.list()).length === 2;
      });
    }
    await leader.controller.shutdown();
    await follower.controller.shutdown();
    await eventually(
      'the heir leads',
      () => {
        const { state } = heir.controller;
        return state.kind === 'ready' && state.role === 'leader';
      },
      15_000,
    );
    for (const { key } of [here, there]) assert.equal(await statusOf(key), 200);
  });

  it('a key that is revoked in any window opens nothing, also after a restart', async () => {
    const secrets = new FakeSecrets();
    const leader = await openIn(secrets);
    const follower = await openIn(new FakeSecrets());
    const created = await leader.controller.serving?.createKey('doomed');
    assert.ok(created);
    await eventually('the other editor knows it', async () => {
      await follower.keys.store.mirror([created]);
      return (await follower.keys.store.list()).length === 1;
    });
    assert.equal(await statusOf(created.key), 200);
    await follower.controller.serving?.revokeKey('doomed');
    assert.equal(await statusOf(created.key), 401);
    assert.deepEqual(await leader.keys.store.list(), []);
    assert.deepEqual(await follower.keys.store.list(), []);
    await leader.controller.restart();
    assert.equal(await statusOf(created.key), 401);
  });

  it('a change in the store of its editor reaches a gateway that runs', async () => {
    const secrets = new FakeSecrets();
    const leader = await openIn(secrets);
    const pid = leader.controller.serving?.snapshot().instances[0]?.pid;
    const created = await leader.controller.serving?.createKey('ci');
    assert.ok(created);
    await eventually('the list has been taken over', () =>
      leader.controller.wantedOptions()?.clientKeys.some(({ name }) => name === 'ci'),
    );
    // Another window of the editor, which has no part in the gateway.
    const text = [...secrets.values].find(([, value]) => value.includes(created.digest));
    assert.ok(text);
    await secrets.store(text[0], '[]');
    await eventually('it is shut out', async () => (await statusOf(created.key)) === 401);
    assert.equal(leader.controller.serving?.snapshot().instances[0]?.pid, pid, 'no restart');
  });

  it('the gateway’s own key is another one for every editor after a rotation', async () => {
    const leader = await openIn(new FakeSecrets());
    const follower = await openIn(new FakeSecrets());
    const before = (await follower.controller.connection())?.apiKey ?? '';
    assert.equal(before, await leader.keys.apiKey.get());
    assert.equal(await statusOf(before), 200);
    const after = await follower.keys.apiKey.rotate();
    await follower.controller.restart();
    await eventually(
      'the new key',
      async () => (await statusOf(after).catch(() => 0)) === 200,
      15_000,
    );
    assert.notEqual(after, before);
    assert.equal(await statusOf(before), 401);
    assert.equal(await leader.keys.apiKey.get(), after);
    await eventually('it is followed again', () => follower.controller.serving, 15_000);
    assert.equal((await follower.controller.connection())?.apiKey, after);
  });
});
