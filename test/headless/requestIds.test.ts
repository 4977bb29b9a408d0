/** Every answer carries an id of its request, in the header that its clients read. */
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { after, before, describe, it } from 'mocha';
import { HeadlessGateway } from '../support/headless';

const said = [{ role: 'user', content: 'DEMO:echo ok' }];
const WIRES: Readonly<Record<string, object>> = {
  '/v1/chat/completions': { model: 'gpt-5', messages: said },
  '/v1/responses': { model: 'gpt-5', input: said },
  '/v1/messages': { model: 'claude-x', max_tokens: 100, messages: said },
  '/api/chat': { model: 'gpt-5', messages: said },
};

describe('headless: ids of requests', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch();
  });
  after(() => gateway.stop());

  for (const [path, body] of Object.entries(WIRES)) {
    it(`${path}: plain, streamed and refused`, async () => {
      const ids = new Set<string>();
      for (const [fields, status] of [
        [{ stream: false }, 200],
        [{ stream: true }, 200],
        [{ stream: 'x' }, 400],
      ] as const) {
        const response = await gateway.fetch(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...body, ...fields }),
        });
        await response.text();
        assert.equal(response.status, status);
        const id = response.headers.get('x-request-id') ?? '';
        assert.match(id, /^req_[0-9a-f]{32}$/);
        ids.add(id);
        // Anthropic's clients know another header.
        assert.equal(response.headers.get('request-id'), path === '/v1/messages' ? id : null);
      }
      assert.equal(ids.size, 3);
    });
  }

  it('the official clients give them to their users', async () => {
    const completion = await gateway.openai().chat.completions.create({
      model: 'gpt-5',
      messages: [{ role: 'user', content: 'DEMO:echo ok' }],
    });
    assert.match(String(completion._request_id), /^req_/);
    const client = new Anthropic({ baseURL: gateway.baseUrl, apiKey: gateway.apiKey });
    const message = await client.messages.create({
      model: 'claude-x',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'DEMO:echo ok' }],
    });
    assert.match(String(message._request_id), /^req_/);
  });
});
