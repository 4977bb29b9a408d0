/** Schemas of clients that take long to judge by: nobody waits for them, and nothing slips through. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before, describe, it } from 'mocha';
import { writeCall } from '../../src/conversation/toolBlocks';
import { eventually, HeadlessGateway } from '../support/headless';

const HOSTILE = '^(a+)+$';
const TEXT = `${'a'.repeat(40)}!`;
const object = (pattern: string): object => ({
  type: 'object',
  properties: { a: { type: 'string', pattern } },
  required: ['a'],
});
const answered = (text: string): string => `please\nDEMO:echo-json ${JSON.stringify(text)}`;

describe('headless: schemas that take long', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '3' } });
  });
  afterEach(() => {
    assert.deepEqual(gateway.upstreamProblems(), []);
  });
  after(async () => {
    await gateway.stop();
  });

  const post = (body: object, path = '/v1/chat/completions') =>
    gateway.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'org_auto', ...body }),
    });
  const formatted = (pattern: string, text = TEXT, stream = false) => ({
    messages: [{ role: 'user', content: answered(JSON.stringify({ a: text })) }],
    stream,
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: object(pattern) } },
  });
  const calling = (pattern: string, text = TEXT, stream = false) => ({
    messages: [{ role: 'user', content: answered(writeCall('read', JSON.stringify({ a: text }))) }],
    stream,
    tools: [{ type: 'function', function: { name: 'read', parameters: object(pattern) } }],
  });

  /**
   * Milliseconds that `/healthz` usually took to answer while `work` went on: the median, because
   * single answers are late on a busy machine. Whoever waits for the judging gets one, late.
   */
  async function usualWhile(work: Promise<unknown>): Promise<number> {
    const ended = new AbortController();
    void work.finally(() => {
      ended.abort();
    });
    const took: number[] = [];
    while (!ended.signal.aborted) {
      const startedAt = performance.now();
      await (await fetch(`${gateway.baseUrl}/healthz`)).arrayBuffer();
      took.push(performance.now() - startedAt);
      await sleep(10);
    }
    return took.sort((a, b) => a - b)[Math.floor(took.length / 2)] ?? Infinity;
  }

  /** Threads of the launcher's process. */
  function threadCount(): number {
    return readdirSync(`/proc/${gateway.child.pid ?? ''}/task`).length;
  }

  it('starts no thread for ordinary schemas', async function () {
    if (process.platform !== 'linux') return;
    const ordinary = { type: 'object', properties: { a: { type: 'string', minLength: 1 } } };
    const [format, call] = [formatted(''), calling('')];
    format.response_format.json_schema.schema = ordinary;
    for (const tool of call.tools) tool.function.parameters = ordinary;
    assert.equal((await post({ messages: format.messages })).status, 200);
    const count = threadCount();
    for (const body of [format, call]) assert.equal((await post(body)).status, 200);
    assert.equal(threadCount(), count);
    assert.equal((await post(formatted('^a'))).status, 200);
    assert.ok(threadCount() > count);
  });

  for (const [what, body, param] of [
    ['an answer', formatted, 'response_format.json_schema.schema'],
    ['the arguments of a call', calling, 'tools'],
  ] as const) {
    for (const stream of [false, true]) {
      it(`refuses ${what} that it could not judge, ${stream ? 'streamed' : 'plain'}`, async () => {
        const streaming = post({
          messages: [{ role: 'user', content: answered('word '.repeat(300)) }],
          stream: true,
        }).then((response) => response.text());
        const turn = post(body(HOSTILE, TEXT, stream));
        const usual = await usualWhile(turn);
        assert.ok(usual < 200, `/healthz took ${usual.toFixed(0)} ms`);
        const response = await turn;
        const { error } = (await response.json()) as { error: Record<string, unknown> };
        // Nothing had been sent, so even a stream says it with its status.
        assert.deepEqual(
          [response.status, error['code'], error['param']],
          [400, 'schema_too_costly', param],
        );
        assert.match(await streaming, /word/);
        const { concurrency, sessionCache } = await gateway.stats();
        assert.deepEqual([concurrency.inFlight, sessionCache.leased], [0, 0]);
      });
    }

    it(`judges ${what} by a harmless pattern`, async () => {
      const good = await post(body('^a+!$'));
      assert.equal(good.status, 200);
      assert.match(await good.text(), /aaaa!/);
      const bad = await post(body('^b+$'));
      assert.equal(bad.status, 502);
      // The model was told what is wrong, and does not mend it.
      const [repair] = gateway.upstream('chat/ask').slice(-1);
      assert.match(String(repair?.['questionText']), /#\/a: String does not match pattern/);
    });
  }

  it('refuses a pattern that is none in a format, and asks nobody', async () => {
    const count = gateway.upstream('chat/ask').length;
    const response = await post(formatted('('));
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    assert.deepEqual(
      [response.status, error['code'], error['param']],
      [400, 'invalid_request', 'response_format.json_schema.schema'],
    );
    assert.match(String(error['message']), /#\/properties\/a\/pattern/);
    assert.equal(gateway.upstream('chat/ask').length, count);
  });

  it('takes a tool with a pattern of another language, which claims nothing', async () => {
    const response = await post(calling('(?i)^AAA'));
    assert.equal(response.status, 200);
    assert.match(await response.text(), /aaaa!/);
  });

  it('names the field in the other dialects', async () => {
    const messages = [{ role: 'user', content: 'hello' }];
    const schema = object('(');
    const format = { type: 'json_schema', name: 'n', schema };
    for (const [path, body, place] of [
      ['/v1/responses', { input: 'hello', text: { format } }, 'text.format.schema'],
      [
        '/v1/messages',
        { messages, max_tokens: 10, output_config: { format } },
        'output_config.format.schema',
      ],
      ['/api/chat', { messages, format: schema }, 'format'],
    ] as const) {
      const response = await post(body, path);
      assert.equal(response.status, 400, path);
      const text = await response.text();
      assert.ok(text.includes(`The JSON schema in ${place} cannot be used`), text);
    }
  });

  it('forgets a client that leaves while it is judged for', async () => {
    const leaving = new AbortController();
    const turn = gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'org_auto', ...formatted(HOSTILE) }),
      signal: leaving.signal,
    });
    await sleep(150);
    leaving.abort();
    await assert.rejects(turn);
    await eventually('the turn ends', async () => {
      const { concurrency, sessionCache } = await gateway.stats();
      return concurrency.inFlight === 0 && sessionCache.leased === 0;
    });
  });

  it('stops at once while it judges, and leaves nothing running', async () => {
    const turn = post(formatted(HOSTILE)).catch(() => undefined);
    await sleep(150);
    const { code, ms } = await gateway.stop();
    assert.equal(code, 0);
    assert.ok(ms < 3_000, `${ms.toFixed(0)} ms`);
    await turn;
    gateway = await HeadlessGateway.launch();
  });
});
