import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import OpenAI from 'openai';
import type { ResponseCreateParams } from 'openai/resources/responses/responses';
import { writeCall } from '../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../support/headless';

/** A line that makes the demo answer exactly `text`. */
const answer = (text: string): string => `DEMO:echo-json ${JSON.stringify(text)}`;

describe('headless: stored responses', () => {
  let gateway: HeadlessGateway;
  let client: OpenAI;

  before(async () => {
    gateway = await HeadlessGateway.launch({ flags: ['--client-key', 'ci=ci-key'] });
    client = gateway.openai();
  });
  after(() => gateway.stop());

  async function ask(fields: ResponseCreateParams & { stream?: false }) {
    const request = { model: 'gpt-5', ...fields };
    const { data, response } = await client.responses.create(request).withResponse();
    return { response: data, session: response.headers.get('x-lingma-session') ?? '' };
  }

  async function refusal(promise: Promise<unknown>) {
    const error = await promise.then(
      () => assert.fail('it was taken'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof OpenAI.APIError);
    const { code, param, message } = error;
    return { status: error.status as unknown, code, param, message };
  }

  it('goes on from a response by its id, in the same session', async () => {
    const instructions = 'Be brief.';
    const first = await ask({ instructions, input: `My name is Ada.\n${answer('Hello Ada')}` });
    assert.match(first.session, /^new;/);
    let previous = first.response.id;
    for (let n = 2; n <= 4; n++) {
      const next = await ask({
        instructions,
        input: `turn ${n}\n${answer(`Answer ${n}`)}`,
        previous_response_id: previous,
      });
      assert.match(next.session, new RegExp(`^continued;.*sent=1/${2 * n}`));
      assert.equal(next.response.output_text, `Answer ${n}`);
      assert.equal(next.response.previous_response_id, previous);
      previous = next.response.id;
    }
    // A branch: the first answer once more.
    const branch = await ask({
      instructions,
      input: answer('Other'),
      previous_response_id: first.response.id,
    });
    assert.match(branch.session, /^branched;.*sent=4\/4/);
    const prompt = String(gateway.upstream('chat/ask').at(-1)?.['questionText']);
    assert.match(prompt, /My name is Ada[^]*Hello Ada/);
  });

  it('goes on from a stream, with the result of a call', async () => {
    const tools = [
      { type: 'function' as const, name: 'run', parameters: { type: 'object' }, strict: false },
    ];
    const stream = await client.responses.create({
      model: 'gpt-5',
      input: answer(`Look.\n${writeCall('run', '{"a":1}')}`),
      tools,
      stream: true,
    });
    let id = '';
    let callId = '';
    for await (const event of stream) {
      if (event.type !== 'response.completed') continue;
      id = event.response.id;
      const call = event.response.output.find((item) => item.type === 'function_call');
      callId = call?.call_id ?? '';
    }
    const { response, session } = await ask({
      tools,
      previous_response_id: id,
      input: [
        { type: 'function_call_output', call_id: callId, output: `1 file\n${answer('One.')}` },
      ],
    });
    assert.match(session, /^continued;.*sent=1\/3/);
    assert.equal(response.output_text, 'One.');
  });

  it('takes references to items of the past', async () => {
    const first = await ask({ input: `question\n${answer('First')}` });
    const message = first.response.output.find((item) => item.type === 'message');
    assert.ok(message);
    const { session } = await ask({
      input: [
        { role: 'user', content: `question\n${answer('First')}` },
        { type: 'item_reference', id: message.id },
        { role: 'user', content: answer('Second') },
      ],
    });
    assert.match(session, /^continued;.*sent=1\/3/);
    const twice = await refusal(
      ask({
        previous_response_id: first.response.id,
        input: [
          { type: 'item_reference', id: message.id },
          { role: 'user', content: 'x' },
        ],
      }),
    );
    assert.deepEqual([twice.status, twice.param], [400, 'input[0]']);
    assert.match(twice.message, /Duplicate item found/);
    const lost = await refusal(ask({ input: [{ type: 'item_reference', id: 'msg_nobody' }] }));
    assert.deepEqual([lost.status, lost.code, lost.param], [404, 'item_not_found', 'input[0]']);
  });

  it('hands out what it keeps', async () => {
    const first = await ask({ input: `one\n${answer('First')}` });
    const { response } = await ask({
      previous_response_id: first.response.id,
      input: [{ role: 'user', content: `two\n${answer('Second')}` }],
      metadata: { topic: 'numbers' },
    });
    const kept = await client.responses.retrieve(response.id);
    assert.equal(kept.output_text, 'Second');
    assert.deepEqual({ ...kept, output_text: '' }, { ...response, output_text: '' });

    const items = [];
    for await (const item of client.responses.inputItems.list(response.id, {
      order: 'asc',
      limit: 1,
    }))
      items.push(item);
    assert.deepEqual(
      items.map((item) => (item.type === 'message' ? [item.role, item.content[0]] : item.type)),
      [
        ['user', { type: 'input_text', text: `one\n${answer('First')}` }],
        ['assistant', { type: 'output_text', text: 'First', annotations: [], logprobs: [] }],
        ['user', { type: 'input_text', text: `two\n${answer('Second')}` }],
      ],
    );
    const newestFirst = await client.responses.inputItems.list(response.id);
    assert.deepEqual(newestFirst.data, items.toReversed());
  });

  it('forgets what it is told to, and tells so in the words that clients know', async () => {
    const { response } = await ask({ input: answer('Secret') });
    await client.responses.delete(response.id);
    const missing: (() => Promise<unknown>)[] = [
      () => client.responses.retrieve(response.id),
      () => client.responses.delete(response.id),
      () => client.responses.inputItems.list(response.id),
    ];
    for (const call of missing) {
      const { status, code, message } = await refusal(call());
      assert.deepEqual([status, code], [404, 'response_not_found']);
      assert.match(message, new RegExp(`Response with id '${response.id}' not found\\.`));
    }
    const { status, code, param, message } = await refusal(
      ask({ input: 'x', previous_response_id: response.id }),
    );
    assert.deepEqual(
      [status, code, param],
      [400, 'previous_response_not_found', 'previous_response_id'],
    );
    assert.match(message, new RegExp(`Previous response with id '${response.id}' not found\\.`));
  });

  it('keeps nothing when the client says so, and nothing of a failure', async () => {
    const { response } = await ask({ input: answer('x'), store: false });
    assert.equal((await refusal(client.responses.retrieve(response.id))).status, 404);
    const stream = await client.responses.create({
      model: 'gpt-5',
      input: `${answer('Hello there')}\nDEMO:status-after 2 500 broken`,
      stream: true,
    });
    let id = '';
    await assert.rejects(async () => {
      for await (const event of stream) {
        if (event.type === 'response.created') id = event.response.id;
      }
    }, /broken/);
    assert.notEqual(id, '');
    assert.equal((await refusal(client.responses.retrieve(id))).status, 404);
  });

  it('keeps the responses of its clients apart', async () => {
    const { response } = await ask({ input: answer('Mine') });
    const other = gateway.openai('ci-key');
    assert.equal((await refusal(other.responses.retrieve(response.id))).status, 404);
    assert.equal((await refusal(other.responses.delete(response.id))).status, 404);
    const stolen = other.responses.create({
      model: 'gpt-5',
      input: 'What did I say?',
      previous_response_id: response.id,
    });
    assert.equal((await refusal(stolen)).code, 'previous_response_not_found');
    const [item] = response.output;
    const referred = other.responses.create({
      model: 'gpt-5',
      input: [{ type: 'item_reference', id: item?.id ?? '' }],
    });
    assert.equal((await refusal(referred)).code, 'item_not_found');
    assert.equal((await client.responses.retrieve(response.id)).output_text, 'Mine');
  });

  it('tells what it cannot do', async () => {
    const { response } = await ask({ input: answer('x') });
    const replay = await refusal(client.responses.retrieve(response.id, { stream: true }));
    assert.deepEqual([replay.status, replay.param], [400, 'stream']);
    const empty = await refusal(ask({ input: [], previous_response_id: response.id }));
    assert.deepEqual([empty.status, empty.param], [400, 'input']);
  });
});
