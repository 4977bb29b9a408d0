import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import type { MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { after, before, describe, it } from 'mocha';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';

const THOUGHT = '````think::{THINK_TIME}\nhm\n````\n';
const CARD = '```toolCall::read_file::call_1::FINISHED\n\n```\n';

/** A turn as its client reads it. */
interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly string[];
  /** The `x-lingma-session` response header. */
  readonly session: string;
}

/** A chat of which every answer is sent back as it was read. */
interface Chat {
  say(content: string): Promise<Said>;
}

const json = (text: string): string => JSON.stringify(text);

/** What a client is given of these directives, however it asks. */
const answers: Record<string, [directives: string, text: string, reasoning: string]> = {
  'C-15 (15): a whole answer that was never streamed': [
    `DEMO:empty\nDEMO:full-answer ${json(`${THOUGHT}Hello`)}`,
    'Hello',
    'hm',
  ],
  'C-16 (16): the tail of an answer': ['DEMO:full-tail Hello, world', 'Hello, world', ''],
  'C-16 (16): the tail of an answer with mark-up': [
    `DEMO:echo-json ${json(`${THOUGHT}\nOne\n\n${CARD}\nTw`)}\nDEMO:full-answer "One\\n\\nTwo"`,
    'One\n\n\nTwo',
    'hm',
  ],
  'C-17 (17): an overwrite that goes on': ['DEMO:echo Hel\nDEMO:overwrite Hello', 'Hello', ''],
  'C-18 (18): an answer with "200" as text': ['DEMO:echo hi\nDEMO:finish-code "200"', 'hi', ''],
  'C-18 (18): an answer without a code': ['DEMO:echo hi\nDEMO:finish-code missing', 'hi', ''],
  'C-20 (20): a thinking fence': ['DEMO:fence hm\nDEMO:echo Hello', 'Hello', 'hm'],
  'C-20 (20): a thinking fence inside the answer': [
    'DEMO:echo One\nDEMO:fence hm\nDEMO:echo Two',
    'One\nTwo',
    'hm',
  ],
  'C-20 (20): an ordinary fence of four backticks': [
    `DEMO:echo-json ${json(`\`\`\`\`md\n${CARD}\`\`\`\`\nDone`)}`,
    `\`\`\`\`md\n${CARD}\`\`\`\`\nDone`,
    '',
  ],
  'C-21 (21): tool cards': [
    'DEMO:card run\nDEMO:echo One\nDEMO:card run\nDEMO:echo Two\nDEMO:card run',
    'One\nTwo\n',
    '',
  ],
  'C-21 (21): an edit block': [
    `DEMO:echo-json ${json('```ts|CODE_EDIT_BLOCK|src/a.ts\nlet a = 1 | 2;\n```')}`,
    '```ts\nlet a = 1 | 2;\n```',
    '',
  ],
  'C-22 (22): a thought behind the answer': [
    'DEMO:deltas ["Hello"]\nDEMO:think-after 1 hm',
    'Hello',
    'hm',
  ],
  'C-24 (24): content as a list': ['DEMO:echo Hello\nDEMO:content array', 'Hello', ''],
  'C-24 (24): content as an object': ['DEMO:echo Hello\nDEMO:content object', 'Hello', ''],
};

/** What is no answer, and the words the client is told. */
const failures: Record<string, [directives: string, words: RegExp]> = {
  'C-18 (18): status 0': ['DEMO:echo hi\nDEMO:finish-code 0', /status 0/],
  'C-18 (18): status 500': ['DEMO:echo hi\nDEMO:finish-code 500', /status 500/],
  'C-19 (19): a cancelled turn': ['DEMO:echo hi\nDEMO:finish-reason cancelled', /cancelled/],
  'C-20 (20): a thinking fence alone': ['DEMO:fence hm', /without an answer/],
  'C-21 (21): a card alone': ['DEMO:card run', /without an answer/],
  'C-23 (23): nothing': ['DEMO:empty', /without an answer/],
  'C-23 (23): thoughts alone': ['DEMO:think hm\nDEMO:empty', /without an answer/],
};

const dialects: Record<string, (gateway: HeadlessGateway, streaming: boolean) => Chat> = {
  Chat: (gateway, streaming) => new OpenAiChat(gateway, streaming),
  Messages: (gateway, streaming) => new AnthropicChat(gateway, streaming),
};

describe('headless: what becomes of an answer', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    // Each fence, card and header is cut at each of its characters.
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '1' } });
  });
  after(() => gateway.stop());

  for (const [dialect, open] of Object.entries(dialects)) {
    for (const streaming of [false, true]) {
      const how = `${dialect}, ${streaming ? 'streamed' : 'plain'}`;

      for (const [what, [directives, text, reasoning]] of Object.entries(answers)) {
        it(`${what}, and the next turn continues (${how})`, async () => {
          const chat = open(gateway, streaming);
          const said = await chat.say(`${what} ${how}\n${directives}`);
          assert.deepEqual([said.text, said.reasoning], [text, reasoning]);
          assert.match((await chat.say('next\nDEMO:echo ok')).session, /^continued;/);
        });
      }

      it(`C-17 (17): an overwrite that takes text back (${how})`, async () => {
        const chat = open(gateway, streaming);
        const { text } = await chat.say(`${how}\nDEMO:echo Hello\nDEMO:overwrite Goodbye`);
        assert.equal(text, streaming ? 'Hello' : 'Goodbye');
        const { session } = await chat.say('next\nDEMO:echo ok');
        // The session holds what a streaming client was never shown.
        assert.match(session, streaming ? /^(?!continued)\w+;.*sent=3\/3/ : /^continued;/);
      });

      it(`C-22 (22): thoughts between two parts of the answer (${how})`, async () => {
        const chat = open(gateway, streaming);
        const said = await chat.say(`${how}\nDEMO:deltas ["Hel", "lo"]\nDEMO:think-after 1 hm`);
        assert.deepEqual([said.text, said.reasoning], ['Hello', 'hm']);
        assert.match((await chat.say('next\nDEMO:echo ok')).session, /^continued;/);
      });

      it(`C-21 (21): mark-up around tool calls (${how})`, async () => {
        const call = writeCall('run', '{"value": "````think::1\\n```toolCall::a::b::c\\n"}');
        const chat = open(gateway, streaming);
        const raw = `${THOUGHT}One\n${CARD}${call}\n${CARD}`;
        const said = await chat.say(`${how}\nDEMO:echo-json ${json(raw)}`);
        assert.equal(said.text.trim(), 'One');
        assert.equal(said.reasoning, 'hm');
        assert.deepEqual(said.calls, ['````think::1\n```toolCall::a::b::c\n']);
        assert.match((await chat.say('next\nDEMO:echo ok')).session, /^continued;/);
      });

      for (const [what, [directives, words]] of Object.entries(failures)) {
        it(`${what} is an error (${how})`, async () => {
          await assert.rejects(open(gateway, streaming).say(`${how}\n${directives}`), words);
        });
      }
    }
  }

  it('has met no problem of protocol', () => {
    assert.deepEqual(gateway.upstreamProblems(), []);
  });
});

