import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { after, afterEach, before, describe, it } from 'mocha';
import OpenAI from 'openai';
import { marked, readTokens, scriptFor } from '../bench/reuse/tokens';
import type { TurnOptions } from '../faults/chat';
import { dialects, type Outcome } from '../faults/client';
import { eventually } from '../support/headless';
import { NAMES, type ServerName } from './balancer';
import { Fleet, type PlacedChat, PUBLIC_NAME } from './fleet';

/** What each dialect calls a gateway that was lost, or that the balancer has none. */
const LOST = ['gateway_lost', 'no_gateway', 'api_error', 'overloaded_error'];
const MOST_ATTEMPTS = 10;

const homeOf = ({ places }: PlacedChat): ServerName | undefined => places.at(-1)?.gateway;

describe('scale: three gateways behind HAProxy', () => {
  let fleet: Fleet;

  before(async () => {
    fleet = await Fleet.launch();
  });
  after(() => fleet.stop());
  afterEach(() => {
    assert.deepEqual(fleet.witness.violations(), []);
  });

  /** Chats of all dialects, streamed and plain, with names for their conversations and without. */
  async function opened(label: string, count: number): Promise<PlacedChat[]> {
    const chats = Array.from({ length: count }, (_, index) => {
      const name = `${label}.${index}`;
      const hints = [{}, { 'x-session-id': name }, { 'x-claude-code-session-id': name }];
      return fleet.chat(name, {
        dialect: dialects[index % 3] ?? 'chat',
        stream: index % 2 === 0,
        tools: index % 5 === 0,
        headers: hints[Math.floor(index / 3) % 3] ?? {},
        mayBreak: index % 2 === 0,
      });
    });
    await Promise.all(chats.map(({ chat }) => chat.say()));
    return chats;
  }

  /** How many turns run on all gateways. */
  async function running(): Promise<number> {
    const stats = await Promise.all(NAMES.map((name) => fleet.gateway(name).stats()));
    return stats.reduce((sum, { concurrency }) => sum + concurrency.inFlight, 0);
  }

  /** Says one thing, again after each failure; gives the failures. */
  async function insist({ chat }: PlacedChat, options: TurnOptions): Promise<Outcome[]> {
    const failures: Outcome[] = [];
    while (failures.length < MOST_ATTEMPTS) {
      const outcome = await chat.turn(options);
      if (outcome.kind === 'answer') return failures;
      failures.push(outcome);
    }
    return assert.fail(`${chat.name} was never answered: ${JSON.stringify(failures)}`);
  }

  it('keeps each conversation on one gateway, and continues it there each time', async () => {
    const chats = await opened('affinity', 18);
    for (let turn = 0; turn < 3; turn++) await Promise.all(chats.map(({ chat }) => chat.say()));
    for (const { chat, places } of chats) {
      assert.equal(new Set(places.map(({ gateway }) => gateway)).size, 1, chat.name);
      const reasons = places.map(({ reason }) => reason);
      assert.deepEqual(reasons, ['new', 'continued', 'continued', 'continued'], chat.name);
    }
    assert.ok(new Set(chats.map(homeOf)).size > 1);
  });

  it('loses the session and nothing else when the affinity is wrong', async () => {
    let turns = 0;
    const { chat, places } = fleet.chat('wrong', {
      headers: {
        get 'x-session-id'() {
          return `turn ${turns++}`;
        },
      },
    });
    for (let turn = 0; turn < 8; turn++) await chat.say();
    assert.ok(new Set(places.map(({ gateway }) => gateway)).size > 1);
  });

  it('finds stored responses again, wherever they are', async () => {
    const { baseUrl, apiKey } = fleet.endpoint;
    const client = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey, maxRetries: 0 });
    for (let n = 0; n < 6; n++) {
      const model = 'gpt-5';
      const [answer, question, more, followUp] = ['a', 'q', 'b', 'f'].map((name) =>
        marked(`stored.${n}.${name}`, 'some text'),
      ) as [string, string, string, string];
      const asked = (text: string, wanted: string, before: readonly string[]): string => {
        const tokens = readTokens([...before, text].join('\n'));
        fleet.witness.expect(readTokens(wanted)[0] ?? '', tokens);
        return `${text}\n\n${scriptFor(wanted)}`;
      };
      const first = await client.responses.create({ model, input: asked(question, answer, []) });
      assert.equal(first.output_text, answer);
      const { data: second, response } = await client.responses
        .create({
          model,
          input: asked(followUp, more, [question, answer]),
          previous_response_id: first.id,
        })
        .withResponse();
      assert.equal(second.output_text, more);
      assert.match(response.headers.get('x-lingma-session') ?? '', /^continued;.*sent=1\/3$/);
      assert.equal((await client.responses.retrieve(second.id)).id, second.id);
      await client.responses.delete(first.id);
    }
  });

  it('passes each event of a stream on as it comes', async () => {
    const { chat } = fleet.chat('paced');
    const startedAt = performance.now();
    let firstAt = startedAt;
    await chat.say({
      words: 80,
      script: ['DEMO:gap 50'],
      onFirstBytes: () => (firstAt = performance.now()),
    });
    const [first, whole] = [firstAt - startedAt, performance.now() - startedAt];
    assert.ok(whole > 500 && first < whole / 2, `${Math.round(first)} of ${Math.round(whole)} ms`);
  });

  it('ends a turn whose client leaves, also before its answer has begun', async () => {
    const leave = new AbortController();
    const { chat } = fleet.chat('left', { stream: false });
    const turn = chat.turn({ words: 400, script: ['DEMO:gap 40'], signal: leave.signal });
    await eventually('it runs', async () => (await running()) === 1);
    leave.abort();
    assert.equal((await turn).kind, 'left');
    await eventually('it is over', async () => (await running()) === 0);
  });

  it('lets a client that asks for a WebSocket know that there is none', async () => {
    const asked = httpRequest(`${fleet.balancer.baseUrl}/v1/responses`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    assert.equal(response.statusCode, 426);
  });

  it('leaves it to the gateways which names they answer to', async () => {
    const status = async (host: string): Promise<number | undefined> => {
      const asked = httpRequest(`${fleet.balancer.baseUrl}/v1/models`, {
        headers: { host, authorization: `Bearer ${fleet.endpoint.apiKey}` },
      }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    assert.equal(await status(PUBLIC_NAME), 200);
    assert.equal(await status('evil.example'), 421);
  });

  it('goes on elsewhere when a gateway is killed, and comes back to it', async () => {
    const chats = await opened('killed', 18);
    const homes = chats.map(homeOf);
    const victim = homes[0];
    assert.ok(victim);
    let turns: Promise<Outcome[][]> | undefined;
    // The first chat is streamed, so that a kill after its first bytes breaks it off; and no turn is
    // over before that kill.
    await new Promise<void>((begun) => {
      const turn = { words: 100, script: ['DEMO:gap 40'] };
      turns = Promise.all(
        chats.map((chat, index) =>
          insist(chat, index === 0 ? { ...turn, onFirstBytes: begun } : turn),
        ),
      );
    });
    await fleet.kill(victim);
    const failures = (await turns) ?? [];

    chats.forEach((placed, index) => {
      const failed = failures[index] ?? [];
      if (homes[index] === victim) {
        assert.notEqual(homeOf(placed), victim);
        // A plain turn has not been answered in part, so the balancer itself sends it again.
        if (index % 2 === 1) assert.deepEqual(failed, []);
        for (const outcome of failed) {
          assert.ok(outcome.kind === 'broken' || outcome.kind === 'error');
          if (outcome.kind === 'error') assert.ok(LOST.includes(outcome.code), outcome.code);
        }
      } else {
        assert.deepEqual(failed, []);
        assert.equal(homeOf(placed), homes[index], 'it had no reason to move');
      }
    });
    assert.equal(failures[0]?.[0]?.kind, 'broken');

    await fleet.balancer.sees(victim, 'DOWN');
    await fleet.revive(victim);
    await Promise.all(chats.map(({ chat }) => chat.say()));
    assert.deepEqual(chats.map(homeOf), homes);
  }).timeout(80_000);

  it('drains at SIGTERM: what runs ends whole, what comes goes elsewhere', async () => {
    const chats = await opened('drained', 12);
    const homes = chats.map(homeOf);
    const leaving = homes[0];
    assert.ok(leaving);
    const { child } = fleet.gateway(leaving);
    const exited = once(child, 'exit');
    const long = chats.map(({ chat }) => chat.say({ words: 100, script: ['DEMO:gap 60'] }));
    await eventually('all of them run', async () => (await running()) === chats.length);
    child.kill('SIGTERM');
    await fleet.balancer.sees(leaving, 'DOWN');
    const health = await fleet.gateway(leaving).fetch('/healthz');
    assert.equal(((await health.json()) as { status: string }).status, 'draining');
    await Promise.all(long);
    assert.deepEqual(chats.map(homeOf), homes);
    await Promise.all(chats.map(({ chat }) => chat.say()));
    for (const placed of chats) assert.notEqual(homeOf(placed), leaving);
    assert.deepEqual(await exited, [0, null]);
    await fleet.revive(leaving);
  }).timeout(90_000);

  it('shows what each gateway and the balancer did', async () => {
    const completed = 'gateway_turns_total{outcome="completed"}';
    const counts = await Promise.all(NAMES.map((name) => fleet.gateway(name).metric(completed)));
    assert.ok(counts.filter((count) => count > 0).length > 1);
    const text = await (await fetch(`${fleet.balancer.adminUrl}/metrics`)).text();
    for (const name of NAMES) {
      const server = `proxy="gateways",server="${name}"`;
      assert.ok(text.includes(`haproxy_server_status{${server},state="UP"} 1`), name);
      assert.match(
        text,
        new RegExp(`haproxy_server_http_responses_total\\{${server},code="2xx"\\} \\d`),
      );
    }
  });
});
