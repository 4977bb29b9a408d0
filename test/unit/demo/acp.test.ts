import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, it } from 'mocha';
import { LineReader } from '../../../src/demo/lines';
import { DemoProcess, type Message, RawClient } from './demoProcess';

describe('demo session/*', () => {
  const running: DemoProcess[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((demo) => demo.stop()));
  });

  async function ready(knobs: Readonly<Record<string, string>> = {}): Promise<RawClient> {
    const demo = await DemoProcess.start(knobs);
    running.push(demo);
    return RawClient.ready(demo.socketPort);
  }

  async function open(client: RawClient): Promise<string> {
    const { result } = await client.call('session/new', { cwd: '/w', mcpServers: [] });
    const { sessionId } = result as { sessionId: string };
    await client.call('session/set_model', { sessionId, modelId: 'kmodel' });
    return sessionId;
  }

  const prompt = (sessionId: string, text: string, requestId = 'r-1') => ({
    sessionId,
    prompt: [{ type: 'text', text }],
    _meta: { 'ai-coding/request-id': requestId },
  });

  const updates = (client: RawClient, kind: string): Record<string, unknown>[] =>
    client.received.flatMap(({ method, params }) => {
      const update = params?.['update'] as Record<string, unknown> | undefined;
      return method === 'session/update' && update?.['sessionUpdate'] === kind ? [update] : [];
    });

  it('answers with chunks, a chat_finish with the whole answer, then the reply', async () => {
    const client = await ready();
    const sessionId = await open(client);
    const id = client.post('session/prompt', prompt(sessionId, 'DEMO:echo a longer answer'));
    assert.deepEqual((await client.reply(id)).result, {});
    const text = updates(client, 'agent_message_chunk')
      .map(({ content }) => (content as { text: string }).text)
      .join('');
    assert.equal(text, 'a longer answer');
    const [finish] = updates(client, 'notification');
    assert.deepEqual(finish?.['data'], {
      reason: 'success',
      statusCode: 200,
      fullAnswer: 'a longer answer',
    });
    const last = client.received.slice(-2).map(({ method, id: own }) => method ?? own);
    assert.deepEqual(last, ['session/update', id]);
  });

  it('is strict about what a prompt needs', async () => {
    const client = await ready();
    const { result } = await client.call('session/new', { cwd: '/w', mcpServers: [] });
    const { sessionId } = result as { sessionId: string };
    const failure = async (method: string, params: object): Promise<string | undefined> =>
      (await client.call(method, params)).error?.message;
    assert.match((await failure('session/prompt', prompt(sessionId, 'x'))) ?? '', /model key/);
    await client.call('session/set_model', { sessionId, modelId: 'kmodel' });
    const { _meta, ...bare } = prompt(sessionId, 'x');
    assert.ok(_meta);
    assert.match((await failure('session/prompt', bare)) ?? '', /_meta lacks/);
    assert.match((await failure('session/prompt', prompt('none', 'x'))) ?? '', /not found/);
    assert.match((await failure('session/new', { mcpServers: [] })) ?? '', /cwd/);
    assert.match((await failure('session/new', { cwd: '/w' })) ?? '', /mcpServers/);
    client.post('session/prompt', prompt(sessionId, 'DEMO:hang', 'r-2'));
    assert.match((await failure('session/prompt', prompt(sessionId, 'x', 'r-3'))) ?? '', /another/);
  });

  it('a cancelled prompt ends with a chat_finish that says so', async () => {
    const client = await ready();
    const sessionId = await open(client);
    const id = client.post('session/prompt', prompt(sessionId, 'DEMO:words 1000\nDEMO:gap 10'));
    client.send({ jsonrpc: '2.0', method: 'session/cancel', params: { sessionId } });
    await client.reply(id);
    const [finish] = updates(client, 'notification');
    assert.equal((finish?.['data'] as { reason: string }).reason, 'cancelled');
  });

  it('disabled methods are unknown, one by one', async () => {
    const client = await ready({ DEMO_LINGMA_DISABLE: 'session/new' });
    const { error } = await client.call('session/new', { cwd: '/w', mcpServers: [] });
    assert.equal(error?.code, -32601);
    assert.equal((await client.call('session/set_model', {})).error?.code, -32602);
  });
});

describe('demo as an agent', () => {
  const running: ChildProcess[] = [];
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  it('speaks a line a message, knows no chat/ask, and ends with its input', async () => {
    const script = path.resolve('dist/demo.js');
    const child = spawn(process.execPath, [script, '--acp'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    running.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const call = async (id: number, method: string, params: object): Promise<Message> => {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      for (;;) {
        const { value } = (await lines.next()) as { value: string };
        const message = JSON.parse(value) as Message;
        if (message.id === id) return message;
      }
    };
    const { result } = await call(1, 'initialize', { protocolVersion: 1 });
    assert.equal((result as { protocolVersion: number }).protocolVersion, 1);
    assert.equal((await call(2, 'chat/ask', {})).error?.code, -32601);
    const session = (await call(3, 'session/new', { cwd: '/w', mcpServers: [] })).result as {
      sessionId: string;
      models: { currentModelId: string };
    };
    assert.equal(session.models.currentModelId, 'org_auto');
    const text = [{ type: 'text', text: 'DEMO:echo yes' }];
    const reply = await call(4, 'session/prompt', { sessionId: session.sessionId, prompt: text });
    assert.deepEqual(reply.result, { stopReason: 'end_turn' });
    const ended = once(child, 'exit');
    child.stdin.end();
    assert.deepEqual(await ended, [0, null]);
  });

  it('reads lines however they were split', () => {
    const bytes = Buffer.from('{"a":"你好"}\r\nnoise\n\n{"b":');
    for (let size = 1; size <= bytes.length; size++) {
      const reader = new LineReader();
      const events = [];
      for (let start = 0; start < bytes.length; start += size) {
        events.push(...reader.push(bytes.subarray(start, start + size)));
      }
      assert.deepEqual(events, [
        { kind: 'frame', json: '{"a":"你好"}' },
        { kind: 'unframed', text: 'noise' },
      ]);
    }
  });
});
