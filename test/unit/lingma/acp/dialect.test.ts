import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { connectionLost } from '../../../../src/lingma/rpc';
import { cancelled } from '../../../../src/base/errors';
import { useAcp } from '../../../support/acpBench';
import { countTimers, isPending, settled } from '../../../support/async';
import { assertCode } from '../../../support/errors';
import { FakeTimeouts } from '../../../support/fakeTimeouts';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';

describe('lingma/acp', () => {
  const open = useAcp();

  describe('one end, and the whole answer', () => {
    it('C-14 (14) chat_finish with the whole answer ends the turn; a late reply changes nothing', async () => {
      const bench = open();
      const turn = await bench.prompted('s-1');
      turn.say('Hel').finish({ reason: 'finished', statusCode: 200, fullAnswer: 'Hello' });
      assert.deepEqual(turn.completed, [{ sessionId: 's-1', text: 'Hello' }]);
      const { text, error } = await turn.outcome();
      assert.deepEqual([text, error], ['Hello', undefined]);
      await turn.reply();
      turn.say(' again').finish();
      assert.deepEqual([turn.ended, turn.completed.length], [1, 1]);
      assert.deepEqual([bench.rpc.pendingCount, bench.dialect.openTurns], [0, 0]);
    });

    it('C-14 (14) chunks behind the reply are kept, up to the chat_finish', async () => {
      const turn = await open().prompted('s-1');
      turn.say('Hel');
      await turn.reply({});
      assert.equal(turn.ended, 0);
      turn.say('lo').finish();
      assert.equal((await turn.outcome()).text, 'Hello');
      assert.deepEqual([turn.ended, turn.completed.length], [1, 1]);
    });

    it('C-14 (14) chunks behind a chat_finish without the answer are kept, up to the reply', async () => {
      const turn = await open().prompted('s-1');
      turn.say('Hel').finish();
      turn.say('lo');
      await turn.reply({});
      assert.equal((await turn.outcome()).text, 'Hello');
    });

    it('C-14 (14) after a short grace either end is enough', () =>
      FakeTimeouts.during(async (clock) => {
        const bench = open();
        const [replied, finished] = [await bench.prompted('s-1'), await bench.prompted('s-2')];
        replied.say('by reply');
        finished.say('by finish').finish();
        await replied.reply({ stopReason: 'end_turn' });
        clock.advance(200);
        assert.deepEqual([replied.ended, finished.ended], [0, 0]);
        clock.advance(1_800);
        assert.equal((await replied.outcome()).text, 'by reply');
        assert.equal((await finished.outcome()).text, 'by finish');
      }));

    it('C-13 (13) an error reply ends the turn at once', async () => {
      const bench = open();
      const turn = await bench.prompted('s-1');
      await bench.refuse('session/prompt', -32603, 'HTTP status 500');
      const { error } = await turn.outcome();
      assertCode(error, 'upstream_failed');
      assert.match(error.message, /HTTP status 500/);
    });

    it('C-1 no reply is waited for: text comes at once', async () => {
      const turn = await open().prompted('s-1');
      const events = turn.answer[Symbol.asyncIterator]();
      turn.say('first');
      assert.deepEqual((await events.next()).value, { type: 'text', delta: 'first' });
    });

    it('C-23 (23) an empty answer is an error', async () => {
      const turn = await open().prompted('s-1');
      turn.finish();
      await turn.reply({});
      assertCode((await turn.outcome()).error, 'upstream_empty');
    });

    it('C-18, C-19 a reported failure or cancellation is an error, whatever was said', async () => {
      for (const [data, code] of [
        [{ statusCode: 429, reason: 'slow down' }, 'upstream_rate_limit'],
        [{ statusCode: '401' }, 'upstream_auth'],
        [{ statusCode: 0 }, 'upstream_failed'],
        [{ statusCode: 200, reason: 'cancelled' }, 'upstream_timeout'],
      ] as const) {
        const turn = await open().prompted('s-1');
        turn.say('some').finish({ ...data, fullAnswer: 'some' });
        assertCode((await turn.outcome()).error, code);
        assert.deepEqual(turn.completed, []);
      }
    });

    it('an answer that was cut off, refused or cancelled is an error', async () => {
      for (const [stopReason, code] of [
        ['max_tokens', 'upstream_failed'],
        ['max_turn_requests', 'upstream_failed'],
        ['refusal', 'upstream_content_filter'],
        ['cancelled', 'upstream_timeout'],
      ] as const) {
        const turn = await open({ runtime: 'agent' }).prompted('s-1');
        turn.say('half');
        await turn.reply({ stopReason });
        assertCode((await turn.outcome()).error, code);
        assert.deepEqual(turn.completed, []);
      }
    });
  });

  describe('what belongs to the answer', () => {
    it('C-24 (24) content is an object or a list', async () => {
      const turn = await open().prompted('s-1');
      const chunk = (content: unknown) =>
        turn.update({ sessionUpdate: 'agent_message_chunk', content });
      chunk({ type: 'text', text: 'one ' });
      chunk([
        { type: 'text', text: 'two ' },
        { type: 'text', text: 'three' },
      ]);
      chunk([]);
      turn.update({ sessionUpdate: 'agent_thought_chunk', content: [{ text: 'hm' }] });
      turn.finish();
      await turn.reply({});
      const { events, text } = await turn.outcome();
      assert.equal(text, 'one two three');
      assert.deepEqual(events.at(-1), { type: 'reasoning', delta: 'hm' });
    });

    it('plans, tool calls and figures are not shown', async () => {
      const turn = await open().prompted('s-1');
      const content = { type: 'text', text: 'SECRET' };
      turn.update({ sessionUpdate: 'plan', entries: [{ content: 'SECRET' }], content });
      turn.update({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'SECRET', content });
      turn.update({ sessionUpdate: 'tool_call_update', toolCallId: 't', content: [content] });
      turn.update({ sessionUpdate: 'user_message_chunk', content });
      turn.update({
        sessionUpdate: 'notification',
        type: 'context_usage',
        data: { usedTokens: 1 },
      });
      turn.update({ sessionUpdate: 'never_heard_of', content });
      turn.say('yes').finish({ statusCode: 200, fullAnswer: 'yes' });
      assert.deepEqual((await turn.outcome()).events, [{ type: 'text', delta: 'yes' }]);
    });

    it('an answer that is more than text is an error, not half an answer', async () => {
      const turn = await open().prompted('s-1');
      turn.update({
        sessionUpdate: 'agent_message_chunk',
        content: { type: 'image', mimeType: 'image/png', data: '' },
      });
      assertCode((await turn.outcome()).error, 'upstream_failed');
    });

    it('only Lingma’s own runtimes have mark-up of theirs taken out', async () => {
      const text = '````think::3\nhm\n````\nyes';
      const shown = async (runtime: 'lingma' | 'agent'): Promise<string> => {
        const turn = await open({ runtime }).prompted('s-1');
        turn.say(text);
        await turn.reply({});
        return (await turn.outcome()).text;
      };
      assert.equal((await shown('lingma')).includes('hm'), false);
      assert.equal(await shown('agent'), text);
    });
  });

  describe('routing', () => {
    it('C-9 goes by the request id, and by the session where there is none', async () => {
      const bench = open();
      const [one, two] = [await bench.prompted('s-1'), await bench.prompted('s-2')];
      const chunk = (text: string) => ({
        sessionUpdate: 'agent_message_chunk',
        content: { type: 'text', text },
      });
      one.update(chunk('a'));
      two.update(chunk('b'), { _meta: undefined });
      one.update(chunk('stray'), { _meta: { 'ai-coding/request-id': 'unknown' } });
      one.update(chunk('stray'), { _meta: undefined, sessionId: 's-9' });
      // Some put the id inside.
      two.update(
        { ...chunk('c'), _meta: { 'ai-coding/request-id': two.requestId } },
        { _meta: undefined },
      );
      for (const turn of [one, two]) turn.finish({ statusCode: 200, fullAnswer: '' });
      await one.reply({});
      await two.reply({});
      assert.deepEqual([(await one.outcome()).text, (await two.outcome()).text], ['a', 'bc']);
    });

    it('an update that is a request is answered', async () => {
      const bench = open();
      await bench.prompted('s-1');
      bench.socket.say({ id: 'x', method: 'session/update', params: { sessionId: 's-1' } });
      assert.deepEqual(bench.socket.sent.at(-1), { jsonrpc: '2.0', id: 'x', result: {} });
    });

    it('an answer from another session than the one that was asked is an error', async () => {
      const bench = open();
      const turn = await bench.prompted('s-1');
      turn.update(
        { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'who?' } },
        { sessionId: 's-other' },
      );
      const { text, error } = await turn.outcome();
      assertCode(error, 'upstream_failed');
      assert.equal(text, '');
    });

    it('a session answers one prompt at a time', async () => {
      const bench = open();
      const first = await bench.prompted('s-1');
      const second = bench.ask({ sessionId: 's-1' });
      assertCode((await second.outcome()).error, 'upstream_rejected');
      first.say('fine').finish({ statusCode: 200, fullAnswer: 'fine' });
      assert.equal((await first.outcome()).text, 'fine');
      assert.equal(bench.socket.calls('session/prompt').length, 1);
    });
  });

  describe('sessions', () => {
    it('the first one lies ready for the first turn', async () => {
      const bench = open();
      const first = bench.sessions.first();
      await bench.reply('session/new', { sessionId: 's-1' });
      assert.equal((await first).kind, 'opened');
      const turn = bench.ask();
      await settled();
      assert.equal(turn.answer.sessionId, 's-1');
      assert.equal(bench.socket.calls('session/new').length, 1);
    });

    it('C-37 (37) concurrent turns get a session each, also with one that lies ready', async () => {
      const bench = open();
      const first = bench.sessions.first();
      await bench.reply('session/new', { sessionId: 's-1' });
      await first;
      const turns = [bench.ask(), bench.ask(), bench.ask()];
      await bench.reply('session/new', { id: 's-2' });
      await bench.reply('session/new', { sessionId: 's-3' });
      assert.deepEqual(
        turns.map(({ answer }) => answer.sessionId),
        ['s-1', 's-2', 's-3'],
      );
    });

    it('the model is set when it changes, and only then', async () => {
      const bench = open();
      await (
        await bench.prompted('s-1', { modelKey: 'kmodel' })
      )
        .say('one')
        .finish({ statusCode: 200, fullAnswer: 'one' })
        .reply();
      bench.ask({ sessionId: 's-1', modelKey: 'kmodel' });
      await settled();
      assert.deepEqual(
        bench.socket.sent.flatMap(({ method }) => method ?? []),
        ['session/new', 'session/set_model', 'session/prompt', 'session/prompt'],
      );
      const [{ params = {} } = {}] = bench.socket.calls('session/set_model');
      assert.deepEqual([params['sessionId'], params['modelId']], ['s-1', 'kmodel']);
    });

    it('a model that is refused fails the turn, and no prompt is sent', async () => {
      const bench = open();
      const turn = bench.ask({ modelKey: 'none' });
      await bench.reply('session/new', { sessionId: 's-1' });
      await bench.refuse('session/set_model', -32602, 'no such model');
      const { error } = await turn.outcome();
      assertCode(error, 'upstream_rejected');
      assert.match(error.message, /session\/set_model was refused: no such model/);
      assert.deepEqual(bench.socket.calls('session/prompt'), []);
    });

    it('C-38 (38) a turn that fails leaves the sessions of others alone', async () => {
      const bench = open();
      const [bad, good] = [await bench.prompted('s-1'), await bench.prompted('s-2')];
      bad.finish({ statusCode: 500 });
      assertCode((await bad.outcome()).error, 'upstream_failed');
      bench.dialect.deleteSession('s-1');
      good.say('fine').finish({ statusCode: 200, fullAnswer: 'fine' });
      assert.equal((await good.outcome()).text, 'fine');
      assert.deepEqual(
        bench.socket.calls('chat/deleteSessionById').map(({ params }) => params),
        [{ sessionId: 's-1' }],
      );
    });

    it('when we leave, every session goes, once', async () => {
      const bench = open();
      const first = bench.sessions.first();
      await bench.reply('session/new', { sessionId: 's-spare' });
      await first;
      await bench.prompted('s-2', { sessionId: undefined }).catch(() => undefined);
      bench.ask();
      await bench.reply('session/new', { sessionId: 's-3' });
      bench.dialect.deleteSession('s-3');
      const leaving = bench.dialect.retire();
      await settled();
      const deleted = bench.socket
        .calls('chat/deleteSessionById')
        .map(({ params }) => params?.['sessionId']);
      assert.equal(new Set(deleted).size, deleted.length);
      assert.ok(deleted.includes('s-spare') && deleted.includes('s-3'));
      const startedAt = performance.now();
      await leaving;
      // Each deletion by itself would be waited for ten seconds.
      assert.ok(performance.now() - startedAt < 8_000, 'a silent peer does not hold us up');
    });

    it('a standard agent is asked to let a session go as it offers to, else not at all', async () => {
      for (const release of ['session/delete', 'session/close', undefined] as const) {
        const bench = open({ runtime: 'agent', facts: { images: true, release } });
        await bench.prompted('s-1');
        bench.dialect.deleteSession('s-1');
        await settled();
        assert.equal(bench.socket.calls('chat/deleteSessionById').length, 0);
        const calls = ['session/delete', 'session/close'].filter(
          (method) => bench.socket.calls(method).length > 0,
        );
        assert.deepEqual(calls, release ? [release] : []);
      }
    });
  });

  describe('what is sent', () => {
    it('to a Lingma runtime', async () => {
      const bench = open();
      const turn = await bench.prompted('s-1', {
        prompt: '/hi',
        images: [PNG],
        modelKey: 'kmodel',
      });
      const [{ params = {} } = {}] = bench.socket.calls('session/prompt');
      assert.deepEqual(params, {
        sessionId: 's-1',
        prompt: [
          { type: 'text', text: '/hi' },
          { type: 'image', mimeType: 'image/png', data: 'iVBORw0KGgo=' },
        ],
        _meta: {
          'ai-coding/request-id': turn.requestId,
          'ai-coding/mode': 'chat',
          'ai-coding/model': 'kmodel',
          'ai-coding/enabled-mcp-servers': [],
        },
      });
      const [{ params: created = {} } = {}] = bench.socket.calls('session/new');
      assert.equal(typeof created['timestamp'], 'number');
      assert.deepEqual(
        [created['cwd'], created['mcpServers'], created['_meta']],
        ['/empty', [], {}],
      );
    });

    it('to a standard agent', async () => {
      const bench = open({ runtime: 'agent' });
      await bench.prompted('s-1', { prompt: ' /hi' });
      assert.deepEqual(
        bench.socket.sent.map(({ params }) => params),
        [
          { cwd: '/empty', mcpServers: [] },
          { sessionId: 's-1', prompt: [{ type: 'text', text: '[User]\n /hi' }] },
        ],
      );
    });

    it('no picture to who cannot take one', async () => {
      for (const [runtime, images, sent] of [
        ['lingma', undefined, true],
        ['lingma', false, false],
        ['agent', undefined, false],
        ['agent', true, true],
      ] as const) {
        const bench = open({ runtime, facts: { images, release: undefined } });
        const turn = bench.ask({ images: [PNG] });
        if (sent) assert.ok(await isPending(turn.outcome()));
        else assertCode((await turn.outcome()).error, 'unsupported_content');
        assert.equal(bench.socket.calls('session/new').length, sent ? 1 : 0);
      }
    });
  });

  describe('cancelling', () => {
    it('C-36 (36) tells the agent, ends the turn once, and leaves nothing behind', async () => {
      const bench = open();
      const turn = await bench.prompted('s-1');
      turn.say('some');
      turn.answer.cancel(cancelled());
      turn.answer.cancel(cancelled());
      assertCode((await turn.outcome()).error, 'cancelled');
      const [call, ...more] = bench.socket.calls('session/cancel');
      assert.deepEqual(more, []);
      assert.equal(call?.id, undefined, 'it is a notification');
      assert.deepEqual(call?.params, {
        sessionId: 's-1',
        _meta: { 'ai-coding/request-id': turn.requestId },
      });
      assert.deepEqual([turn.ended, bench.dialect.openTurns, bench.rpc.pendingCount], [1, 0, 0]);
    });

    it('before the prompt nothing is cancelled, and the session serves the next turn', async () => {
      const bench = open();
      const turn = bench.ask();
      await settled();
      turn.answer.cancel(cancelled());
      assertCode((await turn.outcome()).error, 'cancelled');
      await bench.reply('session/new', { sessionId: 's-1' });
      assert.deepEqual(bench.socket.calls('session/cancel'), []);
      assert.deepEqual(bench.socket.calls('session/prompt'), []);
      const next = bench.ask();
      await settled();
      assert.equal(next.answer.sessionId, 's-1');
    });

    it('silence and length have limits', async () => {
      for (const limits of [{ idleMs: 30 }, { turnMs: 30 }]) {
        const bench = open({ limits });
        const turn = await bench.prompted('s-1');
        assertCode((await turn.outcome()).error, 'upstream_timeout');
        assert.equal(bench.socket.calls('session/cancel').length, 1);
      }
    });

    it('C-12 a lost connection fails every turn, in any phase, and leaves no timer', async () => {
      const before = await countTimers();
      const bench = open();
      const turns = [await bench.prompted('s-1'), bench.ask(), await bench.prompted('s-2')];
      turns[0]?.say('half');
      bench.socket.lose('gone');
      for (const turn of turns) assertCode((await turn.outcome()).error, 'instance_lost');
      assert.deepEqual(
        turns.map(({ ended }) => ended),
        [1, 1, 1],
      );
      assert.equal(bench.dialect.openTurns, 0);
      bench.dialect.close(connectionLost('again'));
      assert.equal(await countTimers(), before);
    });
  });
});
