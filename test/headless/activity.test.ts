import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import OpenAI from 'openai';
import type {
  GatewayActivity,
  RequestActivity,
  RequestDetails,
  SessionActivity,
} from '../../src/gateway/activity';
import { Conversation } from '../support/conversation';
import { eventually, HeadlessGateway } from '../support/headless';

const OWN_KEY = 'owner-key-of-this-test';
const CLIENT_KEY = 'client-key-of-this-test';

describe('headless: activity', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch({
      flags: ['--api-key', OWN_KEY, '--client-key', `ci=${CLIENT_KEY}`],
    });
  });
  after(() => gateway.stop());

  const read = async <T>(pathname: string): Promise<T> => {
    const response = await gateway.fetch(pathname);
    assert.equal(response.status, 200, pathname);
    return (await response.json()) as T;
  };
  const activity = (): Promise<GatewayActivity> => read('/internal/activity');
  const details = (id: string): Promise<RequestDetails> => read(`/internal/requests/${id}`);
  const latest = async (): Promise<RequestActivity> => {
    const [request] = (await activity()).requests;
    return request ?? assert.fail('there is no request');
  };
  const post = (pathname: string, body: object): Promise<Response> =>
    gateway.fetch(pathname, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const capture = async (enabled: boolean): Promise<void> => {
    const response = await post('/internal/capture', { enabled });
    assert.deepEqual(await response.json(), { enabled });
  };
  const remove = (pathname: string): Promise<Response> =>
    gateway.fetch(pathname, { method: 'DELETE' });
  const agent = (): OpenAI =>
    new OpenAI({
      baseURL: `${gateway.baseUrl}/v1`,
      apiKey: CLIENT_KEY,
      maxRetries: 0,
      defaultHeaders: { 'user-agent': 'test-agent/1.2 (of this test)' },
    });
  const stream = (content: string, signal?: AbortSignal) =>
    agent().chat.completions.create(
      { model: 'gpt-4o', stream: true, messages: [{ role: 'user', content }] },
      { signal },
    );

  it('shows a turn while it waits and while it streams, and how it ended', async () => {
    const pending = stream('DEMO:delay 1500\nDEMO:gap 50\nDEMO:words 40');
    const waiting = await eventually('the turn waits on its process', async () => {
      const [request] = (await activity()).requests;
      return request?.state === 'waiting' && request.instanceId ? request : undefined;
    });
    assert.equal(waiting.ttftMs, null);
    assert.deepEqual(
      [waiting.source, waiting.client, waiting.agent, waiting.model, waiting.instanceId],
      ['chat', 'ci', 'test-agent', 'gpt-4o', 'lingma-1'],
    );
    assert.deepEqual(
      [waiting.reason, waiting.sentMessages, waiting.totalMessages, waiting.captured],
      ['new', 1, 1, false],
    );
    const events = await pending;
    const iterator = events[Symbol.asyncIterator]();
    await iterator.next();
    const streaming = await latest();
    assert.deepEqual([streaming.id, streaming.state], [waiting.id, 'streaming']);
    assert.ok((streaming.ttftMs ?? 0) >= 1_400, String(streaming.ttftMs));
    while (!(await iterator.next()).done);

    const done = await latest();
    assert.deepEqual([done.id, done.state, done.errorCode], [waiting.id, 'completed', null]);
    assert.equal(done.ttftMs, streaming.ttftMs);
    assert.ok(done.durationMs > (done.ttftMs ?? 0));
    assert.ok((done.inputTokens ?? 0) > 0 && (done.outputTokens ?? 0) > 0);
    const sample = (await activity()).history.at(-1);
    assert.ok(sample && sample.misses >= 1 && sample.ttftMs !== null, JSON.stringify(sample));
  });

  it('names the request by the id that its client was told', async () => {
    const { response } = await agent()
      .chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] })
      .withResponse();
    const id = response.headers.get('x-request-id') ?? '';
    assert.equal((await details(id)).request.id, id);
    assert.equal((await gateway.fetch('/internal/requests/req_unknown')).status, 404);
  });

  it('shows who left, and what a turn failed with', async () => {
    const abort = new AbortController();
    const failure = stream('DEMO:hang', abort.signal).catch((error: unknown) => error);
    await eventually('the turn waits', async () => (await latest()).state === 'waiting');
    abort.abort();
    await failure;
    const left = await eventually('the turn is over', async () => {
      const request = await latest();
      return request.state === 'waiting' ? undefined : request;
    });
    assert.deepEqual([left.state, left.errorCode], ['cancelled', 'cancelled']);

    await assert.rejects(stream('DEMO:status 500 broken'));
    const failed = await latest();
    assert.equal(failed.state, 'failed');
    assert.match(failed.errorCode ?? '', /^upstream_/);
    assert.ok(((await activity()).history.at(-1)?.failed ?? 0) >= 1);
  });

  it('tells every way in apart', async () => {
    const message = { role: 'user', content: 'hi' };
    await post('/v1/messages', { model: 'm-auto', max_tokens: 9, messages: [message] });
    await post('/v1/messages', { model: 'gpt-4o', max_tokens: 9, messages: [message] });
    await post('/v1/responses', { model: 'gpt-4o', input: 'hi' });
    await post('/api/chat', { model: 'gpt-4o', stream: false, messages: [message] });
    const { requests } = await read<{ requests: RequestActivity[] }>('/internal/requests');
    assert.deepEqual(
      requests.slice(0, 4).map(({ source, state }) => `${source} ${state}`),
      ['ollama completed', 'responses completed', 'messages completed', 'messages failed'],
    );
  });

  it('lists conversations, and gives one up for good: the next turn sends everything', async () => {
    const chat = new Conversation(agent());
    await chat.say('DEMO:echo one');
    await chat.say('DEMO:echo two');
    const { sessions } = await read<{ sessions: SessionActivity[] }>('/internal/sessions');
    const [session] = sessions;
    assert.ok(session);
    const { id, ageSeconds, ttlLeftSeconds, model, ...rest } = session;
    assert.match(id, /^[0-9a-z]{10}$/);
    assert.ok(ageSeconds < 60 && ttlLeftSeconds !== null && ttlLeftSeconds > 1_700);
    assert.notEqual(model, '');
    assert.deepEqual(rest, {
      instanceId: 'lingma-1',
      client: 'ci',
      agent: 'test-agent',
      source: 'chat',
      turns: 2,
      messages: 4,
      state: 'idle',
    });

    const deleted = gateway.upstream('chat/deleteSessionById').length;
    assert.equal((await remove(`/internal/sessions/${id}`)).status, 200);
    assert.equal((await remove(`/internal/sessions/${id}`)).status, 404);
    await eventually('the process has forgotten it', () => {
      return gateway.upstream('chat/deleteSessionById').length === deleted + 1;
    });
    const next = await chat.say('DEMO:echo three');
    assert.match(next.session, /^expired; .*sent=5\/5$/);
    assert.equal(next.text, 'three');
    assert.match((await chat.say('DEMO:echo four')).session, /^continued; .*sent=1\/7$/);
  });

  it('leaves a conversation alone whose turn runs, and clears the others', async () => {
    const chat = new Conversation(agent());
    await chat.say('DEMO:echo one');
    const running = chat.say('DEMO:delay 3000\nDEMO:echo two');
    const leased = await eventually('its turn runs', async () =>
      (await activity()).sessions.find(({ state }) => state === 'leased'),
    );
    assert.equal(leased.ttlLeftSeconds, null);
    const refusal = await remove(`/internal/sessions/${leased.id}`);
    assert.equal(refusal.status, 409);
    const { error } = (await refusal.json()) as { error: { code: string } };
    assert.equal(error.code, 'session_busy');
    const { cleared } = (await (await remove('/internal/sessions')).json()) as { cleared: number };
    assert.ok(cleared >= 1);
    assert.match((await running).session, /^continued;/);
    assert.deepEqual(
      (await activity()).sessions.map(({ id, turns }) => [id, turns]),
      [[leased.id, 2]],
    );
  });

  it('captures texts on demand, without secrets and pictures, and forgets them at once', async () => {
    await agent().chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'DEMO:echo before' }],
    });
    const before = await latest();
    assert.deepEqual(await details(before.id), {
      request: before,
      asked: null,
      answered: null,
      cut: false,
    });

    await capture(true);
    const secret = ['sk', 'ant', 'api03', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4'].join('-');
    const pixels = Buffer.from('GIF89a, and so on'.repeat(200)).toString('base64');
    const content = `my keys: ${CLIENT_KEY} ${OWN_KEY}\nDEMO:echo use ${secret}`;
    await agent().chat.completions.create({
      model: 'gpt-4o',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: `data:image/gif;base64,${pixels}` } },
            { type: 'text', text: content },
          ],
        },
      ],
    });
    const { id, captured } = await latest();
    assert.equal(captured, true);
    const shown = await details(id);
    assert.equal(
      shown.asked,
      '[user]\n[image 3 KB image/gif]\nmy keys: [redacted] [redacted]\nDEMO:echo use [redacted]',
    );
    assert.equal(shown.answered, 'use [redacted]');
    const paths = ['activity', 'requests', `requests/${id}`, 'sessions', 'stats', 'models'];
    for (const name of paths) {
      const text = await (await gateway.fetch(`/internal/${name}`)).text();
      for (const hidden of [secret, OWN_KEY, CLIENT_KEY, pixels.slice(0, 64)]) {
        assert.ok(!text.includes(hidden), `${name} holds ${hidden}`);
      }
    }

    await capture(false);
    assert.equal((await activity()).capturing, false);
    const forgotten = await details(id);
    assert.deepEqual([forgotten.asked, forgotten.answered], [null, null]);
    await capture(true);
    assert.equal((await details(id)).asked, null);
    await capture(false);
    for (const body of [{}, { enabled: 1 }, { enabled: true, more: 1 }]) {
      assert.equal((await post('/internal/capture', body)).status, 400, JSON.stringify(body));
    }
  });

  it('adds the tokens and times of turns up', async () => {
    const chat = new Conversation(agent());
    const before = (await gateway.stats()).turns;
    await chat.say('DEMO:echo one');
    await chat.say('DEMO:echo two');
    const { turns, instances } = await gateway.stats();
    const { cachedTokens } = await latest();
    assert.ok(cachedTokens !== null && cachedTokens > 0);
    assert.equal(turns.cachedTokens - before.cachedTokens, cachedTokens);
    assert.ok(turns.inputTokens - before.inputTokens > cachedTokens);
    assert.ok(turns.outputTokens > before.outputTokens);
    assert.equal(turns.ttftSeconds.count, turns.completed);
    assert.equal(turns.durationSeconds.count, turns.completed);
    const [instance] = instances;
    assert.ok(instance && instance.turns >= 2 && (instance.uptimeSeconds ?? -1) >= 0);
    assert.equal(await gateway.metric('gateway_cached_tokens_total'), turns.cachedTokens);
    assert.equal(await gateway.metric('gateway_turn_ttft_seconds_count'), turns.completed);
    assert.equal(await gateway.metric('gateway_turn_duration_seconds_count'), turns.completed);
    assert.equal(
      await gateway.metric('gateway_instance_turns_total{lingma_instance="lingma-1"}'),
      instance.turns,
    );
  });

  it('is the owner’s alone', async () => {
    const requests: [method: string, pathname: string][] = [
      ['GET', 'activity'],
      ['GET', 'requests'],
      ['GET', 'requests/x'],
      ['GET', 'sessions'],
      ['DELETE', 'sessions'],
      ['DELETE', 'sessions/x'],
      ['POST', 'capture'],
      ['GET', 'models'],
    ];
    for (const [method, pathname] of requests) {
      const url = `${gateway.baseUrl}/internal/${pathname}`;
      const response = await fetch(url, { method, headers: { 'x-api-key': CLIENT_KEY } });
      assert.equal(response.status, 403, pathname);
      assert.equal((await fetch(url, { method })).status, 401, pathname);
    }
    const { models } = await read<{ models: { id: string }[] }>('/internal/models');
    assert.ok(models.some(({ id }) => id !== ''));
  });
});

describe('headless: --capture-bodies', () => {
  it('captures from the start', async () => {
    const gateway = await HeadlessGateway.launch({ flags: ['--capture-bodies'] });
    try {
      await new Conversation(gateway.openai()).say('DEMO:echo hi');
      const { requests, capturing } = (await (
        await gateway.fetch('/internal/activity')
      ).json()) as GatewayActivity;
      assert.deepEqual([capturing, requests[0]?.captured], [true, true]);
    } finally {
      await gateway.stop();
    }
  });
});
