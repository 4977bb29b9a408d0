/** Keys of clients that come and go while the launcher runs, and what each has used. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import type { ClientKeyInfo, CreatedKey } from '../../src/gateway/clientKeys';
import { eventually, HeadlessGateway } from '../support/headless';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface Usage {
  readonly client: string;
  readonly turns: Record<string, number>;
  readonly sessions: Record<string, number>;
  readonly tokens: Record<string, number>;
  readonly last_used_at: number | null;
}

describe('headless: keys while it runs', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    const hashed = `hashed=sha256:${sha256('known-to-its-client')}`;
    gateway = await HeadlessGateway.launch({
      flags: ['--client-key', 'flag=flag-key', '--client-key', hashed],
    });
  });
  after(() => gateway.stop());

  const call = (path: string, key: string, method = 'GET', body?: object): Promise<Response> =>
    fetch(gateway.baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const ownerCall = (path: string, method = 'GET', body?: object): Promise<Response> =>
    call(path, gateway.apiKey, method, body);
  const create = async (name: string): Promise<CreatedKey> => {
    const response = await ownerCall('/internal/keys', 'POST', { name });
    assert.equal(response.status, 201, await response.clone().text());
    return (await response.json()) as CreatedKey;
  };
  const revoke = (name: string): Promise<Response> =>
    ownerCall(`/internal/keys/${encodeURIComponent(name)}`, 'DELETE');
  const listed = async (): Promise<ClientKeyInfo[]> =>
    ((await (await ownerCall('/internal/keys')).json()) as { keys: ClientKeyInfo[] }).keys;
  const usage = async (key: string): Promise<Usage> =>
    (await (await call('/v1/usage', key)).json()) as Usage;
  const codeOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { error: { code: unknown } }).error.code;
  const messages = (...texts: string[]) =>
    texts.map((content, index) => ({ role: index % 2 ? 'assistant' : 'user', content }));
  const ask = (key: string, texts: string[], more: object = {}): Promise<Response> =>
    call('/v1/chat/completions', key, 'POST', {
      model: 'org_auto',
      messages: messages(...texts),
      ...more,
    });

  it('opens with a key whose digest alone was given', async () => {
    assert.equal((await call('/v1/models', 'known-to-its-client')).status, 200);
    assert.equal((await call('/v1/models', sha256('known-to-its-client'))).status, 401);
  });

  it('makes a key, tells it once and lists what it has used', async () => {
    const created = await create('build / server ☃');
    assert.match(created.key, /^sk-lingma-[\w-]{43}$/);
    assert.equal((await call('/v1/models', created.key)).status, 200);
    assert.equal((await call('/internal/keys', created.key)).status, 403);

    assert.equal((await ask(created.key, ['DEMO:echo one'])).status, 200);
    assert.equal((await ask(created.key, ['DEMO:echo one', 'one', 'DEMO:echo two'])).status, 200);
    assert.equal((await ask(created.key, ['DEMO:status 500'])).status, 502);
    const text = await (await ownerCall('/internal/keys')).text();
    assert.ok(!text.includes(created.key));
    const found = (await listed()).find(({ name }) => name === created.name);
    assert.equal(found?.digest, sha256(created.key));
    assert.ok(found.createdAtMs !== null && found.lastUsedAtMs !== null);
    assert.ok(found.lastUsedAtMs >= found.createdAtMs);
    const { completed, failed, hits, misses } = found.usage;
    assert.deepEqual(
      { completed, failed, hits, misses: misses > 0 },
      {
        completed: 2,
        failed: 1,
        hits: 1,
        misses: true,
      },
    );
    assert.ok(found.usage.inputTokens > 0 && found.usage.outputTokens > 0);
    const sample = `gateway_client_turns_total{client="${created.name}",outcome="completed"}`;
    assert.equal(await gateway.metric(sample), 2);
  });

  it('tells each client its own figures and nothing of others', async () => {
    const [one, two] = [await create('one'), await create('two')];
    await ask(one.key, ['DEMO:echo hello']);
    const [ofOne, ofTwo] = [await usage(one.key), await usage(two.key)];
    assert.equal(ofOne.client, 'one');
    assert.deepEqual(ofOne.turns, { completed: 1, failed: 0, cancelled: 0 });
    assert.deepEqual(ofTwo.turns, { completed: 0, failed: 0, cancelled: 0 });
    assert.ok((ofOne.tokens['input'] ?? 0) > 0);
    assert.equal(ofTwo.tokens['input'], 0);
    assert.ok(!JSON.stringify(ofTwo).includes('one'));
    assert.ok(Math.abs((ofOne.last_used_at ?? 0) - Date.now() / 1000) < 60);
    assert.equal((await usage(gateway.apiKey)).client, 'owner');
  });

  it('ends what a key has begun when it is revoked, and forgets what it had', async () => {
    const doomed = await create('doomed');
    const other = await create('other');
    for (const key of [doomed.key, other.key]) await ask(key, ['DEMO:echo kept']);
    const stored = (await (
      await call('/v1/responses', doomed.key, 'POST', { model: 'org_auto', input: 'DEMO:echo a' })
    ).json()) as { id: string };
    assert.equal((await call(`/v1/responses/${stored.id}`, doomed.key)).status, 200);
    const sessionsOf = async (client: string): Promise<number> => {
      const response = await ownerCall('/internal/sessions');
      const { sessions } = (await response.json()) as { sessions: { client: string }[] };
      return sessions.filter((session) => session.client === client).length;
    };
    assert.equal(await sessionsOf('doomed'), 2);

    const slow = ['DEMO:gap 200\nDEMO:words 200'];
    const streamed = await ask(doomed.key, slow, { stream: true });
    const plain = ask(doomed.key, slow);
    const unharmed = ask(other.key, ['DEMO:delay 3000\nDEMO:echo still here']);
    await eventually('both run', async () => (await gateway.stats()).concurrency.inFlight >= 3);

    const response = await revoke('doomed');
    assert.deepEqual(await response.json(), { name: 'doomed', revoked: true });
    assert.match(await streamed.text(), /has been revoked/);
    const refused = await plain;
    assert.equal(refused.status, 401);
    assert.equal(await codeOf(refused), 'invalid_api_key');
    assert.equal((await call('/v1/models', doomed.key)).status, 401);
    assert.match(await (await unharmed).text(), /still here/);
    assert.equal(await sessionsOf('doomed'), 0);
    assert.ok((await sessionsOf('other')) > 0);

    // A new key of that name inherits nothing.
    const next = await create('doomed');
    assert.notEqual(next.key, doomed.key);
    assert.equal((await call(`/v1/responses/${stored.id}`, next.key)).status, 404);
    assert.deepEqual((await usage(next.key)).turns, { completed: 0, failed: 0, cancelled: 0 });
    assert.match(
      (await ask(next.key, ['DEMO:echo kept', 'kept', 'more'])).headers.get('x-lingma-session') ??
        '',
      /^new;/,
    );
    assert.deepEqual(gateway.upstreamProblems(), []);
  });

  it('takes a key from flags away, as long as it runs', async () => {
    assert.equal((await call('/v1/models', 'flag-key')).status, 200);
    assert.equal((await revoke('flag')).status, 200);
    assert.equal((await call('/v1/models', 'flag-key')).status, 401);
  });

  for (const [what, body, pattern] of [
    ['no name', {}, /takes the name/],
    ['an empty name', { name: '' }, /1 to 64/],
    ['the owner', { name: 'owner' }, /gateway's own key/],
    ['a name that is taken', { name: 'hashed' }, /named \\"hashed\\"/],
    ['a digest that is none', { name: 'x', digest: 'abc' }, /SHA-256/],
    ['anything else', { name: 'x', key: 'mine' }, /This endpoint takes/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const response = await ownerCall('/internal/keys', 'POST', body);
      assert.equal(response.status, 400);
      assert.match(await response.text(), pattern);
    });
  }

  it('revokes neither the owner nor nobody', async () => {
    assert.equal((await revoke('owner')).status, 400);
    assert.equal((await revoke('nobody')).status, 404);
    assert.equal((await ownerCall('/internal/keys')).status, 200);
  });
});
