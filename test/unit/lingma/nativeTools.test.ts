import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseJson } from '../../../src/base/exactJson';
import { headerFraming } from '../../../src/lingma/framing';
import { NativeTools } from '../../../src/lingma/nativeTools';
import { useChatAsk } from '../../support/chatAsk';

const tools = [{ name: 'run', description: 'Runs.', parameters: { type: 'object' } }];

describe('lingma/nativeTools', () => {
  const connect = useChatAsk();

  it('offers tools at the root of the request, and only when there are some', () => {
    const bench = connect();
    bench.ask({ mode: 'agent', tools });
    bench.ask({ mode: 'agent', tools: [] });
    const [offered, none] = bench.socket.calls('chat/ask').map(({ params }) => params ?? {});
    assert.deepEqual(offered?.['tools'], [
      {
        type: 'function',
        function: { name: 'run', description: 'Runs.', parameters: { type: 'object' } },
      },
    ]);
    assert.ok(none && !('tools' in none));
  });

  it('ends the turn with the first call of an offered tool, and stops the process', async () => {
    const bench = connect();
    const turn = bench.ask({ mode: 'agent', tools }).say('I run it.');
    turn.event('tool/invoke', { toolCallId: 't', name: 'run', parameters: { a: 1 } });
    turn.say(' It failed.').finish();
    const { text, error } = await turn.outcome();
    assert.equal(error, undefined);
    assert.equal(text, 'I run it.');
    assert.deepEqual(turn.answer.call, { name: 'run', argumentsJson: '{"a":1}' });
    assert.deepEqual(turn.completed, []);
    assert.equal(turn.ended, 1);
    assert.equal(bench.socket.calls('chat/stop').length, 1);
  });

  it('passes on numbers that a double cannot keep', () => {
    const frame = '{"params":{"name":"run","parameters":{"id":9007199254740993,"n":1.0}}}';
    const { params } = headerFraming.parse(frame) as { params: Record<string, unknown> };
    const call = new NativeTools(tools, () => undefined).receive('tool/invoke', params);
    assert.deepEqual(call, { name: 'run', argumentsJson: '{"id":9007199254740993,"n":1}' });
  });

  it('refuses a call that nests deeper than a request may, and the turn goes on', async () => {
    const bench = connect();
    const turn = bench.ask({ mode: 'agent', tools });
    const parameters: unknown = JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`);
    const call = new NativeTools(tools, () => undefined).receive('tool/invoke', {
      name: 'run',
      parameters,
    });
    assert.equal(call, undefined);
    turn.say('went on').finish();
    assert.equal((await turn.outcome()).text, 'went on');
  });

  it('offers schemas with the digits that their numbers came with', () => {
    const bench = connect();
    const parameters = parseJson('{"const":9007199254740993}');
    bench.ask({ mode: 'agent', tools: [{ name: 'run', description: 'Runs.', parameters }] });
    assert.ok(bench.socket.frames.some((frame) => frame.includes('{"const":9007199254740993}')));
  });

  it('refuses what was not offered, and the turn goes on', async () => {
    const bench = connect();
    for (const request of [{ tools }, {}]) {
      const turn = bench.ask(request);
      turn.event('tool/invoke', { toolCallId: 't', name: 'run_in_terminal', parameters: {} });
      turn.event('tool/invoke', { toolCallId: 't', name: 'run', parameters: 'none' });
      turn.say('went on').finish();
      assert.equal((await turn.outcome()).text, 'went on');
      assert.equal(turn.answer.call, undefined);
    }
  });

  it('decides on a pending call once, and approves an offered tool only', () => {
    const bench = connect();
    const turn = bench.ask({ mode: 'agent', tools });
    const sync = (toolCallId: string, toolCallStatus: string, name?: string) =>
      turn.event('tool/call/sync', { toolCallId, toolCallStatus, name });
    sync('mine', 'INIT', 'run');
    sync('mine', 'PENDING', 'run');
    sync('mine', 'PENDING', 'run');
    sync('theirs', 'PENDING', 'save_file');
    sync('nameless', 'PENDING');
    assert.deepEqual(
      bench.socket
        .calls('tool/call/approve')
        .map(({ params }) => [params?.['toolCallId'], params?.['approval']]),
      [
        ['mine', true],
        ['theirs', false],
        ['nameless', false],
      ],
    );
  });

  it('tells a call that does not wait for its reply the same in a request', () => {
    const bench = connect();
    const turn = bench.ask();
    turn.event('tool/invoke', { toolCallId: 't', name: 'save_file', parameters: {}, async: true });
    const [told] = bench.socket.calls('tool/invokeResult');
    assert.deepEqual([told?.params?.['toolCallId'], told?.params?.['success']], ['t', false]);
  });
});
