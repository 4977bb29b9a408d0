import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { callLingma } from '../support/callLingma';
import { Conversation } from '../support/conversation';
import { eventually, HeadlessGateway, type LaunchOptions } from '../support/headless';

describe('headless: how many sessions a process holds', () => {
  let gateway: HeadlessGateway;
  const launch = async (options: LaunchOptions): Promise<void> => {
    gateway = await HeadlessGateway.launch(options);
  };
  const chats = (count: number): Conversation[] =>
    Array.from({ length: count }, () => new Conversation(gateway.openai()));
  const deleted = (): number => gateway.upstream('chat/deleteSessionById').length;

  afterEach(() => gateway.stop());

  it('a process that is full gets room: every client is answered, the oldest session goes', async () => {
    await launch({ env: { DEMO_LINGMA_SESSION_MAX: '3' } });
    const [first, second, ...others] = chats(6);
    assert.ok(first && second);
    await first.say('one');
    await second.say('two');
    assert.match((await first.say('one again')).session, /^continued;/);
    for (const [index, chat] of others.entries()) {
      assert.match((await chat.say(`other ${index}`)).session, /^new; .*sent=1\/1$/);
    }
    assert.match((await second.say('two again')).session, /^expired; .*sent=3\/3$/);
    assert.equal((await gateway.stats()).sessionCache.size, 3);
    assert.equal((await gateway.stats()).sessionCache.evict_total, 4);
    assert.deepEqual(gateway.upstreamProblems(), []);
  });

  it('a session the process has dropped, and no room for another: lost, without a trace', async () => {
    await launch({ env: { DEMO_LINGMA_SESSION_MAX: '2' } });
    const [first, second] = chats(2);
    assert.ok(first && second);
    await first.say('one');
    await second.say('two');
    const [instance] = (await gateway.stats()).instances;
    assert.ok(instance?.port);
    const [ask] = gateway.upstream('chat/ask');
    const created = gateway.records().filter(({ event }) => event === 'session-created');
    assert.equal(ask?.['sessionId'], '');
    // Somebody else deletes the first session in the process and takes its place.
    await callLingma(instance.port, 'chat/deleteSessionById', {
      sessionId: created[0]?.['sessionId'],
    });
    await callLingma(instance.port, 'chat/ask', {
      ...ask,
      requestId: 'a request of somebody else',
      questionText: 'mine',
    });
    await eventually('the place is taken', () => {
      return gateway.records().filter(({ event }) => event === 'session-created').length === 3;
    });
    assert.match((await first.say('one again')).session, /^lost; .*sent=3\/3$/);
    assert.match((await first.say('and again')).session, /^continued;/);
  });

  it('of two processes the one with place is taken first, and both full make room', async () => {
    await launch({ flags: ['--instances', '2'], env: { DEMO_LINGMA_SESSION_MAX: '2' } });
    await eventually('both are ready', async () =>
      (await gateway.stats()).instances.every(({ state }) => state === 'ready'),
    );
    const all = chats(8);
    for (const [index, chat] of all.entries()) {
      assert.match((await chat.say(`chat ${index}`)).session, /^new;/);
      const { size, evict_total: evicted } = (await gateway.stats()).sessionCache;
      assert.equal(size, Math.min(index + 1, 4));
      assert.equal(evicted, Math.max(0, index - 3), 'nobody goes while there is place');
    }
    assert.match((await all.at(-1)?.say('again'))?.session ?? '', /^continued;/);
  });

  it('--session-max-per-instance keeps a process below its limit', async () => {
    await launch({
      flags: ['--session-max-per-instance', '2'],
      env: { DEMO_LINGMA_SESSION_MAX: '4' },
    });
    for (const [index, chat] of chats(8).entries()) {
      assert.match((await chat.say(`chat ${index}`)).session, /^new;/);
    }
    const refused = gateway.records().filter(({ event }) => event === 'turn-refused');
    assert.deepEqual(refused, []);
    assert.equal((await gateway.stats()).sessionCache.size, 2);
    await eventually('the others are deleted in the process', () => deleted() === 6);
  });
});
