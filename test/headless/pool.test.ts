import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { InstanceSnapshot } from '../../src/gateway/snapshot';
import { Conversation } from '../support/conversation';
import { eventually, HeadlessGateway, isAlive } from '../support/headless';

describe('headless: supervision of the pool', () => {
  const running: HeadlessGateway[] = [];

  async function launch(...flags: string[]): Promise<HeadlessGateway> {
    const gateway = await HeadlessGateway.launch({ flags });
    running.push(gateway);
    return gateway;
  }

  const post = (gateway: HeadlessGateway, path: string, body?: object): Promise<Response> =>
    gateway.fetch(path, {
      method: 'POST',
      ...(body && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });

  const act = async (gateway: HeadlessGateway, id: string, action: string): Promise<void> => {
    const response = await post(gateway, `/internal/instances/${id}/${action}`);
    assert.equal(response.status, 202, await response.text());
  };

  const resize = async (gateway: HeadlessGateway, size: object): Promise<void> => {
    const response = await post(gateway, '/internal/pool', size);
    assert.equal(response.status, 202, await response.text());
  };

  const instances = async (gateway: HeadlessGateway): Promise<readonly InstanceSnapshot[]> =>
    (await gateway.stats()).instances;

  const ready = (gateway: HeadlessGateway, count: number): Promise<readonly InstanceSnapshot[]> =>
    eventually(`${count} instances are ready`, async () => {
      const all = await instances(gateway);
      return all.length === count && all.every(({ state }) => state === 'ready') ? all : undefined;
    });

  const inFlight = async (gateway: HeadlessGateway): Promise<number> =>
    (await gateway.stats()).concurrency.inFlight;

  /** A conversation that has its session on that instance. */
  async function conversationOn(gateway: HeadlessGateway, id: string): Promise<Conversation> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const chat = new Conversation(gateway.openai());
      if ((await chat.say(`hello ${attempt}`)).session.includes(`instance=${id};`)) return chat;
    }
    assert.fail(`no conversation on ${id}`);
  }

  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
  });

  it('grows and shrinks while it runs; who stays keeps its process and its sessions', async () => {
    const gateway = await launch();
    const [first] = await ready(gateway, 1);
    const chat = new Conversation(gateway.openai());
    await chat.say('first');

    await resize(gateway, { instances: 3 });
    const grown = await ready(gateway, 3);
    assert.equal(new Set(grown.map(({ pid }) => pid)).size, 3);
    assert.match((await chat.say('second')).session, /^continued; instance=lingma-1;/);

    await resize(gateway, { instances: 1 });
    const [last] = await ready(gateway, 1);
    assert.deepEqual([last?.pid, last?.restarts], [first?.pid, 0]);
    for (const { id, pid } of grown) {
      await eventually(`${id} is gone`, () => id === 'lingma-1' || !isAlive(pid ?? 0));
    }
    assert.match((await chat.say('third')).session, /^continued; instance=lingma-1;/);
  });

  it('an instance that leaves finishes its turn, and its conversations go on elsewhere', async () => {
    const gateway = await launch('--instances', '2');
    await ready(gateway, 2);
    const chat = await conversationOn(gateway, 'lingma-2');
    const other = await conversationOn(gateway, 'lingma-2');
    const turn = chat.say('slow\nDEMO:delay 3000\nDEMO:echo finished');
    await eventually('the turn runs', async () => (await inFlight(gateway)) === 1);

    await resize(gateway, { instances: 1 });
    const leaving = (await instances(gateway)).find(({ id }) => id === 'lingma-2');
    assert.deepEqual([leaving?.state, leaving?.draining], ['ready', true]);
    assert.equal(await gateway.metric('gateway_instance_draining{lingma_instance="lingma-2"}'), 1);
    // Its session is on the instance that drains, which takes no turn any more.
    const moved = await other.say('next\nDEMO:echo elsewhere');
    assert.equal(moved.text, 'elsewhere');
    assert.match(moved.session, /^lost; instance=lingma-1; sent=3\/3$/);

    const { text, session } = await turn;
    assert.equal(text, 'finished');
    assert.match(session, /^continued; instance=lingma-2;/);
    await ready(gateway, 1);
    assert.match((await chat.say('after')).session, /^lost; instance=lingma-1;/);
  });

  it('one that is wanted back before it has gone stays as it was', async () => {
    const gateway = await launch('--instances', '2');
    const before = await ready(gateway, 2);
    const chat = await conversationOn(gateway, 'lingma-2');
    const turn = chat.say('slow\nDEMO:delay 3000');
    await eventually('the turn runs', async () => (await inFlight(gateway)) === 1);
    await resize(gateway, { instances: 1 });
    await resize(gateway, { instances: 2 });
    await turn;
    assert.match((await chat.say('again')).session, /^continued; instance=lingma-2;/);
    const after = await ready(gateway, 2);
    assert.deepEqual(
      after.map(({ pid, draining }) => [pid, draining]),
      before.map(({ pid }) => [pid, false]),
    );
  });

  it('more turns at once are let in as soon as the limit is raised', async () => {
    const gateway = await launch('--max-in-flight', '1');
    const slow = new Conversation(gateway.openai()).say('one\nDEMO:delay 3000');
    await eventually('it runs', async () => (await inFlight(gateway)) === 1);
    const waiting = new Conversation(gateway.openai()).say('two\nDEMO:echo let in');
    await eventually('one waits', async () => (await gateway.stats()).concurrency.queued === 1);
    await resize(gateway, { maxInFlight: 2 });
    assert.equal((await waiting).text, 'let in');
    assert.equal(await inFlight(gateway), 1);
    await slow;
    const { concurrency } = await gateway.stats();
    assert.deepEqual([concurrency.maxInFlightPerInstance, concurrency.queued], [2, 0]);
    assert.equal(concurrency.waits.count, 1);
    assert.equal(await gateway.metric('gateway_queue_wait_seconds_count'), 1);
    assert.equal(await gateway.metric('gateway_queue_wait_seconds_bucket{le="+Inf"}'), 1);
    assert.ok((await gateway.metric('gateway_queue_wait_seconds_sum')) > 0);
    assert.equal(await gateway.metric('gateway_queue_refused_total{reason="queue_full"}'), 0);
  });

  it('C-30 (30) a restart gives an instance a new process and leaves the others alone', async () => {
    const gateway = await launch('--instances', '2');
    const before = await ready(gateway, 2);
    const [stays, moves] = [
      await conversationOn(gateway, 'lingma-1'),
      await conversationOn(gateway, 'lingma-2'),
    ];
    await act(gateway, 'lingma-2', 'restart');
    await eventually('there is another process', async () => {
      const [, second] = await instances(gateway);
      return second?.state === 'ready' && second.pid !== before[1]?.pid;
    });
    assert.ok(!isAlive(before[1]?.pid ?? 0));
    assert.match((await stays.say('on')).session, /^continued; instance=lingma-1;/);
    assert.match((await moves.say('on')).session, /^lost;/);
    assert.equal((await instances(gateway))[0]?.pid, before[0]?.pid);
  });

  it('a drained one finishes its turn before it gets a new process; new turns wait for it', async () => {
    const gateway = await launch();
    const [before] = await ready(gateway, 1);
    const turn = new Conversation(gateway.openai()).say('slow\nDEMO:delay 2000\nDEMO:echo whole');
    await eventually('it runs', async () => (await inFlight(gateway)) === 1);
    await act(gateway, 'lingma-1', 'drain');
    const next = new Conversation(gateway.openai()).say('next\nDEMO:echo from the new one');
    assert.equal((await turn).text, 'whole');
    assert.equal((await next).text, 'from the new one');
    const [after] = await ready(gateway, 1);
    assert.equal(after?.restarts, 1);
    assert.notEqual(after.pid, before?.pid);
    assert.equal(after.draining, false);
  });

  it('refuses what makes no sense, and everybody but the owner', async () => {
    const gateway = await launch('--client-key', 'a=key-of-a');
    const code = async (response: Response): Promise<[number, string]> => {
      const { error } = (await response.json()) as { error: { code: string } };
      return [response.status, error.code];
    };
    for (const body of [{ instances: 0 }, { instances: 99 }, { maxInFlight: '4' }, { more: 1 }]) {
      assert.deepEqual(await code(await post(gateway, '/internal/pool', body)), [
        400,
        'invalid_request',
      ]);
    }
    const unknown = await post(gateway, '/internal/instances/lingma-9/restart');
    assert.deepEqual(await code(unknown), [404, 'not_found']);
    for (const path of ['/internal/instances/lingma-1/restart', '/internal/login']) {
      const headers = { authorization: 'Bearer key-of-a' };
      const refused = await fetch(gateway.baseUrl + path, { method: 'POST', headers });
      assert.deepEqual(await code(refused), [403, 'owner_key_required']);
    }
    assert.equal((await instances(gateway))[0]?.restarts, 0);
  });

  it('C-33 (33) one that gives up does not hold up the others, and tries again when it is told to', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lingma-flaky-'));
    const broken = path.join(folder, 'broken');
    const program = path.join(folder, 'Lingma');
    // Stands in for a Lingma that does not start as long as something is wrong with its machine.
    writeFileSync(
      program,
      `#!/bin/sh\ntest -e '${broken}' && case "$*" in *lingma-2*) exit 7;; esac\n` +
        `exec '${process.execPath}' '${path.resolve('dist/demo.js')}' "$@"\n`,
      { mode: 0o755 },
    );
    const gateway = await launch('--instances', '2', '--lingma', program);
    const [, second] = await ready(gateway, 2);
    writeFileSync(broken, '');
    process.kill(second?.pid ?? 0, 'SIGKILL');
    const failed = await eventually(
      'it gives up',
      async () => (await instances(gateway)).find(({ state }) => state === 'failed'),
      30_000,
    );
    assert.equal(failed.id, 'lingma-2');
    assert.match(failed.problem ?? '', /exit code 7/);
    const chat = new Conversation(gateway.openai());
    assert.equal((await chat.say('DEMO:echo still served')).text, 'still served');

    rmSync(broken);
    await act(gateway, 'lingma-2', 'restart');
    await ready(gateway, 2);
    rmSync(folder, { recursive: true });
  }).timeout(60_000);

  it('a process that stands still is noticed by the turn that waits for it, and replaced', async () => {
    const gateway = await launch('--idle-timeout', '3');
    const [before] = await ready(gateway, 1);
    const pid = before?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    const response = await post(gateway, '/v1/chat/completions', {
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'anybody there?' }],
    });
    assert.equal(response.status, 504);
    await eventually('it is replaced', () => !isAlive(pid), 20_000);
    const chat = new Conversation(gateway.openai());
    assert.equal((await chat.say('DEMO:echo here')).text, 'here');
    assert.equal((await instances(gateway))[0]?.restarts, 1);
  }).timeout(60_000);

  it('C-33 (33) a request that kills each process, sent again and again, leaves others served', async () => {
    const gateway = await launch();
    await ready(gateway, 1);
    const deadly = (): Promise<Response> =>
      post(gateway, '/v1/chat/completions', {
        model: 'org_auto',
        messages: [{ role: 'user', content: 'one two three\nDEMO:close-after 1' }],
        stream: true,
      });
    // Each breaks off in its first words, so there is nothing to be tried again.
    for (let count = 0; count < 7; count++) {
      const body = await (await deadly()).text();
      assert.match(body, /instance_lost/);
    }
    const before = await instances(gateway);
    assert.ok((before[0]?.restarts ?? 0) >= 6);
    const chat = new Conversation(gateway.openai());
    assert.equal((await chat.say('hello\nDEMO:echo served')).text, 'served');
    assert.equal((await instances(gateway))[0]?.state, 'ready');
  }).timeout(60_000);
});
