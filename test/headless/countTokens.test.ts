import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import type { MessageCountTokensParams } from '@anthropic-ai/sdk/resources/messages';
import { after, before, describe, it } from 'mocha';
import { eventually, HeadlessGateway } from '../support/headless';
import { png } from '../support/pictures';

const text = (characters: number): string => 'word '.repeat(characters / 5);
const model = 'claude-opus-5-5';

describe('headless: count_tokens', () => {
  let gateway: HeadlessGateway;
  let client: Anthropic;

  before(async () => {
    // One turn at a time, so that a count that took its place would show.
    gateway = await HeadlessGateway.launch({ flags: ['--max-in-flight', '1'] });
    client = new Anthropic({ baseURL: gateway.baseUrl, apiKey: gateway.apiKey, maxRetries: 0 });
  });
  after(() => gateway.stop());

  const count = async (fields: Partial<MessageCountTokensParams>): Promise<number> => {
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    return (await client.messages.countTokens({ model, messages, ...fields })).input_tokens;
  };

  const post = (body: unknown, path = '/v1/messages/count_tokens?beta=true') =>
    gateway.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(body),
    });

  it('counts the system prompt, messages, tools, calls, results and pictures', async () => {
    const plain = await count({});
    assert.ok(plain > 0 && plain < 50);
    assert.ok((await count({ system: text(4_000) })) > plain + 500);
    const long = [{ role: 'user' as const, content: text(4_000) }];
    assert.ok((await count({ messages: long })) > plain + 500);

    const tool = {
      name: 'run',
      input_schema: { type: 'object' as const },
      description: text(4_000),
    };
    assert.ok((await count({ tools: [tool] })) > plain + 500);
    assert.equal(await count({ tools: [] }), plain);

    const loop = (input: object, content: string): Partial<MessageCountTokensParams> => ({
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'run', input }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content }] },
      ],
    });
    const small = await count(loop({}, 'ok'));
    assert.ok((await count(loop({ command: text(4_000) }, 'ok'))) > small + 500);
    assert.ok((await count(loop({}, text(4_000)))) > small + 500);

    const source = {
      type: 'base64' as const,
      media_type: 'image/png' as const,
      data: png(7).toString('base64'),
    };
    const seen = [{ role: 'user' as const, content: [{ type: 'image' as const, source }] }];
    assert.ok((await count({ messages: seen })) > plain + 500);
  });

  it('agrees with the usage of the turn that follows', async () => {
    const messages = [{ role: 'user' as const, content: `${text(2_000)}\nDEMO:echo ok` }];
    const system = 'Be brief.';
    const counted = await count({ system, messages });
    const { usage } = await client.messages.create({ model, max_tokens: 100, system, messages });
    const used = usage.input_tokens + (usage.cache_read_input_tokens ?? 0);
    assert.ok(Math.abs(counted - used) <= Math.max(20, used / 10), `${counted} and ${used}`);
  });

  it('checks as /v1/messages does', async () => {
    const bad = [
      [{ model, messages: [{ role: 'user', content: [{ type: 'text' }] }] }, /content\[0\]\.text/],
      [{ model, messages: [] }, /messages/],
      [{ messages: [{ role: 'user', content: 'x' }] }, /model/],
      [{ model, messages: [{ role: 'user', content: 'x' }], tools: [{ name: 'a' }] }, /tools\[0\]/],
      [7, /body/],
    ] as const;
    for (const [body, names] of bad) {
      const response = await post(body);
      const { error, request_id } = (await response.json()) as {
        error: { type: string; message: string };
        request_id: string;
      };
      assert.deepEqual([response.status, error.type], [400, 'invalid_request_error']);
      assert.match(error.message, names);
      assert.equal(response.headers.get('request-id'), request_id);
    }
  });

  it('answers bursts while the only place of the process is taken', async () => {
    const aborter = new AbortController();
    const busy = client.messages.stream(
      { model, max_tokens: 100, messages: [{ role: 'user', content: 'hi\nDEMO:delay 60000' }] },
      { signal: aborter.signal },
    );
    busy.on('error', () => undefined);
    busy.on('abort', () => undefined);
    await eventually('the turn runs', async () => (await gateway.stats()).concurrency.inFlight > 0);
    const asked = gateway.upstream('chat/ask').length;
    const tools = Array.from({ length: 24 }, (_, n) => ({
      name: `tool_${n}`,
      description: text(3_000),
      input_schema: { type: 'object' },
    }));
    const startedAt = performance.now();
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const response = await post({
          model,
          messages: [{ role: 'user', content: `${n} ${text(10_000)}` }],
          tools,
        });
        await response.arrayBuffer();
        return response.status;
      }),
    );
    const ms = performance.now() - startedAt;
    assert.deepEqual([...new Set(statuses)], [200]);
    console.log(`      50 counts of 80 KB in ${Math.round(ms)} ms`);
    assert.ok(ms < 5_000, `${ms} ms`);
    assert.equal(gateway.upstream('chat/ask').length, asked);
    assert.equal((await gateway.stats()).concurrency.queued, 0);
    aborter.abort();
  });
});
