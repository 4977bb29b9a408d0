import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, beforeEach, describe, it } from 'mocha';
import { readRecording, resend } from '../headless/recordingsReplay';
import { EXPECTED } from '../headless/recordingsTable';
import { Balancer } from './balancer';
import { StubGateway } from './stubGateway';

type Headers = Readonly<Record<string, string>>;

const said = (role: string, content: unknown): object => ({ role, content });
const AFFINITY = /^[0-9A-F]{16}$/;

describe('scale: the affinity that the balancer computes', () => {
  let gateways: StubGateway[];
  let balancer: Balancer;

  before(async () => {
    gateways = await Promise.all([StubGateway.start(), StubGateway.start(), StubGateway.start()]);
    balancer = await Balancer.launch(gateways.map(({ port }) => port));
  });
  after(async () => {
    await balancer.stop();
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  });
  beforeEach(() => {
    for (const gateway of gateways) gateway.seen.length = 0;
  });

  /** The gateway a request went to, and the affinity it was given. */
  async function ask(path: string, body?: object, headers: Headers = {}) {
    const response = await fetch(balancer.baseUrl + path, {
      method: body ? 'POST' : 'GET',
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const gateway = response.headers.get('x-lingma-gateway') ?? '';
    await response.arrayBuffer();
    const last = gateways['abc'.indexOf(gateway)]?.seen.at(-1);
    return { status: response.status, gateway, affinity: last?.headers['x-lingma-affinity'] };
  }
  const affinityOf = async (...request: Parameters<typeof ask>) => (await ask(...request)).affinity;
  const chat = (...messages: object[]) => ({ model: 'gpt-5', messages });

  for (const [name, expected] of Object.entries(EXPECTED)) {
    it(`keeps the conversations of ${name} together`, async () => {
      const places = new Map<number, string>();
      for (const request of readRecording(name)) {
        const { status, headers } = await resend(request, {
          baseUrl: balancer.baseUrl,
          apiKey: 'key',
        });
        // Codex's question for a WebSocket was recorded without its key, which HAProxy refuses.
        if (request.body) assert.equal(status, 200);
        places.set(request.n, String(headers['x-lingma-gateway']));
      }
      const moved = expected.filter(
        ({ n, after: earlier, session }) =>
          session.startsWith('continued') &&
          earlier !== undefined &&
          places.get(n) !== places.get(earlier),
      );
      assert.deepEqual(moved, []);
    });
  }

  it('takes what the user said first, wherever it stands in a dialect', async () => {
    const question = 'Why is the sky blue?';
    const system = said('system', 'Be brief.');
    const bodies: [string, object][] = [
      ['/v1/chat/completions', chat(said('user', question))],
      ['/v1/chat/completions', chat(system, said('user', question))],
      ['/v1/chat/completions', chat(system, said('developer', 'More.'), said('user', question))],
      ['/v1/messages', chat(said('user', [{ type: 'text', text: question }]))],
      ['/v1/messages', chat(said('user', [{ type: 'image' }, { type: 'text', text: question }]))],
      ['/v1/responses', { model: 'gpt-5', input: question }],
      ['/v1/responses', { input: [said('user', [{ type: 'input_text', text: question }])] }],
      ['/api/chat', chat(system, said('user', question))],
    ];
    const found = new Set<unknown>();
    for (const [path, body] of bodies) found.add(await affinityOf(path, body));
    assert.equal(found.size, 1);
    assert.match(String([...found][0]), AFFINITY);
    assert.notEqual(
      await affinityOf('/v1/chat/completions', chat(system, said('user', 'Why not?'))),
      [...found][0],
    );
  });

  it('stays with a conversation however long it becomes', async () => {
    const opening = [said('system', 's'.repeat(60_000)), said('user', 'Begin.')];
    const turn = (bytes: number) =>
      affinityOf('/v1/chat/completions', chat(...opening, said('assistant', 'a'.repeat(bytes))));
    const short = await turn(10);
    assert.match(String(short), AFFINITY);
    assert.equal(await turn(200_000), short);
    assert.equal(await turn(4_000_000), short);
    assert.ok(gateways.flatMap(({ seen }) => seen).some(({ body }) => body.length > 4_000_000));
  });

  it('waits for a body that comes after its headers, and lets it come', async () => {
    const body = JSON.stringify(chat(said('user', 'Late')));
    for (const headers of [{}, { expect: '100-continue' }]) {
      const sent = httpRequest(`${balancer.baseUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-length': Buffer.byteLength(body), ...headers },
      });
      const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
      const goOn = 'expect' in headers ? once(sent, 'continue') : sleep(100);
      sent.flushHeaders();
      await goOn;
      sent.end(body);
      const [response] = await answered;
      response.resume();
      const gateway = gateways['abc'.indexOf(String(response.headers['x-lingma-gateway']))];
      const affinity = gateway?.seen.at(-1)?.headers['x-lingma-affinity'];
      assert.equal(affinity, await affinityOf('/v1/chat/completions', chat(said('user', 'Late'))));
      assert.match(String(affinity), AFFINITY);
    }
  });

  it('takes what comes first where the question lies too far behind', async () => {
    const turn = (system: string, bytes: number) =>
      affinityOf(
        '/v1/chat/completions',
        chat(said('system', system), said('user', 'Begin.'), said('assistant', 'a'.repeat(bytes))),
      );
    const long = 's'.repeat(200_000);
    assert.equal(await turn(long, 10), await turn(long, 500_000));
    assert.notEqual(await turn(long, 10), await turn(`t${long}`, 10));
  });

  it('believes a client that names its conversation, by header before body', async () => {
    const body = chat(said('user', 'Hello'));
    const path = '/v1/messages';
    const opening = await affinityOf(path, body);
    const named = await affinityOf(path, body, { 'x-session-id': 'one' });
    assert.notEqual(named, opening);
    for (const header of ['x-claude-code-session-id', 'thread-id', 'session-id', 'session_id']) {
      assert.equal(await affinityOf(path, chat(said('user', header)), { [header]: 'one' }), named);
    }
    const user = JSON.stringify({ device_id: 'd', session_id: 'one' });
    assert.equal(await affinityOf(path, { ...body, metadata: { user_id: user } }), named);
    assert.equal(await affinityOf(path, { ...body, session_id: 'one' }), named);
    assert.equal(
      await affinityOf(path, { ...body, session_id: 'two' }, { 'session-id': 'one' }),
      named,
    );
    // Neither a person nor a cache is a conversation.
    assert.equal(await affinityOf(path, { ...body, metadata: { user_id: 'someone' } }), opening);
    assert.equal(await affinityOf(path, { ...body, prompt_cache_key: 'all' }), opening);
  });

  it('finds a stored response by the affinity in its id', async () => {
    const id = 'resp_0123456789ABCDEF_00000000000000000000000000000000';
    const goOn = { input: 'And then?', previous_response_id: id };
    assert.equal(await affinityOf('/v1/responses', goOn), '0123456789ABCDEF');
    for (const path of [
      `/v1/responses/${id}`,
      `/responses/${id}`,
      `/v1/responses/${id}/input_items`,
    ]) {
      assert.equal(await affinityOf(path), '0123456789ABCDEF');
    }
    const foreign = { input: 'And then?', previous_response_id: 'resp_of_another_kind' };
    assert.equal(
      await affinityOf('/v1/responses', foreign),
      await affinityOf('/v1/responses', { input: 'And then?' }),
    );
  });

  it('lets no client make up an affinity, and takes turns where there is none', async () => {
    const own = { 'x-lingma-affinity': 'FFFFFFFFFFFFFFFF' };
    const used = new Set<string>();
    for (let n = 0; n < 6; n++) {
      const { gateway, affinity } = await ask('/v1/models', undefined, own);
      assert.equal(affinity, undefined);
      used.add(gateway);
    }
    assert.equal(used.size, 3);
  });

  it('spreads conversations, and moves only those of a gateway that leaves', async () => {
    const place = async (n: number) =>
      (await ask('/v1/chat/completions', chat(said('user', `Conversation ${n}`)))).gateway;
    const numbers = Array.from({ length: 90 }, (_, n) => n);
    const before = await Promise.all(numbers.map(place));
    const share = (name: string) => before.filter((gateway) => gateway === name).length;
    for (const name of ['a', 'b', 'c']) {
      assert.ok(share(name) >= 15 && share(name) <= 50, `${name} has ${share(name)} of 90`);
    }
    await balancer.setState('b', 'drain');
    const without = await Promise.all(numbers.map(place));
    assert.ok(!without.includes('b'));
    assert.deepEqual(
      numbers.filter((n) => before[n] !== 'b' && without[n] !== before[n]),
      [],
    );
    await balancer.setState('b', 'ready');
    assert.deepEqual(await Promise.all(numbers.map(place)), before);
  });

  it('sends a turn once more when its gateway dies before it says anything', async () => {
    const body = chat(said('user', 'Whoever is there'), said('assistant', 'a'.repeat(50_000)));
    const { gateway } = await ask('/v1/chat/completions', body);
    const dying = gateways['abc'.indexOf(gateway)];
    assert.ok(dying);
    dying.dies = true;
    const other = await ask('/v1/chat/completions', body);
    dying.dies = false;
    assert.equal(other.status, 200);
    assert.notEqual(other.gateway, gateway);
    const answering = gateways['abc'.indexOf(other.gateway)];
    assert.equal(dying.seen.at(-1)?.body, JSON.stringify(body));
    assert.equal(answering?.seen.at(-1)?.body, JSON.stringify(body));
  });

  it('tells clients in their own shape that nobody is there', async () => {
    for (const name of ['a', 'b', 'c'] as const) await balancer.setState(name, 'drain');
    const response = await fetch(`${balancer.baseUrl}/v1/messages`, { method: 'POST', body: '{}' });
    const error = (await response.json()) as { type: string; error: Record<string, string> };
    for (const name of ['a', 'b', 'c'] as const) await balancer.setState(name, 'ready');
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '2');
    assert.equal(error.type, 'error');
    assert.equal(error.error['type'], 'overloaded_error');
    assert.equal(error.error['code'], 'no_gateway');
  });

  it('keeps to itself what is one gateway’s business', async () => {
    for (const path of ['/metrics', '/internal/stats']) assert.equal((await ask(path)).status, 404);
    assert.equal((await ask('/healthz')).status, 200);
    assert.deepEqual(
      gateways.flatMap(({ seen }) => seen),
      [],
    );
  });
});
