/** Calls whose arguments nest deeper than a request may: an error of the model, not of the gateway. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';

const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const asked = (levels: number): string =>
  `deep\nDEMO:echo-json ${JSON.stringify(writeCall('get', nested(levels)))}`;

const parameters = { type: 'object' };
const described = { name: 'get', description: 'Gets.' };
const asFunction = { type: 'function', function: { ...described, parameters } };
const WIRES: Readonly<Record<string, { readonly path: string; readonly body: object }>> = {
  chat: { path: '/v1/chat/completions', body: { tools: [asFunction] } },
  responses: {
    path: '/v1/responses',
    body: { store: false, tools: [{ type: 'function', ...described, parameters }] },
  },
  messages: {
    path: '/v1/messages',
    body: { max_tokens: 1000, tools: [{ ...described, input_schema: parameters }] },
  },
  ollama: { path: '/api/chat', body: { tools: [asFunction] } },
};

describe('headless: calls with deeply nested arguments', () => {
  let gateway: HeadlessGateway;
  before(async () => {
    gateway = await HeadlessGateway.launch();
  });
  after(() => gateway.stop());

  for (const [dialect, { path, body }] of Object.entries(WIRES)) {
    const ask = async (levels: number, stream: boolean) => {
      const said = [{ role: 'user', content: asked(levels) }];
      const response = await gateway.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'gpt-4o',
          stream,
          ...body,
          ...(dialect === 'responses' ? { input: said } : { messages: said }),
        }),
      });
      return { status: response.status, text: await response.text() };
    };

    for (const stream of [false, true]) {
      it(`${dialect}, ${stream ? 'streamed' : 'plain'}: are the model's fault`, async () => {
        for (const levels of [300, 20_000]) {
          const { status, text } = await ask(levels, stream);
          assert.equal(status, 502, text.slice(0, 500));
          assert.match(text, /not even when asked again/);
        }
        const { status, text } = await ask(200, stream);
        assert.equal(status, 200, text.slice(0, 500));
      });
    }
  }
});
