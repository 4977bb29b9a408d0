import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { Conversation } from '../support/conversation';
import {
  eventually,
  HeadlessGateway,
  isAlive,
  type LaunchOptions,
  runLauncher,
} from '../support/headless';

const quoted = (file: string): string => `"${path.resolve(file)}"`;
const NODE = `"${process.execPath}"`;
const DEMO_AGENT = `${NODE} ${quoted('dist/demo.js')} --acp`;
const SDK_AGENT = `${NODE} ${quoted('test/support/sdkAgent.mjs')}`;

describe('headless: an agent on stdin and stdout', () => {
  const running: HeadlessGateway[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
  });

  async function launch(command: string, options: LaunchOptions = {}): Promise<HeadlessGateway> {
    const flags = ['--agent-command', command, ...(options.flags ?? [])];
    const gateway = await HeadlessGateway.launch({ ...options, flags });
    running.push(gateway);
    return gateway;
  }

  for (const streaming of [false, true]) {
    it(`a conversation, ${streaming ? 'streamed' : 'plain'}: only what is new travels`, async () => {
      const gateway = await launch(DEMO_AGENT, { env: { DEMO_LINGMA_STRAY_STDOUT: '1' } });
      const chat = new Conversation(gateway.openai(), { streaming });
      const questions = ['one', 'two', 'three'].map((word) => `${word} 你好\nDEMO:echo ${word} 👩‍💻`);
      const sessions: string[] = [];
      for (const question of questions) sessions.push((await chat.say(question)).session);
      assert.deepEqual(sessions, [
        'new; instance=lingma-1; sent=1/1',
        'continued; instance=lingma-1; sent=1/3',
        'continued; instance=lingma-1; sent=1/5',
      ]);
      const answers = chat.messages.filter(({ role }) => role === 'assistant');
      assert.deepEqual(
        answers.map(({ content }) => content),
        ['one 👩‍💻', 'two 👩‍💻', 'three 👩‍💻'],
      );
      const prompts = gateway.upstream('session/prompt');
      assert.deepEqual(
        prompts.map((params) => params['prompt']),
        questions.map((text) => [{ type: 'text', text }]),
      );
      assert.equal(new Set(prompts.map((params) => params['sessionId'])).size, 1);
      // A standard agent is told nothing that the specification does not know.
      assert.ok(prompts.every((params) => !('_meta' in params)));
      const [session] = gateway.upstream('session/new');
      assert.deepEqual(session?.['mcpServers'], []);
      assert.ok(String(session['cwd']).startsWith(gateway.workDir));
      assert.deepEqual(gateway.upstreamProblems(), []);
      assert.equal((await gateway.stats()).program, process.execPath);
    });
  }

  it('its models are those of its sessions, and are set only when they change', async () => {
    const gateway = await launch(DEMO_AGENT);
    const models = [];
    for await (const { id } of gateway.openai().models.list()) models.push(id);
    assert.ok(models.includes('org_auto') && models.includes('kmodel'), models.join());
    for (const model of ['gpt-4o', 'kmodel', 'kmodel']) {
      await gateway.openai().chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'DEMO:echo fine' }],
      });
    }
    assert.deepEqual(
      gateway.upstream('session/set_model').map((params) => params['modelId']),
      ['kmodel', 'kmodel'],
      'two new sessions, and the default needs no call',
    );
  });

  it('no permission is given, and what was not offered does not exist', async () => {
    const gateway = await launch(DEMO_AGENT);
    const { text } = await new Conversation(gateway.openai()).say(
      'DEMO:tool run_in_terminal {"command":"rm -rf /"}\nDEMO:echo done',
    );
    assert.equal(text, 'done', 'plans and tool calls are no part of the answer');
    const event = (name: string) => gateway.records().find((record) => record.event === name);
    assert.deepEqual(event('permission-replied')?.['result'], {
      outcome: { outcome: 'cancelled' },
    });
    assert.equal((event('file-replied')?.['error'] as { code: number }).code, -32601);
  });

  it('thoughts come as reasoning', async () => {
    const gateway = await launch(DEMO_AGENT);
    const { choices } = await gateway.openai().chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'DEMO:think hm, hm\nDEMO:echo yes' }],
    });
    const message = choices[0]?.message as { content: string; reasoning_content?: string };
    assert.deepEqual([message.content, message.reasoning_content], ['yes', 'hm, hm']);
  });

  it('kill -9 of the agent: the next turn answers with the history', async () => {
    const gateway = await launch(DEMO_AGENT);
    const chat = new Conversation(gateway.openai(), { streaming: true });
    await chat.say('my name is Ada\nDEMO:echo hello Ada');
    const pid = (await gateway.stats()).instances[0]?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    const { text, session } = await chat.say('and?\nDEMO:echo Ada');
    assert.equal(text, 'Ada');
    assert.match(session, /^lost; .*sent=3\/3$/);
    assert.match((await chat.say('still?')).session, /^continued;/);
    const next = (await gateway.stats()).instances[0]?.pid ?? 0;
    await gateway.stop();
    await eventually('the agent ends with the gateway', () => !isAlive(next));
  });

  it('two agents serve side by side', async () => {
    const gateway = await launch(DEMO_AGENT, { flags: ['--instances', '2'] });
    await eventually('both are ready', async () =>
      (await gateway.stats()).instances.every(({ state }) => state === 'ready'),
    );
    const turns = [1, 2].map((turn) =>
      new Conversation(gateway.openai()).say(`DEMO:echo ${turn}\nDEMO:delay 300`),
    );
    const used = (await Promise.all(turns)).map(({ session }) => session.split('; ')[1]);
    assert.deepEqual(used.sort(), ['instance=lingma-1', 'instance=lingma-2']);
  });

  describe('made with the official library', () => {
    it('holds exactly the conversation, in the model that was asked for', async () => {
      const gateway = await launch(SDK_AGENT);
      const messages: { role: 'user' | 'assistant'; content: string }[] = [];
      const say = async (content: string): Promise<string> => {
        messages.push({ role: 'user', content });
        const { choices } = await gateway
          .openai()
          .chat.completions.create({ model: 'Large', messages });
        const answer = choices[0]?.message.content ?? '';
        messages.push({ role: 'assistant', content: answer });
        return answer;
      };
      assert.equal(await say('first'), 'large holds ["first"]');
      assert.equal(await say('second'), 'large holds ["first","second"]');
      // A slash would be a command to the agent itself.
      assert.equal(await say('/third'), 'large holds ["first","second","[User]\\n/third"]');
    });

    it('gets refusals that fit the schema', async () => {
      const gateway = await launch(SDK_AGENT);
      const { text } = await new Conversation(gateway.openai()).say('please use a tool');
      assert.equal(text, 'permission: cancelled; file: -32601');
    });

    it('an answer that was cut off is an error, not an answer', async () => {
      const gateway = await launch(SDK_AGENT);
      await assert.rejects(
        new Conversation(gateway.openai()).say('please be cut off'),
        /the answer was cut off: max_tokens/,
      );
    });

    it('is sent no picture it cannot take', async () => {
      const gateway = await launch(SDK_AGENT);
      const url =
        'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
      const asked = gateway.openai().chat.completions.create({
        model: 'small',
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
      });
      await assert.rejects(asked, (error: { status?: number; code?: string }) => {
        assert.deepEqual([error.status, error.code], [400, 'unsupported_content']);
        return true;
      });
    });
  });

  for (const [command, message] of [
    ['/no/such/agent --acp', /The agent \(\/no\/such\/agent\) could not be started: .*Correct its/],
    ['agent "half', /command line cannot be used: its quote " is never closed/],
    [`${NODE} -e "process.exit(3)"`, /The agent \(.*\) ended \(exit code 3\)/],
  ] as const) {
    it(`${command.replace(process.execPath, 'node')} exits 1 and says why`, async () => {
      const run = runLauncher(['--port', '0', '--agent-command', command]);
      assert.equal(await run.exitCode, 1);
      assert.match(await run.stderr, message);
    });
  }

  it('it sees the user’s environment, without the keys of our API', async () => {
    const shown = ['LINGMA_GATEWAY_API_KEY', 'MY_AGENTS_KEY', 'VSCODE_PID']
      .map((name) => `process.env.${name}`)
      .join(', ');
    const run = runLauncher(
      ['--port', '0', '--agent-command', `${NODE} -e "console.error(${shown}); process.exit(3)"`],
      { LINGMA_GATEWAY_API_KEY: 'secret', MY_AGENTS_KEY: 'kept', VSCODE_PID: '1' },
    );
    assert.equal(await run.exitCode, 1);
    assert.match(await run.stderr, /It wrote: undefined kept undefined/);
  });
});
