import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { callLingma } from '../support/callLingma';
import { Conversation } from '../support/conversation';
import { freePort } from '../../scripts/ports.mjs';
import {
  eventually,
  HeadlessGateway,
  isAlive,
  type LaunchOptions,
  runLauncher,
} from '../support/headless';

describe('headless: processes', () => {
  const running: HeadlessGateway[] = [];
  const launch = async (options?: LaunchOptions): Promise<HeadlessGateway> => {
    const gateway = await HeadlessGateway.launch(options);
    running.push(gateway);
    return gateway;
  };
  const pidsOf = async (gateway: HeadlessGateway): Promise<number[]> =>
    (await gateway.stats()).instances.flatMap(({ pid }) => (pid === null ? [] : [pid]));

  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
  });

  it('C-31 (31) kill -9 of an instance: its sessions vanish, the next turn answers with the history', async () => {
    const gateway = await launch();
    const chat = new Conversation(gateway.openai());
    await chat.say('my name is Ada\nDEMO:echo hello Ada');
    await chat.say('what is my name?\nDEMO:echo Ada');
    const [killed] = await pidsOf(gateway);
    assert.ok(killed);
    process.kill(killed, 'SIGKILL');
    await eventually('the sessions vanish', async () => {
      return (await gateway.stats()).sessionCache.size === 0;
    });
    assert.equal((await gateway.stats()).sessionCache.invalidate_total, 1);

    const { text, session } = await chat.say('and again?\nDEMO:echo Ada once more');
    assert.equal(text, 'Ada once more');
    assert.equal(session, 'lost; instance=lingma-1; sent=5/5');
    const prompt = String(gateway.upstream('chat/ask').at(-1)?.['questionText']);
    for (const said of ['my name is Ada', 'hello Ada', 'what is my name?', 'and again?']) {
      assert.ok(prompt.includes(said), `the prompt lacks "${said}"`);
    }
    const [instance] = (await gateway.stats()).instances;
    assert.equal(instance?.restarts, 1);
    assert.notEqual(instance.pid, killed);
    assert.match((await chat.say('still there?')).session, /^continued;/);
  });

  it('C-43 (43) a turn right after the kill is answered, without waiting for anybody to notice', async () => {
    const gateway = await launch();
    const chat = new Conversation(gateway.openai(), { streaming: true });
    await chat.say('first');
    for (const pid of await pidsOf(gateway)) process.kill(pid, 'SIGKILL');
    assert.match((await chat.say('second\nDEMO:echo fine')).session, /^lost; .*sent=3\/3$/);
  });

  it('a process that dies under a continued turn is replaced without a trace', async () => {
    const gateway = await launch();
    const chat = new Conversation(gateway.openai(), { streaming: true });
    await chat.say('first');
    // Stopped, so that it cannot have answered when it is killed under the turn.
    const [pid] = await pidsOf(gateway);
    assert.ok(pid);
    process.kill(pid, 'SIGSTOP');
    const turn = chat.say('second\nDEMO:echo fine');
    await eventually(
      'the turn runs',
      async () => (await gateway.stats()).concurrency.inFlight === 1,
    );
    process.kill(pid, 'SIGKILL');
    const { text, session } = await turn;
    assert.equal(text, 'fine');
    assert.match(session, /^lost; .*sent=3\/3$/);
  });

  it('C-39 (39) a session that Lingma has forgotten is replaced without a trace', async () => {
    const gateway = await launch();
    const chat = new Conversation(gateway.openai(), { streaming: true });
    await chat.say('first\nDEMO:echo one');
    await chat.say('second\nDEMO:echo two');
    const sessionId = gateway.upstream('chat/ask')[1]?.['sessionId'];
    const { instances } = await gateway.stats();
    await callLingma(instances[0]?.port ?? 0, 'chat/deleteSessionById', { sessionId });

    const { text, session } = await chat.say('third\nDEMO:echo three');
    assert.equal(text, 'three');
    assert.match(session, /^lost; .*sent=5\/5$/);
    const [refused, whole] = gateway.upstream('chat/ask').slice(2);
    assert.deepEqual([refused?.['isReply'], whole?.['isReply']], [true, false]);
    assert.match(String(whole?.['questionText']), /first[^]*one[^]*second[^]*two[^]*third/);
    assert.equal((await gateway.stats()).sessionCache.invalidate_total, 1);
  });

  it('a process that is killed again and again comes back each time', async () => {
    const gateway = await launch();
    for (let round = 0; round < 8; round++) {
      const chat = new Conversation(gateway.openai());
      assert.equal((await chat.say(`DEMO:echo round ${round}`)).text, `round ${round}`);
      for (const pid of await pidsOf(gateway)) process.kill(pid, 'SIGKILL');
    }
    const { instances } = await gateway.stats();
    assert.ok((instances[0]?.restarts ?? 0) >= 7, JSON.stringify(instances));
  });

  it('a reader that stands still does not hold the place of its finished turn', async () => {
    const gateway = await launch({ flags: ['--max-in-flight', '1'] });
    const stalled = await gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gpt-4o',
        stream: true,
        messages: [{ role: 'user', content: 'DEMO:words 60000' }],
      }),
    });
    const chat = new Conversation(gateway.openai());
    assert.equal((await chat.say('DEMO:echo next')).text, 'next');
    await stalled.body?.cancel();
  }).timeout(40_000);

  it('a plain answer is what the process meant in the end, and survives a lost process', async () => {
    const gateway = await launch({ flags: ['--instances', '2'] });
    const chat = new Conversation(gateway.openai());
    const { text } = await chat.say('DEMO:echo Wrong draft\nDEMO:overwrite Right answer');
    assert.equal(text, 'Right answer');
    assert.match((await chat.say('and?')).session, /^continued;/);
  });

  it('C-31 (31) a process that dies in mid-answer ends each stream with an error, never with a stop', async () => {
    const gateway = await launch();
    const chat = new Conversation(gateway.openai());
    await chat.say('first');
    const stream = (content: string): Promise<Response> =>
      gateway.fetch('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'gpt-4o',
          stream: true,
          messages: [{ role: 'user', content }],
        }),
      });
    // The headers come with the first word, so that this one is in the middle of its answer.
    const other = await stream('DEMO:words 1000\nDEMO:gap 20');
    const dying = await stream('DEMO:words 5\nDEMO:exit 3');
    for (const response of [dying, other]) {
      assert.equal(response.status, 200);
      const body = await response.text();
      assert.match(
        body,
        /"error":\{"message":".*","type":"api_error","param":null,"code":"instance_lost"\}/,
      );
      assert.doesNotMatch(body, /"finish_reason":"stop"/);
      assert.ok(body.endsWith('data: [DONE]\n\n'));
    }
    assert.equal((await gateway.stats()).sessionCache.size, 0);
    assert.match((await chat.say('second')).session, /^lost; .*sent=3\/3$/);
  });

  it('C-39 (39) two instances: conversations stay where they began, new ones spread', async () => {
    const gateway = await launch({ flags: ['--instances', '2'] });
    await eventually('both are ready', async () => {
      return (await gateway.stats()).instances.every(({ state }) => state === 'ready');
    });
    const chats = [0, 1, 2, 3, 4, 5].map(() => new Conversation(gateway.openai()));
    const homes = new Map<Conversation, string>();
    for (let turn = 0; turn < 4; turn++) {
      for (const [index, chat] of chats.entries()) {
        const { session } = await chat.say(`chat ${index}, turn ${turn}`);
        const home = /instance=(\S+);/.exec(session)?.[1] ?? '';
        assert.match(session, turn === 0 ? /^new;/ : /^continued;/);
        assert.equal(home, homes.get(chat) ?? home);
        homes.set(chat, home);
      }
    }
    const { instances, sessionCache } = await gateway.stats();
    assert.deepEqual(
      instances.map(({ id, pinnedSessions }) => [id, pinnedSessions]),
      [
        ['lingma-1', 3],
        ['lingma-2', 3],
      ],
    );
    assert.equal(sessionCache.hit_total, 18);
    // Each process saw only its own conversations.
    const pids = new Map<string, Set<number>>();
    for (const { pid, message } of gateway.records()) {
      if (message?.method !== 'chat/ask') continue;
      const chat = /chat (\d)/.exec(String(message.params?.['questionText']))?.[1] ?? '';
      pids.set(chat, (pids.get(chat) ?? new Set()).add(pid));
    }
    assert.deepEqual(
      [...pids.values()].map((set) => set.size),
      [1, 1, 1, 1, 1, 1],
    );
  });

  it('C-36 (36) a client that goes away stops the turn upstream and frees its place', async () => {
    const gateway = await launch({ flags: ['--max-in-flight', '1'] });
    const abort = new AbortController();
    const stream = await gateway.openai().chat.completions.create(
      {
        model: 'gpt-4o',
        messages: [{ role: 'user', content: 'DEMO:words 1000\nDEMO:gap 20' }],
        stream: true,
      },
      { signal: abort.signal },
    );
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    abort.abort();
    const leftAt = performance.now();
    await eventually('chat/stop', () => gateway.upstream('chat/stop').length === 1);
    // The answer would have gone on for twenty seconds.
    assert.ok(performance.now() - leftAt < 5_000);
    const chat = new Conversation(gateway.openai());
    assert.equal((await chat.say('DEMO:echo free again')).text, 'free again');
    const { sessionCache, turns } = await gateway.stats();
    assert.equal(sessionCache.size, 1);
    assert.equal(turns.cancelled, 1);
  });

  it('C-36 (36), C-40 (40) a continued turn that its client leaves takes its session along', async () => {
    const gateway = await launch();
    const chat = new Conversation(gateway.openai(), { streaming: true });
    await chat.say('first');
    await sayUntil(gateway, chat, 'second\nDEMO:words 1000\nDEMO:gap 20', ({ delta }) =>
      Boolean(delta.content),
    );
    const [stopped] = await eventually('it is stopped and its session deleted', () => {
      const deleted = gateway.upstream('chat/deleteSessionById').length === 1;
      return deleted ? gateway.upstream('chat/stop') : undefined;
    });
    assert.equal(stopped?.['sessionId'], gateway.upstream('chat/ask').at(-1)?.['sessionId']);
    await eventually('its place is free', async () => {
      const { concurrency, sessionCache } = await gateway.stats();
      return concurrency.inFlight === 0 && sessionCache.size === 0;
    });
    // Not even what the client has seen of the answer finds anything.
    chat.messages.splice(2);
    assert.match((await chat.say('second')).session, /^lost; .*sent=3\/3$/);
    assert.match((await chat.say('third')).session, /^continued; .*sent=1\/5$/);
    assert.equal(gateway.upstream('chat/stop').length, 1);
  });

  it('C-36 (36) a continued turn that was answered keeps its session, whoever leaves at the end', async () => {
    const gateway = await launch();
    const chat = new Conversation(gateway.openai(), { streaming: true });
    await chat.say('first');
    const said = await sayUntil(gateway, chat, 'second\nDEMO:echo whole', (choice) =>
      Boolean(choice.finish_reason),
    );
    assert.equal(said, 'whole');
    assert.match((await chat.say('third')).session, /^continued; .*sent=1\/5$/);
    assert.deepEqual(gateway.upstream('chat/stop'), []);
    assert.deepEqual(gateway.upstream('chat/deleteSessionById'), []);
  });

  it('C-37 (37) two turns from the same prefix at once never share a session', async () => {
    const gateway = await launch();
    const chat = new Conversation(gateway.openai());
    await chat.say('the common beginning');
    const fork = async (name: string): Promise<string> => {
      const branch = new Conversation(gateway.openai());
      branch.messages.push(...chat.messages);
      return (await branch.say(`${name}\nDEMO:delay 2000`)).session;
    };
    const sessions = await Promise.all([fork('left'), fork('right')]);
    assert.deepEqual(sessions.map((session) => session.split(';')[0]).sort(), [
      'busy',
      'continued',
    ]);
    const used = gateway
      .upstream('chat/ask')
      .slice(1)
      .map(({ sessionId }) => sessionId);
    assert.equal(new Set(used).size, 2);
  });

  it('C-30 (30) SIGTERM ends running streams, leaves no child and exits 0 within 5 s', async () => {
    const gateway = await HeadlessGateway.launch({ flags: ['--instances', '2'] });
    const pids = await eventually('both are ready', async () => {
      const found = await pidsOf(gateway);
      return found.length === 2 ? found : undefined;
    });
    const stream = await gateway.openai().chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'DEMO:words 1000\nDEMO:gap 20' }],
      stream: true,
    });
    const reading = (async () => {
      for await (const chunk of stream) assert.equal(chunk.choices[0]?.finish_reason ?? null, null);
    })();
    const ended = assert.rejects(reading, /stopping/);
    await eventually('the turn runs', () => gateway.upstream('chat/ask').length === 1);
    const { code, ms } = await gateway.stop();
    await ended;
    assert.equal(code, 0);
    assert.ok(ms < 5_000, `took ${ms} ms`);
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it('a process that ignores SIGTERM is gone as well', async () => {
    const gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_IGNORE_SIGTERM: '1' } });
    const pids = await pidsOf(gateway);
    const { code, ms } = await gateway.stop('SIGINT');
    assert.equal(code, 0);
    assert.ok(ms < 5_000, `took ${ms} ms`);
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it('C-32 (32) requests that come while Lingma is still starting wait for it', async () => {
    const port = await freePort();
    const workDir = mkdtempSync(path.join(tmpdir(), 'lingma-slow-'));
    const flags = ['--port', String(port), '--api-key', 'k', '--work-dir', workDir];
    const run = runLauncher(flags, { DEMO_LINGMA_START_DELAY_MS: '3000' });
    const get = (pathname: string) =>
      fetch(`http://127.0.0.1:${port}${pathname}`, { headers: { 'x-api-key': 'k' } });
    await eventually('the port answers', () => get('/healthz').catch(() => undefined));
    assert.equal((await get('/healthz')).status, 503);
    const models = (await (await get('/v1/models')).json()) as { data: unknown[] };
    assert.ok(models.data.length > 1);
    assert.equal((await get('/healthz')).status, 200);
    assert.ok(await run.firstLine);
    run.child.kill();
    assert.equal(await run.exitCode, 0);
    rmSync(workDir, { recursive: true });
  });

  it('C-32 (32) turns that come while a process is replaced share one start, and block nobody', async () => {
    const gateway = await launch({ env: { DEMO_LINGMA_START_DELAY_MS: '2000' } });
    const chats = [1, 2, 3, 4].map(() => new Conversation(gateway.openai()));
    await Promise.all(chats.map((chat) => chat.say('first')));
    for (const pid of await pidsOf(gateway)) process.kill(pid, 'SIGKILL');
    const turns = Promise.all(chats.map((chat) => chat.say('second')));
    // Answered while there is no process: whoever waited for the start would find one.
    await eventually(
      'it is being replaced',
      async () => (await gateway.fetch('/healthz')).status === 503,
    );
    for (const { session } of await turns) assert.match(session, /^lost;/);
    const { instances } = await gateway.stats();
    assert.deepEqual(
      instances.map(({ restarts }) => restarts),
      [1],
    );
  });

  it('kill -9 of the launcher leaves no orphan', async () => {
    const gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_IGNORE_SIGTERM: '1' } });
    const pids = await pidsOf(gateway);
    assert.equal(pids.length, 1);
    await gateway.stop('SIGKILL');
    await eventually('the children are gone', () => !pids.some(isAlive));
  });

  it('a work folder in use is refused, one left behind by a killed gateway is taken over', async () => {
    const first = await launch();
    const second = runLauncher(['--port', '0', '--work-dir', first.workDir]);
    assert.equal(await second.exitCode, 1);
    assert.match(
      await second.stderr,
      /in use by another gateway \(process \d+\)\. Stop it, or choose/,
    );

    const [pid] = await pidsOf(first);
    assert.ok(pid);
    first.child.kill('SIGKILL');
    await eventually('the child is gone', () => !isAlive(pid));
    assert.ok(existsSync(path.join(first.workDir, 'gateway.lock')));
    const third = runLauncher(['--port', '0', '--work-dir', first.workDir]);
    assert.match((await third.firstLine) ?? '', /"demo":true/);
    third.child.kill();
    assert.equal(await third.exitCode, 0);
  });

  it('C-28 (28) a program that does not start is named, with what it wrote', async () => {
    const broken = runLauncher(
      ['--port', '0', '--work-dir', path.join(tmpdir(), `lingma-${process.pid}`)],
      {
        DEMO_LINGMA_START_EXIT: '7',
      },
    );
    assert.equal(await broken.exitCode, 1);
    assert.match(await broken.stderr, /did not start: exit code 7/);
  }).timeout(40_000);
});

/** Says something and leaves at the first chunk that `isLast`; keeps and gives what was said by then. */
async function sayUntil(
  gateway: HeadlessGateway,
  chat: Conversation,
  content: string,
  isLast: (choice: ChatCompletionChunk.Choice) => boolean,
): Promise<string> {
  chat.messages.push({ role: 'user', content });
  const leaving = new AbortController();
  const stream = await gateway
    .openai()
    .chat.completions.create(
      { model: 'gpt-4o', messages: chat.messages, stream: true },
      { signal: leaving.signal },
    );
  let said = '';
  for await (const { choices } of stream) {
    const [choice] = choices;
    said += choice?.delta.content ?? '';
    if (choice && isLast(choice)) break;
  }
  leaving.abort();
  chat.messages.push({ role: 'assistant', content: said });
  return said;
}
