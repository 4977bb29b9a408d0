import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import type OpenAI from 'openai';
import { Conversation } from '../support/conversation';
import { HeadlessGateway } from '../support/headless';
import { ModelServer, type Reply, type SeenMessage, textOf } from '../support/modelServer';
import { installQwenCode } from '../support/qwenCode';
import { useTempDirs } from '../support/tempDir';

/** The answers are made of the questions, so that a mix-up cannot go unnoticed. */
function answerTo({ role, text }: SeenMessage): Reply {
  if (role === 'tool') return { text: `the tool said: ${text}` };
  const file = /touch (\S+)/.exec(text)?.[1];
  if (file === undefined) return { text: `I heard “${text.slice(-40)}” 你好` };
  const args = { command: `touch ${file}`, is_background: false };
  return { call: { name: 'run_shell_command', arguments: args } };
}

describe('headless: Qwen Code as the agent', function () {
  this.timeout(60_000);
  const tempDir = useTempDirs();
  let model: ModelServer;
  let gateway: HeadlessGateway | undefined;
  let home: string;

  before(async function () {
    // The first time it is downloaded.
    this.timeout(400_000);
    const program = await installQwenCode();
    model = await ModelServer.start(answerTo);
    home = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
    const command = `"${process.execPath}" "${program}" --acp --auth-type openai`;
    gateway = await HeadlessGateway.launch({
      flags: ['--agent-command', command],
      env: {
        // Nothing of this machine's own set-up, and nothing kept on it.
        HOME: home,
        OPENAI_BASE_URL: model.baseUrl,
        OPENAI_API_KEY: 'none',
        OPENAI_MODEL: 'witness',
      },
    });
  });
  after(async () => {
    await gateway?.stop();
    await model.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  function openai(): OpenAI {
    assert.ok(gateway);
    return gateway.openai();
  }

  /** What the model was given last, without the agent's own preamble. */
  function lastContext(opening: string): string[] {
    const context = model.seen.at(-1) ?? [];
    const start = context.findIndex(({ role, text }) => role === 'user' && text.includes(opening));
    assert.notEqual(start, -1, `the model never saw "${opening}"`);
    return context.slice(start).map(({ role, text }) => `${role}: ${text}`);
  }

  for (const streaming of [true, false]) {
    it(`the model sees exactly the conversation, ${streaming ? 'streamed' : 'plain'}`, async () => {
      const chat = new Conversation(openai(), { streaming });
      const name = `conversation ${streaming}`;
      const sessions: string[] = [];
      for (const turn of ['first', 'second', 'third']) {
        sessions.push((await chat.say(`${turn} of ${name} 👩‍💻`)).session);
      }
      assert.deepEqual(sessions, [
        'new; instance=lingma-1; sent=1/1',
        'continued; instance=lingma-1; sent=1/3',
        'continued; instance=lingma-1; sent=1/5',
      ]);
      // All but the last answer, which no model has been given yet.
      assert.deepEqual(
        lastContext(`first of ${name}`),
        chat.messages.slice(0, -1).map(({ role, content }) => `${role}: ${textOf(content)}`),
      );
    });
  }

  it('a branch is told from its start, and nothing of the branch it left', async () => {
    const chat = new Conversation(openai(), { streaming: true });
    await chat.say('the trunk');
    await chat.say('the abandoned branch');
    chat.messages.splice(2);
    const { session } = await chat.say('the other branch');
    assert.match(session, /^branched; .*sent=3\/3$/);
    const [prompt, ...more] = lastContext('the trunk');
    assert.deepEqual(more, []);
    assert.match(prompt ?? '', /the trunk[^]*I heard “the trunk”[^]*the other branch$/);
    assert.ok(!prompt?.includes('abandoned'));
  });

  it('conversations side by side do not mix', async () => {
    const chats = ['Ada', 'Bob', 'Cid'].map((name) => ({
      name,
      chat: new Conversation(openai(), { streaming: true }),
    }));
    await Promise.all(chats.map(({ name, chat }) => chat.say(`I am ${name}`)));
    for (const { name, chat } of chats) {
      const { text, session } = await chat.say(`who is ${name}?`);
      assert.match(session, /^continued;/);
      assert.equal(text, `I heard “who is ${name}?” 你好`);
      assert.equal(lastContext(`I am ${name}`).length, 3);
    }
  });

  it('what begins with a slash is said to the model, not to the agent', async () => {
    const { text } = await new Conversation(openai()).say('/help me with this');
    assert.match(text, /help me with this/);
  });

  it('its own tools get no permission', async () => {
    const file = path.join(tempDir(), 'made-by-the-agent');
    const asked = await new Conversation(openai()).say(`please touch ${file}`);
    // The model asked for the tool, the agent asked us, and the model was told of the refusal.
    assert.match(asked.text, /^the tool said: .*run_shell_command.* was canceled/);
    assert.equal(existsSync(file), false);
    const { text } = await new Conversation(openai()).say('still there');
    assert.match(text, /still there/);
  });
});
