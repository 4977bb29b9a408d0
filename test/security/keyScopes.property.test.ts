/**
 * Keys that say the same, in any order and at once, over all dialects: none of them meets a session,
 * a response, a conversation or a figure of another one. The demo is the witness: it records which
 * session each question reached. (The cache alone is held to this in
 * `unit/session/scopes.property`.)
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import type { ClientKeyInfo, CreatedKey } from '../../src/gateway/clientKeys';
import { HeadlessGateway } from '../support/headless';

const DIALECTS = ['chat', 'messages', 'responses'] as const;
type DialectName = (typeof DIALECTS)[number];

interface Said {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** A round: what all clients say, and who of them begins. */
const round = fc.record({
  dialect: fc.constantFrom(...DIALECTS),
  /** Whether the client goes on from its last response by id, where the dialect can. */
  byId: fc.boolean(),
  hint: fc.boolean(),
  word: fc.constantFrom('a', 'b'),
  order: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
  /** All at once, or one after the other. */
  atOnce: fc.boolean(),
});
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never;

interface Turn {
  readonly session: string;
  readonly text: string;
}

class Client {
  readonly #gateway: HeadlessGateway;
  readonly #key: string;
  readonly #chat: Said[] = [];
  readonly responses: string[] = [];
  readonly met: string[] = [];
  turns = 0;

  constructor(gateway: HeadlessGateway, { key }: Pick<CreatedKey, 'key'>) {
    this.#gateway = gateway;
    this.#key = key;
  }

  call(path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#gateway.baseUrl + path, {
      method: body ? 'POST' : 'GET',
      headers: { 'x-api-key': this.#key, 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  async say({ dialect, byId, hint, word }: Round): Promise<void> {
    this.#chat.push({ role: 'user', content: `DEMO:echo ${word}` });
    const { session, text } = await this.#ask(dialect, byId, hint);
    assert.equal(text, word);
    this.#chat.push({ role: 'assistant', content: text });
    this.met.push(session);
    this.turns += 1;
  }

  async #ask(dialect: DialectName, byId: boolean, hint: boolean): Promise<Turn> {
    const model = 'org_auto';
    const previous = this.responses.at(-1);
    const headers = hint ? { 'x-session-id': 'the-same-everywhere' } : {};
    const [path, body] = ((): [string, object] => {
      switch (dialect) {
        case 'chat':
          return ['/v1/chat/completions', { model, messages: this.#chat }];
        case 'messages':
          return ['/v1/messages', { model, max_tokens: 1_000, messages: this.#chat }];
        case 'responses':
          return [
            '/v1/responses',
            byId && previous !== undefined
              ? { model, previous_response_id: previous, input: this.#chat.at(-1)?.content }
              : { model, input: this.#chat },
          ];
      }
    })();
    const response = await this.call(path, body, headers);
    const answer: unknown = await response.json();
    assert.equal(response.status, 200, JSON.stringify(answer));
    if (dialect === 'responses') this.responses.push((answer as { id: string }).id);
    else this.responses.splice(0);
    return { session: response.headers.get('x-lingma-session') ?? '', text: textOf(answer) };
  }
}

/** The text of an answer, of whichever dialect. */
function textOf(answer: unknown): string {
  const { choices, content, output } = answer as {
    choices?: { message: { content: string } }[];
    content?: { text?: string }[];
    output?: { content?: { text?: string }[] }[];
  };
  const blocks = content ?? output?.flatMap((item) => item.content ?? []) ?? [];
  return choices?.[0]?.message.content ?? blocks.map(({ text = '' }) => text).join('');
}

describe('security: keys that say the same', () => {
  let gateway: HeadlessGateway;
  let made = 0;

  before(async () => {
    gateway = await HeadlessGateway.launch({
      flags: ['--session-max', '100000', '--session-max-per-instance', '0', '--max-in-flight', '0'],
    });
  });
  after(() => gateway.stop());

  const owner = (path: string, method = 'GET', body?: object): Promise<Response> =>
    gateway.fetch(path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });

  async function create(name: string): Promise<CreatedKey> {
    return (await (await owner('/internal/keys', 'POST', { name })).json()) as CreatedKey;
  }

  /** The sessions that the turns since a point of the demo's record were asked in. */
  function sessionsSince(count: number): Set<unknown> {
    const records = gateway.records();
    const opened = (from: typeof records): unknown[] =>
      from.flatMap((record) => (record.event === 'session-created' ? [record['sessionId']] : []));
    const known = new Set(opened(records));
    const recent = records.slice(count);
    const asked = recent.flatMap(({ message }) =>
      message?.method === 'chat/ask' ? [message.params?.['sessionId']] : [],
    );
    return new Set([...opened(recent), ...asked.filter((id) => known.has(id))]);
  }

  it('share nothing, in any interleaving and dialect', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 2, maxLength: 6 }), async (rounds) => {
        const names = ['x', 'y', 'z'].map((letter) => `${letter}${made++}`);
        const keys = await Promise.all(names.map(create));
        const clients = keys.map((key) => new Client(gateway, key));
        const sessions = clients.map(() => new Set<unknown>());
        for (const one of rounds) {
          if (one.atOnce) {
            const since = gateway.records().length;
            await Promise.all(clients.map((client) => client.say(one)));
            assert.equal(sessionsSince(since).size, clients.length, 'a session for each');
            continue;
          }
          for (const index of one.order) {
            const since = gateway.records().length;
            await clients[index]?.say(one);
            const used = [...sessionsSince(since)];
            assert.equal(used.length, 1);
            sessions[index]?.add(used[0]);
          }
        }
        const all = sessions.flatMap((own) => [...own]);
        assert.equal(new Set(all).size, all.length, 'no session has met two clients');
        // What each meets is what it would have met alone, so it is the same for all of them.
        const [first, ...others] = clients;
        assert.ok(first);
        for (const other of others) assert.deepEqual(other.met, first.met);

        for (const client of clients) {
          for (const other of clients) {
            for (const id of other.responses) {
              const mine = other === client;
              assert.equal((await client.call(`/v1/responses/${id}`)).status, mine ? 200 : 404);
              if (mine) continue;
              const stolen = await client.call('/v1/responses', {
                model: 'org_auto',
                previous_response_id: id,
                input: 'DEMO:echo stolen',
              });
              assert.ok([400, 404].includes(stolen.status), `${stolen.status}`);
            }
          }
        }
        const listed = (await (await owner('/internal/keys')).json()) as { keys: ClientKeyInfo[] };
        for (const [index, name] of names.entries()) {
          const usage = listed.keys.find((key) => key.name === name)?.usage;
          const own = clients[index];
          assert.equal(usage?.completed, own?.turns);
          assert.equal((usage?.hits ?? 0) + (usage?.misses ?? 0), own?.turns);
          await owner(`/internal/keys/${name}`, 'DELETE');
        }
        assert.deepEqual(gateway.upstreamProblems(), []);
      }),
      { numRuns: 15 },
    );
  });
});
