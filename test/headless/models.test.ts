import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { after, before, describe, it } from 'mocha';
import { HeadlessGateway } from '../support/headless';

describe('headless: models and what the gateway tells of itself', () => {
  let gateway: HeadlessGateway;
  let anthropic: Anthropic;

  before(async () => {
    gateway = await HeadlessGateway.launch({ flags: ['--client-key', 'ci=ci-key'] });
    anthropic = new Anthropic({ baseURL: gateway.baseUrl, apiKey: 'ci-key', maxRetries: 0 });
  });
  after(() => gateway.stop());

  const json = async (path: string, init: RequestInit = {}) =>
    (await (await gateway.fetch(path, init)).json()) as Record<string, unknown>;

  it('lists them for OpenAI and Codex, in the same order every time', async () => {
    const listed = [];
    for await (const model of gateway.openai('ci-key').models.list()) listed.push(model);
    const ids = listed.map(({ id }) => id);
    assert.ok(ids.length > 2);
    assert.equal(ids.at(-1), 'lingma-agent');
    assert.deepEqual(ids.slice(0, -1), ids.slice(0, -1).sort());
    for (const model of listed) {
      assert.deepEqual([model.object, model.created, model.owned_by], ['model', 0, 'lingma']);
    }
    const body = await json('/v1/models');
    assert.deepEqual(body['models'], []);
    assert.deepEqual(await json('/models?client_version=0.169.0'), body);
  });

  it('gives one, also by an alias or a name', async () => {
    const client = gateway.openai();
    const [first] = (await client.models.list()).data;
    assert.ok(first);
    assert.deepEqual(await client.models.retrieve(first.id), first);
    const listed = (await client.models.list()).data.map(({ id }) => id);
    const { id } = await client.models.retrieve('gpt-5');
    assert.ok(listed.includes(id));
    await assert.rejects(client.models.retrieve('no such/model'), (error: unknown) => {
      const { status, code } = error as { status: number; code: string };
      assert.deepEqual([status, code], [404, 'model_not_found']);
      return true;
    });
  });

  it('pages them for Anthropic', async () => {
    const all = [];
    for await (const model of anthropic.models.list({ limit: 1 })) all.push(model);
    const atOnce = await anthropic.models.list({ limit: 1000 });
    assert.deepEqual(all, atOnce.data);
    assert.ok(all.length > 1);
    assert.deepEqual(
      all.map(({ id }) => id),
      (await gateway.openai().models.list()).data.map(({ id }) => id),
    );
    assert.equal(atOnce.has_more, false);
    const [first] = all;
    assert.ok(first);
    assert.equal(first.type, 'model');
    assert.ok(!Number.isNaN(Date.parse(first.created_at)));
    assert.deepEqual(await anthropic.models.retrieve(first.id), first);
  });

  it("tells failures in Anthropic's shape, with the id of the request", async () => {
    const error = await anthropic.models.retrieve('nobody').then(
      () => assert.fail('found'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.equal(error.type, 'not_found_error');
    const body = error.error as { request_id: string };
    assert.ok(error.requestID);
    assert.equal(error.requestID, body.request_id);
  });

  it('lists them for LM Studio', async () => {
    const { models } = (await json('/api/v1/models')) as { models: Record<string, unknown>[] };
    const ids = (await gateway.openai().models.list()).data.map(({ id }) => id);
    assert.deepEqual(
      models.map(({ key }) => key),
      ids,
    );
    for (const { type, loaded_instances } of models) {
      assert.equal(type, 'llm');
      assert.equal((loaded_instances as unknown[]).length, 1);
    }
  });

  it('says at the root that it is there, without a key and without details', async () => {
    for (const method of ['HEAD', 'GET']) {
      const response = await fetch(gateway.baseUrl, { method });
      assert.equal(response.status, 200);
      const text = await response.text();
      assert.equal(text, method === 'HEAD' ? '' : 'Lingma Gateway is running.\n');
    }
  });

  it('serves every route of the API without /v1 as well, and wants the key there too', async () => {
    const response = await gateway.fetch('/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gpt-5',
        messages: [{ role: 'user', content: 'DEMO:echo ok' }],
      }),
    });
    assert.equal(response.status, 200);
    const { endpoints } = (await json('/capabilities')) as {
      endpoints: { method: string; path: string; aliases: string[] }[];
    };
    const versioned = endpoints.filter(({ path }) => path.startsWith('/v1/'));
    assert.ok(versioned.length >= 9, `${versioned.length} routes`);
    for (const { method, path, aliases } of versioned) {
      assert.deepEqual(aliases, [path.slice('/v1'.length)]);
      for (const way of [path, ...aliases]) {
        const keyless = await fetch(gateway.baseUrl + way.replace(/\{\w+\}/, 'x'), { method });
        assert.equal(keyless.status, 401, `${method} ${way}`);
      }
    }
    assert.equal((await fetch(`${gateway.baseUrl}/api/tags`)).status, 401);
    // Counted as what it is.
    assert.ok(
      (await gateway.metric(
        'gateway_http_requests_total{route="/v1/chat/completions",status="200"}',
      )) > 0,
    );
  });

  it('describes itself for programs, to every client', async () => {
    const response = await fetch(`${gateway.baseUrl}/capabilities`, {
      headers: { 'x-api-key': 'ci-key' },
    });
    assert.equal(response.status, 200);
    const described = (await response.json()) as {
      dialects: Record<
        string,
        {
          path: string;
          parameters: { accepted_without_effect: string[]; refused: string[] };
        }
      >;
      endpoints: { method: string; path: string }[];
      limits: Record<string, number>;
    };
    const served = described.endpoints.map(({ method, path }) => `${method} ${path}`);
    for (const { path, parameters } of Object.values(described.dialects)) {
      assert.ok(served.includes(`POST ${path}`), path);
      assert.ok(parameters.accepted_without_effect.length > 0);
    }
    const chat = described.dialects['openai_chat']?.parameters;
    assert.ok(chat);
    assert.ok(chat.accepted_without_effect.includes('temperature'));
    assert.ok(chat.refused.includes('n'));
    assert.ok(!served.some((line) => line.includes('/internal/')));
    assert.deepEqual(await json('/v1/capabilities'), described);
  });
});
