import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import type {
  ContentBlockParam,
  Message,
  MessageCreateParamsNonStreaming,
  MessageParam,
  ToolUseBlock,
} from '@anthropic-ai/sdk/resources/messages';
import { after, before, describe, it } from 'mocha';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';

/** A line that makes the demo answer exactly `text`. */
const answer = (text: string): string => `DEMO:echo-json ${JSON.stringify(text)}`;

const tools = ['read_file', 'run'].map((name) => ({
  name,
  description: `The tool ${name}.`,
  input_schema: { type: 'object' as const, properties: { value: { type: 'string' } } },
}));

describe('headless: Anthropic Messages', () => {
  let gateway: HeadlessGateway;
  let client: Anthropic;

  before(async () => {
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '3' } });
    client = new Anthropic({ baseURL: gateway.baseUrl, apiKey: gateway.apiKey, maxRetries: 0 });
  });
  after(() => gateway.stop());

  async function ask(
    messages: MessageParam[],
    streaming: boolean,
    fields: Partial<MessageCreateParamsNonStreaming> = {},
  ): Promise<{ message: Message; session: string }> {
    const request = { model: 'claude-opus-5-5', max_tokens: 1000, messages, ...fields };
    const pending = streaming
      ? client.messages.stream(request).withResponse()
      : client.messages.create(request).withResponse();
    const { data, response } = await pending;
    return {
      message: 'finalMessage' in data ? await data.finalMessage() : data,
      session: response.headers.get('x-lingma-session') ?? '',
    };
  }

  const prompts = (): string[] =>
    gateway.upstream('chat/ask').map(({ questionText }) => String(questionText));

  for (const streaming of [false, true]) {
    const how = streaming ? 'streamed' : 'plain';

    it(`holds five turns of which only the new message travels, ${how}`, async () => {
      const messages: MessageParam[] = [];
      for (let turn = 1; turn <= 5; turn++) {
        const question = `${how} question ${turn}\nDEMO:think hm ${turn}\nDEMO:echo answer ${turn}`;
        messages.push({ role: 'user', content: question });
        const { message, session } = await ask(messages, streaming, {
          thinking: { type: 'adaptive' },
          system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
        });
        assert.equal(message.stop_reason, 'end_turn');
        assert.deepEqual(
          message.content.map((block) => ({ ...block })),
          [
            { type: 'thinking', thinking: `hm ${turn}`, signature: '' },
            { type: 'text', text: `answer ${turn}` },
          ],
        );
        const { input_tokens, cache_read_input_tokens: cached, output_tokens } = message.usage;
        assert.ok(input_tokens > 0 && output_tokens > 0);
        assert.ok(turn === 1 ? cached === 0 : Number(cached) > 0);
        assert.match(
          session,
          turn === 1 ? /^new;.*sent=2\/2$/ : new RegExp(`^continued;.*sent=1/${String(2 * turn)}$`),
        );
        if (turn > 1) assert.equal(prompts().at(-1), question);
        messages.push({ role: 'assistant', content: message.content });
      }
    });

    it(`continues a tool loop with parallel calls, ${how}`, async () => {
      const step = (n: number): string =>
        answer(
          `Step ${n}.\n${writeCall('run', `{"value":"s${n}"}`)}\n${writeCall('read_file', '{"b":1,"a":"你好"}')}`,
        );
      const messages: MessageParam[] = [{ role: 'user', content: `${how} begin\n${step(1)}` }];
      for (let n = 1; n <= 5; n++) {
        const { message, session } = await ask(messages, streaming, { tools });
        assert.equal(message.stop_reason, 'tool_use');
        const calls = message.content.filter((block): block is ToolUseBlock => {
          return block.type === 'tool_use';
        });
        assert.deepEqual(
          calls.map(({ name, input }) => [name, input]),
          [
            ['run', { value: `s${n}` }],
            ['read_file', { b: 1, a: '你好' }],
          ],
        );
        assert.match(session, n === 1 ? /^new;/ : /^continued;.*sent=2\//);
        const next = n === 5 ? answer('All done.') : step(n + 1);
        const results = calls.map(({ id, name }): ContentBlockParam => ({
          type: 'tool_result',
          tool_use_id: id,
          content: name === 'run' ? `ran s${n}` : [{ type: 'text', text: `read\n${next}` }],
          is_error: false,
        }));
        messages.push(
          { role: 'assistant', content: message.content },
          { role: 'user', content: results },
        );
      }
      const { message, session } = await ask(messages, streaming, { tools });
      assert.equal(message.stop_reason, 'end_turn');
      assert.deepEqual({ ...message.content[0] }, { type: 'text', text: 'All done.' });
      assert.match(session, /^continued;.*sent=2\//);
      assert.match(
        prompts().at(-1) ?? '',
        /^\[Result of run, call 1\]\nran s5\n\n\[Result of read_file, call 2\]\nread\n/,
      );
    });

    it(`tells of a failure in the middle, ${how}`, async () => {
      const messages: MessageParam[] = [
        { role: 'user', content: `${how} fails\nDEMO:words 5\nDEMO:status-after 2 500 broken` },
      ];
      await assert.rejects(
        ask(messages, streaming),
        (error: InstanceType<typeof Anthropic.APIError>) => {
          assert.ok(error instanceof Anthropic.APIError);
          assert.equal(error.type, 'api_error');
          return true;
        },
      );
    });
  }

  it('delivers a system message in the middle', async () => {
    const messages: MessageParam[] = [{ role: 'user', content: 'middle\nDEMO:echo one' }];
    const { message } = await ask(messages, false);
    messages.push(
      { role: 'assistant', content: message.content },
      { role: 'user', content: 'and then?' },
      { role: 'system', content: 'The date has changed.\nDEMO:echo two' },
    );
    const { session } = await ask(messages, true);
    assert.match(session, /^continued;.*sent=2\/4/);
    assert.match(
      prompts().at(-1) ?? '',
      /\[User\]\nand then\?\n\n\[System\]\nThe date has changed\./,
    );
  });

  it('answers errors in its own shape, naming the field', async () => {
    const user: MessageParam = { role: 'user', content: 'hi' };
    await assert.rejects(
      ask([user], false, { stop_sequences: [''] }),
      (error: InstanceType<typeof Anthropic.APIError>) => {
        assert.ok(error instanceof Anthropic.BadRequestError);
        assert.equal(error.type, 'invalid_request_error');
        assert.match(error.message, /stop_sequences/);
        return true;
      },
    );
    await assert.rejects(ask([user], true, { model: 'nope' }), Anthropic.NotFoundError);
    const stranger = new Anthropic({ baseURL: gateway.baseUrl, apiKey: 'wrong', maxRetries: 0 });
    await assert.rejects(
      stranger.messages.create({ model: 'claude-x', max_tokens: 1, messages: [user] }),
      Anthropic.AuthenticationError,
    );
    const image: ContentBlockParam = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: 'AAAA' },
    };
    await assert.rejects(
      ask([{ role: 'user', content: [image] }], false),
      /messages\[0\]\.content\[0\]\.source is called image\/png/,
    );
  });

  it('serves one session to a conversation that changes its dialect and back', async () => {
    const said: string[] = [];
    const chat = async (question: string): Promise<string> => {
      said.push(question);
      const messages: ChatCompletionMessageParam[] = [
        { role: 'system', content: 'Use tools.' },
        ...said.map((content, index): ChatCompletionMessageParam => ({
          role: index % 2 === 0 ? 'user' : 'assistant',
          content,
        })),
      ];
      const { data, response } = await gateway
        .openai()
        .chat.completions.create({
          model: 'gpt-4o',
          messages,
          tools: tools.map(({ name, description, input_schema }) => ({
            type: 'function',
            function: { name, description, parameters: input_schema },
          })),
        })
        .withResponse();
      said.push(data.choices[0]?.message.content ?? '');
      return response.headers.get('x-lingma-session') ?? '';
    };
    const converse = async (question: string): Promise<string> => {
      said.push(question);
      const messages = said.map((content, index): MessageParam => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: [{ type: 'text', text: content }],
      }));
      const { message, session } = await ask(messages, true, { system: 'Use tools.', tools });
      said.push(message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''));
      return session;
    };
    const asked = gateway.upstream('chat/ask').length;
    assert.match(await chat('dialects\nDEMO:echo one'), /^new;/);
    assert.match(await converse('second\nDEMO:echo two'), /^continued;.*sent=1\/4/);
    assert.match(await chat('third\nDEMO:echo three'), /^continued;.*sent=1\/6/);
    assert.match(await converse('fourth\nDEMO:echo four'), /^continued;.*sent=1\/8/);
    assert.deepEqual(
      said.filter((_, index) => index % 2 === 1),
      ['one', 'two', 'three', 'four'],
    );
    const [, ...sessions] = gateway.upstream('chat/ask').slice(asked);
    assert.equal(new Set(sessions.map(({ sessionId }) => sessionId)).size, 1);
    assert.deepEqual(gateway.upstreamProblems(), []);
  });
});
