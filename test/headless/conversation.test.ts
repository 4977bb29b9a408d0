import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Conversation } from '../support/conversation';
import { HeadlessGateway } from '../support/headless';

for (const streaming of [false, true]) {
  describe(`headless: a conversation, ${streaming ? 'streamed' : 'plain'}`, () => {
    let gateway: HeadlessGateway;

    before(async () => {
      gateway = await HeadlessGateway.launch();
    });
    after(() => gateway.stop());

    it('C-39 (39) holds five turns of which only the new message travels from the second on', async () => {
      const chat = new Conversation(gateway.openai(), { streaming });
      const questions = [1, 2, 3, 4, 5].map(
        (turn) => `question ${turn} of five\nDEMO:echo answer ${turn}`,
      );
      const sessions: string[] = [];
      for (const question of questions) sessions.push((await chat.say(question)).session);

      assert.deepEqual(sessions, [
        'new; instance=lingma-1; sent=1/1',
        'continued; instance=lingma-1; sent=1/3',
        'continued; instance=lingma-1; sent=1/5',
        'continued; instance=lingma-1; sent=1/7',
        'continued; instance=lingma-1; sent=1/9',
      ]);
      assert.deepEqual(
        chat.messages.flatMap(({ role, content }) => (role === 'assistant' ? [content] : [])),
        ['answer 1', 'answer 2', 'answer 3', 'answer 4', 'answer 5'],
      );

      const asks = gateway.upstream('chat/ask');
      assert.deepEqual(
        asks.map(({ questionText, isReply }) => ({ questionText, isReply })),
        questions.map((questionText, index) => ({ questionText, isReply: index > 0 })),
      );
      const [first, ...later] = asks.map(({ sessionId }) => sessionId);
      assert.equal(first, '');
      assert.equal(new Set(later).size, 1);
      assert.notEqual(later[0], '');
      assert.deepEqual(gateway.upstreamProblems(), []);

      assert.equal(await gateway.metric('gateway_session_cache_hit_total'), 4);
      assert.equal(await gateway.metric('gateway_session_cache_miss_total'), 1);
      assert.equal(await gateway.metric('gateway_session_cache_size'), 1);
      assert.equal(await gateway.metric('gateway_messages_sent_total'), 5);
      assert.equal(await gateway.metric('gateway_messages_total'), 25);
      const { sessionCache } = await gateway.stats();
      assert.equal(sessionCache.hit_rate, 0.8);
    });

    it('sends the whole conversation once when it was not ours, then continues it', async () => {
      const chat = new Conversation(gateway.openai(), { streaming, system: 'Be brief.' });
      chat.messages.push(
        { role: 'user', content: 'an older question' },
        { role: 'assistant', content: 'an older answer' },
      );
      const asked = gateway.upstream('chat/ask').length;
      assert.match((await chat.say('a new question')).session, /^new; .*sent=4\/4$/);
      assert.match((await chat.say('and another')).session, /^continued; .*sent=1\/6$/);

      const [whole, delta] = gateway.upstream('chat/ask').slice(asked);
      const prompt = String(whole?.['questionText']);
      for (const text of ['Be brief.', 'an older question', 'an older answer', 'a new question']) {
        assert.ok(prompt.includes(text), `the prompt lacks "${text}"`);
      }
      assert.equal(delta?.['questionText'], 'and another');
    });

    it('continues when reminders move, and tells the session those that changed', async () => {
      const note = (text: string): string => `<system-reminder>${text}</system-reminder>`;
      const chat = new Conversation(gateway.openai(), { streaming });
      await chat.say(`${note('today is Monday')}\nfirst`);
      chat.messages[0] = { role: 'user', content: 'first' };
      assert.match((await chat.say(`${note('today is Monday')}\nsecond`)).session, /^continued;/);
      chat.messages[0] = { role: 'user', content: `${note('today is Tuesday')}\nfirst` };
      assert.match((await chat.say('third')).session, /^continued;/);
      assert.match((await chat.say('fourth')).session, /^continued;/);
      const [third, fourth] = gateway
        .upstream('chat/ask')
        .slice(-2)
        .map(({ questionText }) => questionText);
      assert.equal(third, `[User]\n${note('today is Tuesday')}\n\n[User]\nthird`);
      assert.equal(fourth, 'fourth');
    });

    it('never continues the session of a chat that opened alike under other reminders', async () => {
      const note = (text: string): string => `<system-reminder>${text}</system-reminder>`;
      const open = async (project: string): Promise<Conversation> => {
        const chat = new Conversation(gateway.openai(), { streaming });
        await chat.say(`${note(project)}\nhi\nDEMO:echo hello`);
        return chat;
      };
      const one = await open('project one');
      await open('project two');
      const asked = gateway.upstream('chat/ask').length;
      const { session } = await one.say('what is this project?');
      assert.match(session, /^continued;/);
      const [first, second] = gateway.upstream('chat/ask').slice(asked - 2, asked);
      const used = gateway.upstream('chat/ask').at(-1)?.['sessionId'];
      const created = gateway.records().filter(({ event }) => event === 'session-created');
      assert.ok(String(first?.['questionText']).includes('project one'));
      assert.ok(String(second?.['questionText']).includes('project two'));
      assert.equal(used, created.at(-2)?.['sessionId']);
    });

    it('reports usage, with the continued part as cached', async () => {
      const chat = new Conversation(gateway.openai(), { streaming });
      await chat.say('a question long enough to count for some tokens\nDEMO:words 20');
      chat.messages.push({ role: 'user', content: 'next' });
      const usage = streaming
        ? await streamedUsage(gateway, chat)
        : (
            await gateway
              .openai()
              .chat.completions.create({ model: 'gpt-4o', messages: chat.messages })
          ).usage;
      assert.ok(usage);
      const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
      assert.ok(cached > 20 && cached < usage.prompt_tokens, JSON.stringify(usage));
      assert.ok(usage.completion_tokens > 0);
      assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    });
  });
}

async function streamedUsage(gateway: HeadlessGateway, chat: Conversation) {
  const stream = await gateway.openai().chat.completions.create({
    model: 'gpt-4o',
    messages: chat.messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  let usage;
  for await (const chunk of stream) usage = chunk.usage ?? usage;
  return usage;
}

describe('headless: text in any script survives any chunking', () => {
  const text = '你好，世界 👩‍💻🙂 “引号” 𝒜stral – naïve\ttab e\u0301';

  for (const knobs of [
    { DEMO_LINGMA_SPLIT: '1' },
    { DEMO_LINGMA_SPLIT: '7' },
    { DEMO_LINGMA_COALESCE: '1' },
    { DEMO_LINGMA_BINARY: '1', DEMO_LINGMA_STRING_IDS: '1', DEMO_LINGMA_HEADER_CASE: 'lower' },
    { DEMO_LINGMA_DELTA_CHARS: '1' },
  ]) {
    it(JSON.stringify(knobs), async () => {
      const gateway = await HeadlessGateway.launch({ env: knobs });
      try {
        for (const streaming of [false, true]) {
          const chat = new Conversation(gateway.openai(), { streaming });
          const directive = `DEMO:echo-json ${JSON.stringify(text.repeat(5))}`;
          assert.equal((await chat.say(`${text}\n${directive}`)).text, text.repeat(5));
          // The second turn continues only if what was recorded is exactly what was said.
          assert.match((await chat.say(text)).session, /^continued;/);
        }
        const [ask] = gateway.upstream('chat/ask');
        assert.ok(String(ask?.['questionText']).startsWith(text));
      } finally {
        await gateway.stop();
      }
    });
  }
});
