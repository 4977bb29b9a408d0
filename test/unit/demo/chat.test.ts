import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { DemoProcess, type Message, RawClient, askParams } from './demoProcess';

const running: DemoProcess[] = [];

async function ready(
  knobs: Readonly<Record<string, string>> = {},
): Promise<readonly [RawClient, DemoProcess]> {
  const demo = await DemoProcess.start(knobs);
  running.push(demo);
  return [await RawClient.ready(demo.socketPort), demo];
}

function ending(finish: Message): readonly unknown[] {
  return [finish.params?.['statusCode'], finish.params?.['reason'], finish.params?.['fullAnswer']];
}

/** Asks in a session of its own and returns what `chat/finish` said. */
async function ask(client: RawClient, prompt: string, more: object = {}): Promise<Message> {
  const requestId = `r${client.received.length}-${client.raw.length}`;
  client.post('chat/ask', askParams(requestId, prompt, more));
  return client.finish(requestId);
}

describe('demo chat', () => {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((demo) => demo.stop()));
  });

  it('wants initialize first and tolerates initialized', async () => {
    const demo = await DemoProcess.start();
    running.push(demo);
    const client = await RawClient.connect(demo.socketPort);
    assert.equal((await client.call('ping', {})).error?.code, -32002);
    const { result } = await client.call('initialize', { processId: null });
    assert.deepEqual((result as { serverInfo: unknown }).serverInfo, {
      name: 'lingma-demo',
      version: 'demo',
    });
    client.send({ jsonrpc: '2.0', method: 'initialized', params: {} });
    assert.deepEqual((await client.call('ping', {})).result, {});
    assert.equal((await client.call('session/load', {})).error?.code, -32601);
    assert.equal((await client.call('user/plan', {})).error?.code, -32603);
    client.post('ping', {}, 'text-id');
    assert.deepEqual((await client.reply('text-id')).result, {});
  });

  it('gives out a status with canaries and a list of models', async () => {
    const [client] = await ready();
    const status = (await client.call('auth/status', {})).result as Record<string, unknown>;
    assert.equal(status['status'], 2);
    assert.match(String(status['token']), /^CANARY/);
    assert.match(String(status['refreshToken']), /^CANARY/);
    const models = (await client.call('config/queryModels', {})).result as Record<string, object[]>;
    assert.deepEqual(Object.keys(models), ['assistant', 'chat', 'developer', 'inline', 'quest']);
    assert.equal(models['chat']?.length, 4);
  });

  it('plays a new session in the order of the document', async () => {
    const [client] = await ready();
    const id = client.post('chat/ask', askParams('r1', 'Say hi'));
    const finish = await client.finish('r1');
    const reply = await client.reply(id);
    assert.deepEqual(reply.result, { isSuccess: true, requestId: 'r1', status: 'success' });
    const methods = client.received
      .filter((message) => message.method !== undefined)
      .map((message) => [message.method, message.params?.['step']].filter(Boolean).join(' '));
    const answers = methods.filter((method) => method === 'chat/answer');
    assert.ok(answers.length > 5);
    assert.deepEqual(methods, [
      'chat/process_step_callback step_start',
      'session/title/update',
      ...answers,
      'chat/process_step_callback step_end',
      'chat/finish',
    ]);
    assert.ok(client.received.indexOf(reply) < client.received.findIndex((m) => m.method));
    const ids = client.received.flatMap((message) => (message.method ? [message.id] : []));
    assert.deepEqual(
      ids,
      ids.map((_, index) => index + 1),
    );
    assert.deepEqual(ending(finish), [200, 'success', client.deltas('r1').join('')]);
    assert.match(String(finish.params?.['sessionId']), /^[0-9a-f-]{36}$/);
    assert.match(client.deltas('r1').join(''), /Say hi.*Turn 1 of session.*lingmaPath/s);
  });

  it('continues a session and remembers its transcript', async () => {
    const [client] = await ready();
    const first = await ask(client, 'DEMO:echo abc');
    const { sessionId } = first.params as { sessionId: string };
    const second = await ask(client, 'And now?', { sessionId, isReply: true });
    const { sessionId: again, fullAnswer } = second.params ?? {};
    assert.equal(again, sessionId);
    const text = String(fullAnswer);
    assert.match(text, /Turn 2 .* 8 characters arrived in this turn, 16 characters were held/);
    assert.doesNotMatch(text, /lingmaPath/);
    const { result } = await client.call('chat/getSessionById', { sessionId });
    const { chatRecords } = result as { chatRecords: { question: string; answer: string }[] };
    assert.deepEqual(
      chatRecords.map(({ question, answer }) => [question, answer]),
      [
        ['DEMO:echo abc', 'abc'],
        ['And now?', text],
      ],
    );
  });

  it('uses the id of the client for a new session, once', async () => {
    const [client] = await ready();
    const mine = { sessionId: 'a-client-id', isReply: false };
    const first = await ask(client, 'DEMO:echo x', mine);
    assert.equal(first.params?.['sessionId'], 'a-client-id');
    assert.equal((await ask(client, 'DEMO:echo x', mine)).params?.['statusCode'], 400);
  });

  it('lists and deletes sessions', async () => {
    const [client] = await ready();
    const { sessionId } = (await ask(client, 'DEMO:echo x')).params as { sessionId: string };
    const list = async (): Promise<readonly object[]> =>
      ((await client.call('chat/listAllSessions', {})).result as { sessions: object[] }).sessions;
    assert.equal((await list()).length, 1);
    assert.deepEqual((await client.call('chat/deleteSessionById', { id: sessionId })).result, {});
    assert.equal((await list()).length, 0);
    const again = await client.call('chat/deleteSessionById', { sessionId });
    assert.equal(again.error?.code, -32000);
    const finish = await ask(client, 'DEMO:echo x', { sessionId, isReply: true });
    assert.deepEqual(ending(finish), [400, 'session not found', '']);
  });

  it('refuses a second turn on a busy session, and more sessions than allowed', async () => {
    const [client] = await ready({ DEMO_LINGMA_SESSION_MAX: '1' });
    client.post('chat/ask', askParams('r1', 'DEMO:echo x\nDEMO:delay 60000', { sessionId: 's' }));
    await client.event('chat/process_step_callback', 'r1');
    const busy = await ask(client, 'x', { sessionId: 's', isReply: true });
    assert.equal(busy.params?.['statusCode'], 409);
    const full = await ask(client, 'x');
    assert.deepEqual(ending(full), [429, 'Session limit reached', '']);
    const doubled = await client.call('chat/ask', askParams('r1', 'x'));
    assert.equal(doubled.error?.code, -32602);
  });

  it('stops a turn, and the turns of a session', async () => {
    const [client] = await ready();
    client.post('chat/ask', askParams('r1', 'DEMO:words 500\nDEMO:gap 20', { sessionId: 's1' }));
    await client.event('chat/answer', 'r1');
    assert.deepEqual((await client.call('chat/stop', { requestId: 'r1' })).result, {});
    const finish = await client.finish('r1');
    assert.deepEqual(ending(finish), [200, 'cancelled', client.deltas('r1').join('')]);
    assert.ok(client.deltas('r1').length < 500);
    client.post('chat/ask', askParams('r2', 'DEMO:hang', { sessionId: 's1', isReply: true }));
    await client.call('chat/stopSession', { sessionId: 's1' });
    assert.deepEqual(ending(await client.finish('r2')), [200, 'cancelled', '']);
    assert.deepEqual((await client.call('chat/stop', { requestId: 'gone' })).result, {});
  });

  it('names the field of a wrong ask', async () => {
    const [client] = await ready();
    for (const more of [{ source: '1' }, { stream: false }, { requestId: '' }, { mode: 'x' }]) {
      const { error } = await client.call('chat/ask', askParams('r', 'x', more));
      assert.equal(error?.code, -32602);
      assert.ok(error.message.includes(Object.keys(more)[0] ?? '?'), error.message);
    }
    const wrongModel = await ask(client, 'x', { extra: { modelConfig: { key: 'Auto' } } });
    assert.deepEqual(ending(wrongModel), [400, 'model not found: Auto', '']);
  });

  it('thinks with a reasoning model and on request', async () => {
    const [client] = await ready();
    client.post('chat/ask', askParams('r1', 'DEMO:think hm, so\nDEMO:echo yes'));
    await client.finish('r1');
    const thoughts = client.eventsOf('r1').filter((message) => message.method === 'chat/think');
    assert.deepEqual(
      thoughts.map(({ params }) => [params?.['text'], params?.['step']]),
      [
        ['hm, so', 'start'],
        ['', 'done'],
      ],
    );
    const key = 'dashscope_qwen_plus_20250428_thinking';
    client.post('chat/ask', askParams('r2', 'hello', { extra: { modelConfig: { key } } }));
    await client.finish('r2');
    assert.ok(client.eventsOf('r2').some((message) => message.method === 'chat/think'));
  });

  it('plays the other directives', async () => {
    const [client] = await ready();
    const text = 'a\n```\n中文🙂';
    assert.deepEqual(ending(await ask(client, `DEMO:echo-json ${JSON.stringify(text)}`)), [
      200,
      'success',
      text,
    ]);
    assert.deepEqual(ending(await ask(client, 'DEMO:empty')), [200, 'success', '']);
    assert.deepEqual(ending(await ask(client, 'DEMO:status 403 quota used up')), [
      403,
      'quota used up',
      '',
    ]);
    assert.deepEqual(ending(await ask(client, 'DEMO:words 9\nDEMO:status-after 2 500')), [
      500,
      'demo status 500',
      'word1 word2 ',
    ]);
    assert.equal((await ask(client, 'DEMO:finish-code "200"')).params?.['statusCode'], '200');
    const missing = await ask(client, 'DEMO:finish-code missing');
    assert.ok(!Object.hasOwn(missing.params ?? {}, 'statusCode'));
    assert.deepEqual(ending(await ask(client, 'DEMO:nonsense')), [
      400,
      'unknown directive: DEMO:nonsense',
      '',
    ]);
    client.post('chat/ask', askParams('tail', 'DEMO:full-tail abcdef'));
    assert.deepEqual(ending(await client.finish('tail')), [200, 'success', 'abcdef']);
    assert.equal(client.deltas('tail').join(''), 'abc');
    client.post('chat/ask', askParams('over', 'DEMO:echo abX\nDEMO:overwrite abc'));
    assert.deepEqual(ending(await client.finish('over')), [200, 'success', 'abc']);
    assert.deepEqual(client.deltas('over'), ['abX', 'abc']);
  });

  it('asks the client to run a tool and goes on after its reply', async () => {
    const [client] = await ready();
    client.post('chat/ask', askParams('r1', 'DEMO:tool run_in_terminal {"a":1}\nDEMO:echo ok'));
    await client.finish('r1');
    const call = client.eventsOf('r1').find((message) => message.method === 'tool/invoke');
    assert.deepEqual(call?.params?.['parameters'], { a: 1 });
  });

  it('waits for the result of an async tool, not for the reply', async () => {
    const [client] = await ready();
    const prompt = 'DEMO:tool-async run_in_terminal {"a":1}\nDEMO:echo ok';
    client.post('chat/ask', askParams('r1', prompt));
    const { params: call = {} } = await client.event('tool/invoke', 'r1');
    assert.equal(call['async'], true);
    assert.deepEqual(call['parameters'], { a: 1 });
    const { toolCallId, name } = call;
    const told = { toolCallId, name, success: true, errorMessage: null, result: { out: 'x' } };
    const { result: unknown } = await client.call('tool/invokeResult', {
      ...told,
      toolCallId: '?',
    });
    assert.equal((unknown as { errorCode: unknown }).errorCode, 'NotFound');
    for (const wrong of [{ success: 'yes' }, { name: 7 }, { errorMessage: 1 }, { toolCallId: 1 }]) {
      const { error } = await client.call('tool/invokeResult', { ...told, ...wrong });
      assert.equal(error?.code, -32602);
    }
    assert.deepEqual(client.deltas('r1'), []);
    const { result } = await client.call('tool/invokeResult', told);
    assert.deepEqual(result, { errorCode: null, errorMessage: null });
    assert.deepEqual(ending(await client.finish('r1')), [200, 'success', 'ok']);
    const { result: again } = await client.call('tool/invokeResult', told);
    assert.equal((again as { errorCode: unknown }).errorCode, 'NotFound');
  });

  it('goes on when the client knows no async tools', async () => {
    const [client] = await ready();
    client.acknowledges = false;
    client.post('chat/ask', askParams('r1', 'DEMO:tool-async run\nDEMO:echo ok'));
    const { id } = await client.event('tool/invoke', 'r1');
    assert.deepEqual(client.deltas('r1'), []);
    client.send({ jsonrpc: '2.0', id, error: { code: -32601, message: 'unknown' } });
    assert.deepEqual(ending(await client.finish('r1')), [200, 'success', 'ok']);
  });

  it('answers one question late when it was told to and the client does not reply', async () => {
    const [client] = await ready({ DEMO_LINGMA_LATE_ANSWERS: '1' });
    assert.deepEqual(ending(await ask(client, 'DEMO:words 3')).slice(2), ['word1 word2 word3']);
    client.acknowledges = false;
    const silently = async (requestId: string, answer: string): Promise<void> => {
      const id = client.post('chat/ask', askParams(requestId, `DEMO:echo ${answer}`));
      await client.reply(id);
      await client.call('ping', {});
    };
    await silently('a', 'one');
    assert.deepEqual(client.deltas('a'), []);
    await silently('b', 'two');
    assert.deepEqual(ending(await client.finish('a')), [200, 'success', 'one']);
    assert.deepEqual(client.eventsOf('b'), []);
    await silently('c', 'three');
    assert.deepEqual(ending(await client.finish('b')), [200, 'success', 'two']);
    assert.deepEqual(client.eventsOf('c'), []);
  });

  it('ends as a crash would', async () => {
    const [first, crashing] = await ready();
    first.post('chat/ask', askParams('r1', 'DEMO:words 5\nDEMO:exit 9'));
    assert.equal((await crashing.exit).code, 9);
    await first.closed();
    assert.deepEqual(first.deltas('r1'), ['word1 ']);
    assert.notEqual(crashing.read('.info'), undefined);
    const [second, silent] = await ready();
    second.post('chat/ask', askParams('r1', 'DEMO:exit-before'));
    assert.equal((await silent.exit).code, 1);
    await second.closed();
    assert.equal(second.received.length, 1);
  });

  it('closes the connection mid-answer', async () => {
    const [client, demo] = await ready();
    client.post('chat/ask', askParams('r1', 'DEMO:words 5\nDEMO:close-after 2'));
    assert.equal(await client.closed(), 1001);
    assert.deepEqual(client.deltas('r1'), ['word1 ', 'word2 ']);
    assert.deepEqual((await (await RawClient.ready(demo.socketPort)).call('ping', {})).result, {});
  });

  it('closes a client that does not acknowledge', async () => {
    // Long enough for a client that does acknowledge, and is held up.
    const [client, demo] = await ready({ DEMO_LINGMA_ACK_TIMEOUT_MS: '2000' });
    await ask(client, 'DEMO:echo fine');
    client.acknowledges = false;
    client.post('chat/ask', askParams('late', 'DEMO:hang-after 0'));
    assert.equal(await client.closed(), 1008);
    assert.match(demo.log(), /timeout reached; client not responding/);
  });

  it('answers chat/ask in every way it is told to', async () => {
    const [plain] = await ready({ DEMO_LINGMA_ASK_REPLY: 'success' });
    assert.deepEqual((await plain.call('chat/ask', askParams('r', 'x'))).result, { success: true });
    const [never] = await ready({ DEMO_LINGMA_ASK_REPLY: 'never' });
    const id = never.post('chat/ask', askParams('r', 'x'));
    await never.finish('r');
    await never.call('ping', {});
    assert.ok(!never.received.some((message) => message.id === id && !message.method));
    const [error] = await ready({ DEMO_LINGMA_ASK_REPLY: 'error' });
    assert.equal((await error.call('chat/ask', askParams('r', 'x'))).error?.code, -32603);
    const [refused] = await ready({ DEMO_LINGMA_ASK_REPLY: 'refused' });
    const { result } = await refused.call('chat/ask', askParams('r', 'x'));
    assert.equal((result as { isSuccess: boolean }).isSuccess, false);
    const [late] = await ready({ DEMO_LINGMA_ASK_REPLY: 'late' });
    await late.call('chat/ask', askParams('r', 'x'));
    assert.deepEqual(
      late.received.slice(-2).map((message) => message.method),
      ['chat/finish', undefined],
    );
  });

  it('takes as long as the arriving prompt is, and not what the session holds', async () => {
    const [client] = await ready({ DEMO_LINGMA_PREFILL_CPS: '10000' });
    const prompt = (characters: number): string => `${'x'.repeat(characters)}\nDEMO:echo ok`;
    const begun = performance.now();
    const finish = await ask(client, prompt(3_000));
    const tookMs = performance.now() - begun;
    assert.ok(tookMs >= 295, `${tookMs} ms`);
    const { sessionId } = finish.params as { sessionId: string };
    // Which of two is through first does not depend on how busy the machine is.
    client.post('chat/ask', askParams('next', 'DEMO:echo ok', { sessionId, isReply: true }));
    client.post('chat/ask', askParams('half as long', prompt(1_500)));
    const finishes = [await client.finish('next'), await client.finish('half as long')];
    const [next = -1, other = -1] = finishes.map((message) => client.received.indexOf(message));
    assert.ok(next < other, 'it took as long as the whole session');
  });

  it('holds back with the knobs for pauses', async () => {
    const [client] = await ready({ DEMO_LINGMA_DELAY_MS: '40', DEMO_LINGMA_GAP_MS: '20' });
    const begun = performance.now();
    await ask(client, 'DEMO:words 3');
    assert.ok(performance.now() - begun >= 75);
  });
});
