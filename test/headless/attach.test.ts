import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { Conversation } from '../support/conversation';
import { DemoRecords } from '../support/demoRecords';
import { eventually, HeadlessGateway, type LaunchOptions, runLauncher } from '../support/headless';
import { useTempDirs } from '../support/tempDir';
import { DemoProcess } from '../unit/demo/demoProcess';

type Knobs = Readonly<Record<string, string>>;

/** A client of the user's without the `session/*` methods. */
const LEGACY: Knobs = { DEMO_LINGMA_DISABLE: 'session/new' };

describe('headless: attached to a running client', () => {
  const clients: DemoProcess[] = [];
  const gateways: HeadlessGateway[] = [];
  const tempDir = useTempDirs();

  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
    await Promise.all(clients.splice(0).map((client) => client.stop()));
  });

  async function startClient(knobs: Knobs = {}, workDir?: string) {
    const records = new DemoRecords(path.join(tempDir(), 'record.jsonl'));
    const settings = { DEMO_LINGMA_RECORD: records.file, DEMO_LINGMA_INFO_JSON: '1', ...knobs };
    const client = await DemoProcess.start(settings, workDir);
    clients.push(client);
    return { client, records, info: path.join(client.workDir, '.info.json') };
  }

  async function launch(options: LaunchOptions): Promise<HeadlessGateway> {
    const gateway = await HeadlessGateway.launch(options);
    gateways.push(gateway);
    return gateway;
  }

  const promptText = (params: Record<string, unknown> | undefined): unknown =>
    (params?.['prompt'] as { text: string }[] | undefined)?.[0]?.text;

  it('a conversation over session/*: one session, only what is new travels', async () => {
    const { client, records, info } = await startClient();
    const gateway = await launch({ flags: ['--attach', info] });
    const chat = new Conversation(gateway.openai(), { streaming: true });
    const questions = ['one', 'two', 'three'].map((word) => `${word}\nDEMO:echo said ${word}`);
    const sessions: string[] = [];
    for (const question of questions) sessions.push((await chat.say(question)).session);
    assert.deepEqual(sessions, [
      'new; instance=lingma-1; sent=1/1',
      'continued; instance=lingma-1; sent=1/3',
      'continued; instance=lingma-1; sent=1/5',
    ]);
    const prompts = records.calls('session/prompt');
    assert.deepEqual(prompts.map(promptText), questions);
    const requestIds = prompts.map(
      (params) => (params['_meta'] as Record<string, unknown>)['ai-coding/request-id'],
    );
    assert.equal(new Set(requestIds).size, 3, 'every prompt has a request id of its own');
    assert.equal(new Set(prompts.map((params) => params['sessionId'])).size, 1);
    // Once: the model of the session did not change.
    assert.equal(records.calls('session/set_model').length, 1);
    assert.deepEqual(records.calls('chat/ask'), []);
    assert.deepEqual(records.events('problem'), []);

    const { instances, program, demo } = await gateway.stats();
    assert.deepEqual([program, demo], [null, false]);
    assert.deepEqual(
      instances.map(({ pid, port, signedIn }) => ({ pid, port, signedIn })),
      [{ pid: client.pid, port: client.socketPort, signedIn: true }],
    );
  });

  it('without session/new it asks with chat/ask, and decides that once', async () => {
    const { records, info } = await startClient(LEGACY);
    const gateway = await launch({ flags: ['--attach', info] });
    const chat = new Conversation(gateway.openai());
    await chat.say('one\nDEMO:echo first');
    assert.match((await chat.say('two\nDEMO:echo second')).session, /^continued; .*sent=1\/3$/);
    assert.equal(records.calls('chat/ask').length, 2);
    assert.equal(records.calls('session/new').length, 1);
    assert.deepEqual(records.calls('session/prompt'), []);
  });

  for (const [dialect, knobs] of [
    ['session/*', {}],
    ['chat/ask', LEGACY],
  ] as const) {
    it(`a stop leaves the client running, without our sessions (${dialect})`, async () => {
      const { client, records, info } = await startClient(knobs);
      const gateway = await launch({ flags: ['--attach', info] });
      for (const name of ['one', 'two']) {
        await new Conversation(gateway.openai()).say(`${name}\nDEMO:echo ${name}`);
      }
      assert.equal((await gateway.stop()).code, 0);
      await eventually('the connection ends', () => records.events('client-closed').length > 0);
      assert.equal(client.ended, false);
      const created = records.events('session-created').map((event) => event['sessionId']);
      const deleted = records.events('session-deleted').map((event) => event['sessionId']);
      assert.ok(created.length >= 2);
      assert.deepEqual(deleted.sort(), created.sort());
      assert.equal(clients[0]?.log().includes('stopped'), false);
    });
  }

  it('C-25 (25) a client that is closed and opened again is found again', async () => {
    const first = await startClient();
    const gateway = await launch({ flags: ['--attach', first.info] });
    const chat = new Conversation(gateway.openai(), { streaming: true });
    await chat.say('my name is Ada\nDEMO:echo hello Ada');
    // It leaves its info file behind, which names a dead process from now on.
    first.client.signal('SIGKILL');
    await first.client.exit;
    await eventually('the loss is noticed', async () => {
      return (await gateway.stats()).instances[0]?.state === 'reconnecting';
    });
    const second = await startClient({}, first.client.workDir);
    const { text, session } = await chat.say('what is my name?\nDEMO:echo Ada');
    assert.equal(text, 'Ada');
    assert.match(session, /^lost; .*sent=3\/3$/);
    assert.match(String(promptText(second.records.calls('session/prompt')[0])), /my name is Ada/);
    assert.match((await chat.say('thanks')).session, /^continued;/);
    assert.equal((await gateway.stats()).instances[0]?.pid, second.client.pid);
    await gateway.stop();
    assert.equal(second.client.ended, false);
  });

  it('C-27 (27) the usual places are searched; what is stale or unreadable is passed over', async () => {
    const home = tempDir();
    const place = (...parts: string[]): string => {
      const folder = path.join(home, ...parts);
      mkdirSync(folder, { recursive: true });
      return folder;
    };
    // First in the order, but left by a process that has ended: no process has this id.
    const stale = { websocketPort: 1, pid: 2 ** 22 + 1, ipcServerPath: '' };
    const config = place('.config', 'QoderCN', 'SharedClientCache');
    writeFileSync(path.join(config, '.info.json'), JSON.stringify(stale));
    // Then one that is being written, beside an older form that nobody listens behind any more.
    const half = place('.qodercn');
    writeFileSync(path.join(half, '.info.json'), '{"websocketPort":36');
    writeFileSync(path.join(half, '.info'), `1\r\n${process.pid}\r\n`);
    const { client } = await startClient(
      { DEMO_LINGMA_INFO_JSON: '0' },
      place('.lingma', 'vscode', 'sharedClientCache'),
    );
    const gateway = await launch({
      flags: ['--attach'],
      env: { HOME: home, XDG_CONFIG_HOME: '' },
    });
    assert.equal((await gateway.stats()).instances[0]?.port, client.socketPort);
    assert.equal((await new Conversation(gateway.openai()).say('DEMO:echo found')).text, 'found');
  });

  it('C-26 (26) an info file that is only half written is read again', async () => {
    const { client } = await startClient();
    const file = path.join(tempDir(), '.info.json');
    writeFileSync(file, '{"websocketPort":');
    setTimeout(() => {
      writeFileSync(file, JSON.stringify({ websocketPort: client.socketPort, pid: client.pid }));
    }, 700);
    const gateway = await launch({ flags: ['--attach', file] });
    assert.equal((await new Conversation(gateway.openai()).say('DEMO:echo found')).text, 'found');
  });

  it('a unix socket serves like a WebSocket', async () => {
    const socket = path.join(tempDir(), 'lingma.sock');
    const { records } = await startClient({
      DEMO_LINGMA_SOCKET: socket,
      DEMO_LINGMA_SPLIT: '7',
    });
    const gateway = await launch({ flags: ['--attach', socket] });
    const chat = new Conversation(gateway.openai(), { streaming: true });
    assert.equal((await chat.say('你好\nDEMO:echo 你好，世界 👩‍💻')).text, '你好，世界 👩‍💻');
    assert.match((await chat.say('再见')).session, /^continued;/);
    assert.equal((await gateway.stats()).instances[0]?.port, null);
    assert.match(String(records.events('client-connected')[0]?.['client']), /^local/);
  });

  for (const knobs of [
    { DEMO_LINGMA_PROMPT_END: 'reply-first', DEMO_LINGMA_CHUNK_CONTENT: 'array' },
    { DEMO_LINGMA_PROMPT_END: 'reply-only', DEMO_LINGMA_UPDATE_META: '0' },
    { DEMO_LINGMA_PROMPT_END: 'reply-early', DEMO_LINGMA_PROMPT_FULL_ANSWER: '0' },
    { DEMO_LINGMA_PROMPT_END: 'finish-only' },
  ]) {
    it(`C-14 (14) one end and the whole answer: ${JSON.stringify(knobs)}`, async () => {
      const { records, info } = await startClient(knobs);
      const gateway = await launch({ flags: ['--attach', info] });
      for (const streaming of [true, false]) {
        const chat = new Conversation(gateway.openai(), { streaming });
        const first = await chat.say('one\nDEMO:echo a somewhat longer answer, in pieces');
        assert.equal(first.text, 'a somewhat longer answer, in pieces');
        assert.match((await chat.say('two\nDEMO:echo yes')).session, /^continued;/);
      }
      assert.deepEqual(records.events('problem'), []);
    });
  }

  it('C-13 (13) an error reply to session/prompt ends the turn at once', async () => {
    const { info } = await startClient({ DEMO_LINGMA_PROMPT_END: 'error' });
    const gateway = await launch({ flags: ['--attach', info] });
    const startedAt = performance.now();
    await assert.rejects(
      new Conversation(gateway.openai()).say('DEMO:hang-after 0\nDEMO:status 500'),
      /refused by the promptEnd knob/,
    );
    assert.ok(performance.now() - startedAt < 5_000);
  });

  it('C-36 (36) a client that leaves ends its prompt upstream and frees its place', async () => {
    const { records, info } = await startClient();
    const gateway = await launch({ flags: ['--attach', info, '--max-in-flight', '1'] });
    const leaving = new AbortController();
    const turn = gateway.openai().chat.completions.create(
      {
        model: 'gpt-4o',
        stream: true,
        messages: [{ role: 'user', content: 'DEMO:words 1000\nDEMO:gap 20' }],
      },
      { signal: leaving.signal },
    );
    for await (const chunk of await turn) {
      if (chunk.choices[0]?.delta.content) break;
    }
    leaving.abort();
    const [cancelled] = await eventually('the cancellation', () => {
      const events = records.events('session-cancelled');
      return events.length > 0 ? events : undefined;
    });
    await eventually('the end of the session', () =>
      records.events('session-deleted').some((event) => {
        return event['sessionId'] === cancelled?.['sessionId'];
      }),
    );
    assert.equal((await gateway.stats()).concurrency.inFlight, 0);
    assert.equal((await new Conversation(gateway.openai()).say('DEMO:echo next')).text, 'next');
  });

  it('C-37 (37) concurrent conversations have sessions of their own', async () => {
    const { records, info } = await startClient();
    const gateway = await launch({ flags: ['--attach', info] });
    const chats = [1, 2, 3].map(() => new Conversation(gateway.openai(), { streaming: true }));
    await Promise.all(chats.map((chat, index) => chat.say(`DEMO:echo first ${index}\nDEMO:gap 5`)));
    const seconds = await Promise.all(chats.map((chat) => chat.say('again\nDEMO:echo second')));
    for (const { session } of seconds) assert.match(session, /^continued;/);
    const prompts = records.calls('session/prompt');
    assert.equal(new Set(prompts.map((params) => params['sessionId'])).size, 3);
    assert.deepEqual(records.events('problem'), []);
  });

  it('pictures travel as blocks of the prompt', async () => {
    const { records, info } = await startClient();
    const gateway = await launch({ flags: ['--attach', info] });
    const data =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const { choices } = await gateway.openai().chat.completions.create({
      model: 'gpt-4o',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'DEMO:echo seen' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
          ],
        },
      ],
    });
    assert.ok(choices[0]?.message.content);
    const [prompt] = records.calls('session/prompt');
    assert.deepEqual((prompt?.['prompt'] as unknown[])[1], {
      type: 'image',
      mimeType: 'image/png',
      data,
    });
  });

  it('nothing to attach to exits 1 and says what was tried', async () => {
    const file = path.join(tempDir(), '.info');
    writeFileSync(file, `1\n${2 ** 22 + 1}\n`);
    const run = runLauncher(['--port', '0', '--attach', file]);
    assert.equal(await run.exitCode, 1);
    const said = await run.stderr;
    assert.match(said, /No running Lingma client was found to attach to\. Open Lingma/);
    assert.match(said, /was left by process \d+, which has ended/);
  });

  for (const [flags, message] of [
    [['--attach', 'http://127.0.0.1:1/'], /is nothing to attach to\. Give a ws:\/\/ URL/],
    [['--attach', '--instances', '2'], /--attach uses the one client that runs/],
    [['--attach', '--lingma', '/x'], /--lingma and --attach contradict each other/],
    [['--attach', '--agent-command', 'x'], /--attach and --agent-command contradict each other/],
  ] as const) {
    it(`${flags.join(' ')} is refused`, async () => {
      const run = runLauncher(['--port', '0', ...flags]);
      assert.notEqual(await run.exitCode, 0);
      assert.match(await run.stderr, message);
    });
  }
});
