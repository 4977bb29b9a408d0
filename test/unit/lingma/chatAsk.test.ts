import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cancelled } from '../../../src/base/errors';
import { countTimers, settled } from '../../support/async';
import { assertNothingLeft, type ChatAskBench, useChatAsk } from '../../support/chatAsk';
import { assertCode } from '../../support/errors';
import { FakeTimeouts } from '../../support/fakeTimeouts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('lingma/chatAsk', () => {
  const connect = useChatAsk();

  describe('the request', () => {
    const payload = {
      sessionId: '',
      sessionType: 'chat',
      mode: 'chat',
      chatTask: 'FREE_INPUT',
      questionText: 'Say hi',
      chatContext: { text: 'Say hi', localeLang: 'en', preferredLanguage: 'en' },
      codeLanguage: '',
      isReply: false,
      source: 1,
      stream: true,
      taskDefinitionType: 'system',
      extra: { context: [], modelConfig: { key: 'org_auto' } },
      targetAgent: '',
      pluginPayloadConfig: {
        isEnableAutoMemory: false,
        isEnableProjectRule: false,
        isEnableAskAgent: false,
      },
      shellType: '',
      customModel: null,
    };

    it('C-58 starts a session with this payload', () => {
      const bench = connect();
      const { requestId } = bench.ask({ prompt: 'Say hi' });
      assert.match(requestId, UUID);
      assert.deepEqual(bench.socket.sent, [
        { jsonrpc: '2.0', id: 1, method: 'chat/ask', params: { requestId, ...payload } },
      ]);
    });

    it('C-39 (39) continues a session with this payload', () => {
      const bench = connect();
      const { requestId } = bench.ask({ prompt: 'Say hi', sessionId: 's-7' });
      assert.deepEqual(bench.socket.calls('chat/ask')[0]?.params, {
        requestId,
        ...payload,
        sessionId: 's-7',
        isReply: true,
      });
    });

    it('names no model when the process is to choose', () => {
      const bench = connect();
      bench.ask({ modelKey: '' });
      assert.deepEqual(bench.socket.calls('chat/ask')[0]?.params?.['extra'], { context: [] });
    });

    it('gives each turn a request id of its own', () => {
      const bench = connect();
      const ids = [bench.ask(), bench.ask(), bench.ask()].map(({ requestId }) => requestId);
      assert.equal(new Set(ids).size, 3);
      assert.equal(bench.dialect.openTurns, 3);
    });
  });

  describe('a good turn', () => {
    it('keeps thoughts apart from text', async () => {
      const turn = connect().ask();
      turn.event('chat/think', { text: 'hm', step: 'start' });
      turn.event('chat/think', { text: '', step: 'done' });
      const { events } = await turn.say('Hello').finish().outcome();
      assert.deepEqual(events, [
        { type: 'reasoning', delta: 'hm' },
        { type: 'text', delta: 'Hello' },
      ]);
      assert.deepEqual(turn.completed[0]?.text, 'Hello');
    });

    it('is not ended by step_end, nor by anything else it does not know', async () => {
      const turn = connect().ask().say('Hel');
      turn.event('chat/process_step_callback', { step: 'step_end', status: 'done' });
      turn.event('chat/unheard_of', { text: 'x' });
      turn.event('tool/call/sync', { toolCallStatus: 'REQUEST_FINISHED' });
      const { text, error } = await turn.say('lo').finish().outcome();
      assert.deepEqual([text, error], ['Hello', undefined]);
    });

    it('routes interleaved turns by their request ids', async () => {
      const bench = connect();
      const [first, second] = [bench.ask(), bench.ask()];
      first.say('a1');
      second.say('b1');
      first.say('a2').finish();
      second.say('b2').finish();
      assert.equal((await first.outcome()).text, 'a1a2');
      assert.equal((await second.outcome()).text, 'b1b2');
    });

    it('takes the id of a new session from the process', async () => {
      const bench = connect();
      const turn = bench.ask();
      turn.event('chat/answer', { text: 'Hello', sessionId: 'real' });
      assert.equal(turn.answer.sessionId, 'real');
      turn.finish({ statusCode: 200, sessionId: '' });
      await turn.outcome();
      assert.deepEqual(turn.completed, [{ sessionId: 'real', text: 'Hello' }]);
    });

    it('knows no session before the process names one', async () => {
      const turn = connect().ask();
      assert.equal(turn.answer.sessionId, undefined);
      turn.event('chat/answer', { text: 'a', sessionId: undefined });
      turn.finish({ statusCode: 200, sessionId: undefined });
      await turn.outcome();
      assert.deepEqual(turn.completed, [{ sessionId: '', text: 'a' }]);
    });

    it('completes before its end can be read', async () => {
      const bench = connect();
      const order: string[] = [];
      const answer = bench.dialect.ask(
        { sessionId: undefined, prompt: 'hi', images: [], modelKey: '', mode: 'chat' },
        { completed: () => order.push('complete'), ended: () => order.push('ended') },
      );
      const requestId = bench.socket.calls('chat/ask')[0]?.params?.['requestId'];
      const reading = (async () => {
        for await (const event of answer) order.push(event.delta);
        order.push('end');
      })();
      bench.event('chat/answer', { requestId, text: 'Hello' });
      await settled();
      bench.event('chat/finish', { requestId, statusCode: 200, fullAnswer: 'Hello!' });
      assert.deepEqual(order, ['Hello', 'complete', 'ended']);
      await reading;
      assert.deepEqual(order, ['Hello', 'complete', 'ended', '!', 'end']);
    });

    it('does not believe a process that continues another session than it was asked to', async () => {
      const bench = connect();
      const early = bench.ask({ sessionId: 's-1' });
      early.event('chat/answer', { sessionId: 's-other', text: 'Hello' });
      const { error, text } = await early.outcome();
      assertCode(error, 'upstream_failed');
      assert.equal(text, '');
      assert.equal(bench.socket.calls('chat/stop').length, 1);
      const late = bench.ask({ sessionId: 's-1' }).say('Hello');
      late.event('chat/finish', { sessionId: 's-other', statusCode: 200, fullAnswer: 'Hello' });
      assertCode((await late.outcome()).error, 'upstream_failed');
      assert.deepEqual([early.completed, late.completed], [[], []]);
      assert.deepEqual([early.ended, late.ended], [1, 1]);
      assert.equal(bench.dialect.openTurns, 0);
    });

    it('a second finish changes nothing', async () => {
      const turn = connect().ask().say('Hello').finish();
      turn.finish({ statusCode: 500, fullAnswer: 'Hello again' });
      const { text, error } = await turn.outcome();
      assert.deepEqual([text, error], ['Hello', undefined]);
      assert.equal(turn.completed.length, 1);
    });
  });

  describe('a bad end', () => {
    const replies: Record<string, object> = {
      'an error reply': { error: { code: -32602, message: 'bad params' } },
      'isSuccess: false': { result: { isSuccess: false, errorMsg: 'bad params' } },
      'success: false': { result: { success: false, message: 'bad params' } },
    };
    for (const [what, reply] of Object.entries(replies)) {
      it(`C-13 ${what} fails the turn with its words`, async () => {
        const bench = connect();
        const turn = bench.ask().reply(reply);
        const { error } = await turn.outcome();
        assertCode(error, 'upstream_failed');
        assert.match(error.message, /bad params/);
        assert.deepEqual(turn.completed, []);
        assertNothingLeft(bench);
      });
    }

    it('maps a known code in an error reply', async () => {
      const turn = connect()
        .ask()
        .reply({ error: { code: 401, message: 'sign in' } });
      assertCode((await turn.outcome()).error, 'upstream_auth');
    });

    for (const method of ['error', 'fatal_error']) {
      for (const field of ['message', 'error']) {
        it(`"${method}" fails the turn with its ${field}`, async () => {
          const bench = connect();
          const turn = bench
            .ask()
            .say('Part')
            .event(method, { [field]: 'model on fire' });
          const { text, error } = await turn.outcome();
          assertCode(error, 'upstream_failed');
          assert.match(error.message, /model on fire/);
          assert.equal(text, 'Part');
          assertNothingLeft(bench);
        });
      }
    }

    it('a turn asked of a lost connection fails as well', async () => {
      const bench = connect();
      bench.socket.lose('crash');
      const answer = bench.dialect.ask(
        { sessionId: undefined, prompt: 'hi', images: [], modelKey: '', mode: 'chat' },
        { completed: () => assert.fail('completed'), ended: () => undefined },
      );
      await assert.rejects(answer[Symbol.asyncIterator]().next(), { code: 'instance_lost' });
      assertNothingLeft(bench);
    });

    it('C-31 (31) text that arrived before the loss is still read', async () => {
      const bench = connect();
      const turn = bench.ask().say('Part');
      bench.socket.lose();
      assert.equal((await turn.outcome()).text, 'Part');
    });
  });

  describe('time-outs', () => {
    const limits = { idleMs: 1_000, turnMs: 10_000 };

    it('stops a turn that is silent for too long', () =>
      FakeTimeouts.during(async (clock) => {
        const bench = connect(limits);
        const turn = bench.ask();
        clock.advance(999);
        assert.deepEqual(bench.socket.calls('chat/stop'), []);
        clock.advance(1);
        const { error } = await turn.outcome();
        assertCode(error, 'upstream_timeout');
        assert.equal(error.status, 504);
        assert.match(error.message, / 1 s/);
        assert.equal(bench.socket.calls('chat/stop').length, 1);
        assert.equal(bench.dialect.openTurns, 0);
        assert.deepEqual(turn.completed, []);
      }));

    it('counts silence from the last event, whatever it was', () =>
      FakeTimeouts.during(async (clock) => {
        const bench = connect(limits);
        const turn = bench.ask();
        for (const method of ['chat/process_step_callback', 'chat/think', 'chat/answer', '?']) {
          clock.advance(900);
          turn.event(method, { text: 'x' });
        }
        assert.equal(bench.dialect.openTurns, 1);
        clock.advance(1_000);
        assertCode((await turn.outcome()).error, 'upstream_timeout');
      }));

    it('does not take events of other turns for a sign of life', () =>
      FakeTimeouts.during(async (clock) => {
        const bench = connect(limits);
        const [silent, busy] = [bench.ask(), bench.ask()];
        clock.advance(900);
        busy.say('x');
        clock.advance(100);
        assertCode((await silent.outcome()).error, 'upstream_timeout');
        assert.equal((await busy.finish().outcome()).error, undefined);
      }));

    it('the ceiling of a turn also ends one that is busy', () =>
      FakeTimeouts.during(async (clock) => {
        const bench = connect(limits);
        const turn = bench.ask();
        for (let count = 0; count < 20; count++) {
          turn.say('x');
          clock.advance(500);
        }
        const { text, error } = await turn.outcome();
        assertCode(error, 'upstream_timeout');
        assert.match(error.message, / 10 s/);
        assert.equal(text, 'x'.repeat(20));
        assert.equal(bench.socket.calls('chat/stop').length, 1);
      }));

    it('an unanswered chat/stop is forgotten after a while', () =>
      FakeTimeouts.during(async (clock) => {
        const bench = connect(limits);
        bench.ask().answer.cancel(cancelled());
        assert.equal(bench.rpc.pendingCount, 1);
        clock.advance(2_000);
        await settled();
        assertNothingLeft(bench);
        assert.equal(clock.running, 0);
      }));

    it('leaves no timer behind', async () => {
      const before = await countTimers();
      const bench = connect();
      const turns = [bench.ask().say('x').finish(), bench.ask().finish({ statusCode: 500 })];
      const lost = bench.ask();
      assert.equal(await countTimers(), before + 2);
      bench.socket.lose();
      await Promise.all([...turns, lost].map((turn) => turn.outcome()));
      assert.equal(await countTimers(), before);
    });
  });

  describe('cancel', () => {
    it('C-36 (36) sends chat/stop once, with request and session id', async () => {
      const bench = connect();
      const turn = bench.ask().say('Part');
      turn.answer.cancel(cancelled());
      turn.answer.cancel(cancelled());
      const { text, error } = await turn.outcome();
      assertCode(error, 'cancelled');
      assert.equal(text, 'Part');
      const stops = bench.socket.calls('chat/stop');
      assert.deepEqual(
        stops.map(({ params }) => params),
        [{ requestId: turn.requestId, sessionId: 's-1' }],
      );
      bench.socket.say({ id: stops[0]?.id, result: {} });
      assertNothingLeft(bench);
      assert.deepEqual(turn.completed, []);
    });

    it('C-36 (36) does without a session id while none is known', () => {
      const bench = connect();
      const turn = bench.ask();
      turn.answer.cancel(cancelled());
      assert.deepEqual(bench.socket.calls('chat/stop')[0]?.params, {
        requestId: turn.requestId,
        sessionId: '',
      });
    });

    it('takes a refused chat/stop, and one that ends with the connection', async () => {
      const bench = connect();
      bench.ask().answer.cancel(cancelled());
      bench.ask().answer.cancel(cancelled());
      const [stop] = bench.socket.calls('chat/stop');
      bench.socket.say({ id: stop?.id, error: { code: -32601, message: 'unknown' } });
      bench.socket.lose();
      await settled();
      assertNothingLeft(bench);
    });

    it('does nothing once the turn has ended', async () => {
      const bench = connect();
      const turn = bench.ask().say('Hello').finish();
      turn.answer.cancel(cancelled());
      assert.equal((await turn.outcome()).error, undefined);
      assert.deepEqual(bench.socket.calls('chat/stop'), []);
    });
  });

  describe('deleteSession', () => {
    const deletions = (bench: ChatAskBench) =>
      bench.socket.calls('chat/deleteSessionById').map(({ params }) => params);

    it('names the session once when that is understood', async () => {
      const bench = connect();
      bench.dialect.deleteSession('s-1');
      bench.socket.say({ id: 1, result: {} });
      await settled();
      assert.deepEqual(deletions(bench), [{ sessionId: 's-1' }]);
      assertNothingLeft(bench);
    });

    it('tries the other name once after an error', async () => {
      const bench = connect();
      bench.dialect.deleteSession('s-1');
      bench.socket.say({ id: 1, error: { code: -32602, message: 'no id' } });
      await settled();
      bench.socket.say({ id: 2, error: { code: -32602, message: 'no session' } });
      await settled();
      assert.deepEqual(deletions(bench), [{ sessionId: 's-1' }, { id: 's-1' }]);
      assertNothingLeft(bench);
    });

    it('gives up when the connection is lost', async () => {
      const bench = connect();
      bench.dialect.deleteSession('s-1');
      bench.socket.lose();
      await settled();
      assert.deepEqual(deletions(bench), [{ sessionId: 's-1' }]);
      assertNothingLeft(bench);
    });
  });
});
