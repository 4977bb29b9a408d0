import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { eventually, HeadlessGateway, isAlive, type LaunchOptions } from '../support/headless';

describe('headless: the launcher as a process', () => {
  const gateways: HeadlessGateway[] = [];

  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.stop();
  });

  async function launch(options: LaunchOptions = {}): Promise<HeadlessGateway> {
    const gateway = await HeadlessGateway.launch(options);
    gateways.push(gateway);
    return gateway;
  }
  const ask = (gateway: HeadlessGateway, model: string) =>
    gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
    });

  it('outlives whoever read its output', async () => {
    const gateway = await launch({ flags: ['--verbose'] });
    const { child } = gateway;
    child.stdout?.destroy();
    child.stderr?.destroy();
    for (let turn = 0; turn < 3; turn++) {
      await ask(gateway, 'no-such-model');
      assert.equal((await ask(gateway, 'gpt-4o')).status, 200);
    }
    // A process that is lost is told of in the log, whatever becomes of the turns.
    const pid = (await gateway.stats()).instances[0]?.pid;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await eventually('a new process', async () => {
      const next = (await gateway.stats()).instances[0]?.pid;
      return next && next !== pid;
    });
    assert.equal((await ask(gateway, 'gpt-4o')).status, 200);
    assert.equal(child.exitCode, null);
    assert.equal((await gateway.stop()).code, 0);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`${signal} ends it in order, with its processes`, async () => {
      const gateway = await launch();
      const pids = (await gateway.stats()).instances.map(({ pid }) => pid ?? 0);
      assert.ok(pids.length > 0 && pids.every((pid) => pid > 0 && isAlive(pid)));
      const { code, ms } = await gateway.stop(signal);
      assert.equal(code, 0);
      assert.ok(ms < 5_000, `${ms} ms`);
      assert.deepEqual(pids.filter(isAlive), []);
    });
  }
});