const schema = { type: 'object' as const, properties: { value: { type: 'string' } } };

class OpenAiChat implements Chat {
  readonly #messages: ChatCompletionMessageParam[] = [];
  readonly #gateway: HeadlessGateway;
  readonly #streaming: boolean;

  constructor(gateway: HeadlessGateway, streaming: boolean) {
    this.#gateway = gateway;
    this.#streaming = streaming;
  }

  async say(content: string): Promise<Said> {
    const last = this.#messages.at(-1);
    if (last?.role === 'assistant') {
      for (const { id } of last.tool_calls ?? []) {
        this.#messages.push({ role: 'tool', tool_call_id: id, content: 'done' });
      }
    }
    this.#messages.push({ role: 'user', content });
    const { message, response } = await (this.#streaming ? this.#streamed() : this.#plain());
    this.#messages.push({ ...message, role: 'assistant' });
    const { content: text, reasoning_content: reasoning, tool_calls: calls = [] } = message;
    return {
      text: text ?? '',
      reasoning: reasoning ?? '',
      calls: calls.map((call) => argument(JSON.parse(call.function.arguments))),
      session: response.headers.get('x-lingma-session') ?? '',
    };
  }

  #request() {
    return {
      model: 'gpt-4o',
      messages: this.#messages,
      tools: [{ type: 'function' as const, function: { name: 'run', parameters: schema } }],
    };
  }

  async #plain(): Promise<{ message: OpenAiAnswer; response: Response }> {
    const { data, response } = await this.#gateway
      .openai()
      .chat.completions.create(this.#request())
      .withResponse();
    const message = data.choices[0]?.message as OpenAiAnswer | undefined;
    assert.ok(message);
    return { message, response };
  }

  async #streamed(): Promise<{ message: OpenAiAnswer; response: Response }> {
    const { data, response } = await this.#gateway
      .openai()
      .chat.completions.create({ ...this.#request(), stream: true })
      .withResponse();
    let content = '';
    let reasoning = '';
    const calls: ToolCall[] = [];
    for await (const chunk of data) {
      const delta: { content?: string | null; reasoning_content?: string } =
        chunk.choices[0]?.delta ?? {};
      content += delta.content ?? '';
      reasoning += delta.reasoning_content ?? '';
      for (const { id = '', function: made } of chunk.choices[0]?.delta.tool_calls ?? []) {
        const { name = '', arguments: text = '' } = made ?? {};
        calls.push({ id, type: 'function', function: { name, arguments: text } });
      }
    }
    const made = calls.length > 0 ? { tool_calls: calls } : {};
    return { message: { content, reasoning_content: reasoning, ...made }, response };
  }
}

interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** An answer with the field in which reasoning travels, which the SDK does not know. */
interface OpenAiAnswer {
  readonly content: string | null;
  readonly reasoning_content?: string;
  readonly tool_calls?: ToolCall[];
}

class AnthropicChat implements Chat {
  readonly #messages: MessageParam[] = [];
  readonly #client: Anthropic;
  readonly #streaming: boolean;

  constructor({ baseUrl, apiKey }: HeadlessGateway, streaming: boolean) {
    this.#client = new Anthropic({ baseURL: baseUrl, apiKey, maxRetries: 0 });
    this.#streaming = streaming;
  }

  async say(text: string): Promise<Said> {
    const last = this.#messages.at(-1);
    const asked = typeof last?.content === 'object' ? last.content : [];
    const results = asked.flatMap((block) =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'done' }]
        : [],
    );
    this.#messages.push({ role: 'user', content: [...results, { type: 'text', text }] });
    const request = {
      model: 'claude-opus-5-5',
      max_tokens: 1000,
      thinking: { type: 'adaptive' as const },
      messages: this.#messages,
      tools: [{ name: 'run', input_schema: schema }],
    };
    const { data, response } = await (this.#streaming
      ? this.#client.messages.stream(request).withResponse()
      : this.#client.messages.create(request).withResponse());
    const { content } = 'finalMessage' in data ? await data.finalMessage() : data;
    this.#messages.push({ role: 'assistant', content });
    return {
      text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      reasoning: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
      calls: content.flatMap((block) => (block.type === 'tool_use' ? [argument(block.input)] : [])),
      session: response.headers.get('x-lingma-session') ?? '',
    };
  }
}

function argument(input: unknown): string {
  return (input as { readonly value: string }).value;
}
