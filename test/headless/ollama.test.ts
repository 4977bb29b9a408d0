import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type ChatResponse, type Message, Ollama, type ToolCall } from 'ollama';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';
import { png, sha256 } from '../support/pictures';

/** A line that makes the demo answer exactly `text`. */
const answer = (text: string): string => `DEMO:echo-json ${JSON.stringify(text)}`;

const tools = ['run', 'read'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: `The tool ${name}.`,
    parameters: { type: 'object', properties: { a: { type: 'number' } } },
  },
}));

describe("headless: Ollama's API", () => {
  let gateway: HeadlessGateway;
  let client: Ollama;
  let model: string;

  before(async () => {
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '3' } });
    const headers = { authorization: `Bearer ${gateway.apiKey}` };
    client = new Ollama({ host: gateway.baseUrl, headers });
    model = (await client.list()).models[0]?.name ?? '';
  });
  after(() => gateway.stop());

  /** Asks in one of the two ways; a stream's lines are put together. */
  async function ask(
    messages: Message[],
    streaming: boolean,
    fields: { model?: string; think?: boolean; offered?: typeof tools } = {},
  ): Promise<ChatResponse> {
    const { offered, ...rest } = fields;
    const request = { model, messages, ...rest, ...(offered ? { tools: offered } : {}) };
    if (!streaming) return client.chat({ ...request, stream: false });
    const whole = { role: 'assistant', content: '', thinking: '', tool_calls: [] as ToolCall[] };
    let last: ChatResponse | undefined;
    for await (const part of await client.chat({ ...request, stream: true })) {
      assert.ok(!last, 'nothing after the end');
      const { content, thinking = '', tool_calls = [] } = part.message;
      whole.content += content;
      whole.thinking += thinking;
      whole.tool_calls.push(...tool_calls);
      if (part.done) last = part;
    }
    assert.ok(last);
    return { ...last, message: whole };
  }

  const sessionOf = (at: number): unknown => gateway.upstream('chat/ask').at(at)?.['sessionId'];

  it('lists and describes the models', async () => {
    const { models } = await client.list();
    const ids = (await gateway.openai().models.list()).data.map(({ id }) => id);
    assert.deepEqual(
      models.map(({ name }) => name),
      ids,
    );
    const shown = await client.show({ model: `${model}:latest` });
    assert.ok(shown.capabilities.includes('completion') && shown.capabilities.includes('tools'));
    assert.match((await client.version()).version, /^\d+\.\d+\.\d+$/);
    await assert.rejects(client.show({ model: 'nobody' }), /There is no model "nobody"/);
  });

  for (const streaming of [false, true]) {
    const how = streaming ? 'streamed' : 'plain';

    it(`continues one session, with thoughts and counts, ${how}`, async () => {
      const messages: Message[] = [{ role: 'system', content: `Be brief (${how}).` }];
      for (let n = 1; n <= 3; n++) {
        messages.push({
          role: 'user',
          content: `turn ${n}\nDEMO:think Hm ${n}.\n${answer(`Answer ${n}`)}`,
        });
        const response = await ask(messages, streaming);
        assert.equal(response.message.content, `Answer ${n}`);
        assert.equal(response.message.thinking, `Hm ${n}.`);
        assert.deepEqual([response.done, response.done_reason], [true, 'stop']);
        assert.ok(response.prompt_eval_count > 0 && response.eval_count > 0);
        assert.ok(response.eval_duration > 0 && response.total_duration > 0);
        messages.push(response.message);
        // A new session has no id yet.
        assert.equal(sessionOf(-1) !== '', n > 1);
      }
      assert.deepEqual(gateway.upstreamProblems(), []);
    });

    it(`runs through parallel calls and their results, ${how}`, async () => {
      const calls = [writeCall('run', '{"a":1}'), writeCall('read', '{"a":2}')].join('\n');
      const messages: Message[] = [{ role: 'user', content: `${how}\n${answer(calls)}` }];
      const first = await ask(messages, streaming, { offered: tools });
      assert.deepEqual(
        first.message.tool_calls?.map(({ function: { name, arguments: given } }) => [name, given]),
        [
          ['run', { a: 1 }],
          ['read', { a: 2 }],
        ],
      );
      messages.push(
        first.message,
        { role: 'tool', tool_name: 'read', content: 'second' },
        { role: 'tool', tool_name: 'run', content: `first\n${answer('Done.')}` },
      );
      const next = await ask(messages, streaming, { offered: tools });
      assert.equal(next.message.content, 'Done.');
      assert.notEqual(sessionOf(-1), '');
      const prompt = String(gateway.upstream('chat/ask').at(-1)?.['questionText']);
      assert.match(prompt, /read, call 2[^]*second[^]*run, call 1[^]*first/);
    });

    it(`shows no thoughts to those who want none, ${how}`, async () => {
      const content = `DEMO:think Hm.\n${answer('Yes')}`;
      const { message } = await ask([{ role: 'user', content }], streaming, { think: false });
      assert.deepEqual([message.content, message.thinking ?? ''], ['Yes', '']);
    });
  }

  it('streams JSON lines', async () => {
    const response = await gateway.fetch('/api/chat', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: answer('你好 🙂') }] }),
    });
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as ChatResponse);
    assert.equal(parsed.map(({ message }) => message.content).join(''), '你好 🙂');
    assert.deepEqual(
      parsed.map(({ done }) => done),
      parsed.map((_, index) => index === parsed.length - 1),
    );
  });

  it('passes on pictures without a word of what kind they are', async () => {
    const picture = png(4711);
    const images = [picture.toString('base64')];
    const content = answer('A dot.');
    const seeing = { model: 'kmodel' };
    const { message } = await ask([{ role: 'user', content, images }], false, seeing);
    assert.equal(message.content, 'A dot.');
    assert.ok(JSON.stringify(gateway.records()).includes(sha256(picture)));
    const bad = [{ role: 'user', content, images: ['bm8gcGljdHVyZQ=='] }];
    await assert.rejects(ask(bad, false, seeing), /messages\[0\]\.images\[0\]/);
  });

  it('completes a prompt', async () => {
    const request = { model, prompt: answer('Yes.'), system: 'Be brief.' };
    assert.equal((await client.generate({ ...request, stream: false })).response, 'Yes.');
    let text = '';
    for await (const part of await client.generate({ ...request, stream: true })) {
      text += part.response;
    }
    assert.equal(text, 'Yes.');
    await assert.rejects(client.generate({ model, prompt: 'x', suffix: 'y' }), /suffix/);
  });

  it('has every model loaded already', async () => {
    const asked = gateway.upstream('chat/ask').length;
    const loaded = await client.chat({ model, messages: [], keep_alive: '5m' });
    assert.deepEqual([loaded.done, loaded.done_reason], [true, 'load']);
    const unloaded = await client.generate({ model, prompt: '', keep_alive: 0 });
    assert.deepEqual([unloaded.done, unloaded.response], [true, '']);
    assert.equal(gateway.upstream('chat/ask').length, asked);
  });

  it('answers mistakes and failures in its own shape', async () => {
    const post = (body: unknown) =>
      gateway.fetch('/api/chat', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const mistake = await post({ model, messages: [{ role: 'nobody', content: 'x' }] });
    assert.equal(mistake.status, 400);
    assert.match(((await mistake.json()) as { error: string }).error, /messages\[0\]\.role/);
    const keyless = await fetch(`${gateway.baseUrl}/api/tags`);
    assert.equal(keyless.status, 401);
    assert.equal(typeof ((await keyless.json()) as { error: unknown }).error, 'string');

    const content = `${answer('Hello there')}\nDEMO:status-after 2 500 broken`;
    await assert.rejects(ask([{ role: 'user', content }], true), /broken|Lingma/);
  });
});
