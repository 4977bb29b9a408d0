/** The transport of answers: cases 1 to 12 of protocol §8.1, as a turn meets them. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { encodeFrame, MAX_FRAME_BYTES } from '../../../../src/lingma/framing';
import { cancelled } from '../../../../src/base/errors';
import { settled } from '../../../support/async';
import {
  assertNothingLeft,
  type ChatAskBench,
  type Turn,
  useChatAsk,
} from '../../../support/chatAsk';
import { assertCode } from '../../../support/errors';

describe('regression: transport', () => {
  const connect = useChatAsk();

  /** The frames of a whole answer to this turn, as the process would send them. */
  function frames({ requestId }: Turn): string[] {
    const event = (id: unknown, method: string, params: object): string =>
      encodeFrame(JSON.stringify({ jsonrpc: '2.0', id, method, params: { requestId, ...params } }));
    return [
      event(1, 'chat/answer', { sessionId: 's-1', text: 'né 你' }),
      event('one', 'chat/answer', { sessionId: 's-1', text: '好 🙂' }),
      event(2, 'chat/finish', { sessionId: 's-1', statusCode: 200 }),
    ];
  }

  async function assertAnswered(turn: Turn): Promise<void> {
    const { text, error } = await turn.outcome();
    assert.deepEqual([text, error], ['né 你好 🙂', undefined]);
    assert.equal(turn.completed.length, 1);
  }

  /** The ids of the requests that were acknowledged, in order. */
  const acknowledged = ({ socket }: ChatAskBench) =>
    socket.sent.filter(({ method }) => method === undefined).map(({ id }) => id);

  it('C-1 (1): needs no reply to chat/ask', async () => {
    const bench = connect();
    const turn = bench.ask();
    const { text, error } = await turn.say('Hel').say('lo').finish().outcome();
    assert.deepEqual([text, error], ['Hello', undefined]);
    assert.deepEqual(turn.completed, [{ sessionId: 's-1', text: 'Hello' }]);
    assertNothingLeft(bench);
  });

  const orders: Record<string, (turn: Turn) => void> = {
    'the reply before the events': (turn) => {
      turn
        .reply({ result: { isSuccess: true } })
        .say('Hello')
        .finish();
    },
    'the reply between the events': (turn) => {
      turn.say('Hel').reply({ result: 'success' }).say('lo').finish();
    },
    'the reply after the finish': (turn) => {
      turn
        .say('Hello')
        .finish()
        .reply({ result: { success: true } });
    },
    'an error reply after the finish': (turn) => {
      turn
        .say('Hello')
        .finish()
        .reply({ error: { code: -32000, message: 'late' } });
    },
  };
  for (const [what, play] of Object.entries(orders)) {
    it(`C-8 (8): takes ${what}`, async () => {
      const bench = connect();
      const turn = bench.ask();
      play(turn);
      const { text, error } = await turn.outcome();
      assert.deepEqual([text, error], ['Hello', undefined]);
      assert.equal(turn.completed.length, 1);
      assertNothingLeft(bench);
    });
  }

  it('C-2 (2): acknowledges each event, also after the turn has ended', async () => {
    const bench = connect();
    const turn = bench.ask().say('Hello').finish();
    await turn.outcome();
    turn.say('late').finish();
    const replies = bench.socket.sent.filter(({ method }) => method === undefined);
    assert.deepEqual(
      replies,
      [1, 2, 3, 4].map((id) => ({ jsonrpc: '2.0', id, result: {} })),
    );
    assert.equal(turn.completed.length, 1);
    assertNothingLeft(bench);
  });

  it('C-9 (9): ignores events of unknown turns and malformed ones', async () => {
    const bench = connect();
    const turn = bench.ask().say('Hello');
    bench.event('chat/answer', { requestId: 'somebody else', text: 'x' });
    bench.event('chat/finish', { requestId: 'somebody else', statusCode: 500 });
    for (const params of [{ text: 'x' }, { requestId: 5 }, { requestId: null }, []]) {
      bench.event('chat/answer', params);
      bench.event('chat/finish', params);
    }
    bench.socket.say({ method: 'chat/finish' });
    turn.event('chat/answer', { text: 5 }).event('chat/answer', { text: null });
    assert.equal(bench.dialect.openTurns, 1);
    assert.equal((await turn.finish().outcome()).text, 'Hello');
  });

  it('C-7 (7): the loss of the connection fails every turn, answered chat/ask or not', async () => {
    const bench = connect();
    const turns = [bench.ask(), bench.ask().say('Part'), bench.ask().reply({ result: {} })];
    bench.socket.lose('crash');
    for (const turn of turns) {
      assertCode((await turn.outcome()).error, 'instance_lost');
      assert.deepEqual(turn.completed, []);
    }
    assertNothingLeft(bench);
  });

  it('C-9 (9): a finish that follows changes nothing', async () => {
    const bench = connect();
    const turn = bench.ask().say('Part');
    turn.answer.cancel(cancelled());
    turn.finish({ statusCode: 200, reason: 'cancelled', fullAnswer: 'Partial' });
    const { text, error } = await turn.outcome();
    assertCode(error, 'cancelled');
    assert.equal(text, 'Part');
    assert.deepEqual(turn.completed, []);
  });

  it('C-2 (2): acknowledges what nobody knows, and events of nobody', () => {
    const bench = connect();
    bench.event('chat/unheard_of', {});
    bench.event('chat/answer', { requestId: 'nobody', text: 'x' });
    bench.ask().say('Hello');
    assert.deepEqual(acknowledged(bench), [1, 2, 3]);
  });

  it('C-3 (3): a request with the id of chat/ask is not its reply', async () => {
    const bench = connect();
    const turn = bench.ask();
    bench.socket.say({
      id: turn.rpcId,
      method: 'chat/unheard_of',
      error: { code: 1, message: 'x' },
    });
    assert.equal(bench.rpc.pendingCount, 1);
    assert.equal((await turn.say('Hello').finish().outcome()).error, undefined);
  });

  it('C-4 (4): echoes string ids unchanged and stays connected', async () => {
    const bench = connect();
    const turn = bench.ask();
    for (const frame of frames(turn)) bench.socket.deliver(frame);
    await assertAnswered(turn);
    assert.deepEqual(acknowledged(bench), [1, 'one', 2]);
    assert.equal(bench.socket.closeCalls, 0);
  });

  it('C-5 (5): takes an answer cut at each byte', async () => {
    const length = Buffer.byteLength(frames(connect().ask()).join(''));
    for (let cut = 1; cut < length; cut += 1) {
      const bench = connect();
      const turn = bench.ask();
      const bytes = Buffer.from(frames(turn).join(''));
      bench.socket.deliver(bytes.subarray(0, cut));
      bench.socket.deliver(bytes.subarray(cut));
      await assertAnswered(turn);
    }
  });

  const deliveries: Record<string, (all: string[]) => (string | Uint8Array)[]> = {
    'three frames in one message': (all) => [all.join('')],
    'three frames in one binary message': (all) => [Buffer.from(all.join(''))],
    'binary messages': (all) => all.map((frame) => Buffer.from(frame)),
    'a header name in lower case': (all) =>
      all.map((frame) => frame.replace('Content-L', 'content-l')),
    'extra headers': (all) => all.map((frame) => `Content-Type: application/json\r\n${frame}`),
  };
  for (const [what, deliver] of Object.entries(deliveries)) {
    it(`C-5 (5): takes ${what}`, async () => {
      const bench = connect();
      const turn = bench.ask();
      for (const message of deliver(frames(turn))) bench.socket.deliver(message);
      await assertAnswered(turn);
    });
  }

  it('C-6 (6): counts bytes both ways, and takes them one at a time', async () => {
    const bench = connect();
    const turn = bench.ask({ prompt: 'é🙂' });
    const [asked = ''] = bench.socket.frames;
    const [header = '', body = ''] = asked.split('\r\n\r\n');
    assert.equal(Number(/\d+/.exec(header)), Buffer.byteLength(body));
    for (const byte of Buffer.from(frames(turn).join('')))
      bench.socket.deliver(Uint8Array.of(byte));
    await assertAnswered(turn);
  });

  const broken: Record<string, string> = {
    'a missing length': 'X: 1\r\n\r\n{}',
    'a negative length': 'Content-Length: -1\r\n\r\n{}',
    'a length that is no number': 'Content-Length: many\r\n\r\n{}',
    'a length beyond the limit': `Content-Length: ${MAX_FRAME_BYTES + 1}\r\n\r\n`,
    'a body that is not JSON': encodeFrame('{'),
  };
  for (const [what, data] of Object.entries(broken)) {
    it(`C-7 (7): ${what} ends the connection and every turn with it`, async () => {
      const bench = connect();
      const turns = [bench.ask(), bench.ask().say('Part')];
      bench.socket.deliver(data);
      for (const turn of turns) {
        assertCode((await turn.outcome()).error, 'upstream_protocol');
        assert.equal(turn.ended, 1);
      }
      assert.equal(bench.socket.closeCalls, 1);
      assertNothingLeft(bench);
    });
  }

  it('C-10 (10): a client that reads nothing holds up neither acknowledgements nor the end', async () => {
    const bench = connect();
    const [slow, other] = [bench.ask(), bench.ask()];
    for (let count = 0; count < 5_000; count++) slow.say('x');
    slow.finish();
    assert.equal(acknowledged(bench).length, 5_001);
    assert.equal(slow.completed.length, 1);
    assert.equal((await other.say('Hello').finish().outcome()).text, 'Hello');
    assert.equal((await slow.outcome()).text, 'x'.repeat(5_000));
  });

  it('C-11 (11): closing while events flow ends each turn once', async () => {
    const bench = connect();
    const turns = [bench.ask(), bench.ask()];
    const [first] = turns;
    assert.ok(first);
    const message = frames(first).slice(0, 2).join('');
    bench.socket.deliver(message);
    bench.rpc.close();
    bench.socket.lose('and again');
    bench.socket.deliver(message);
    for (const turn of turns) {
      assertCode((await turn.outcome()).error, 'instance_lost');
      assert.equal(turn.ended, 1);
    }
    assert.equal(bench.socket.closeCalls, 1);
  });

  const ends: Record<string, (turn: Turn, bench: ChatAskBench) => void> = {
    'a finish': (turn) => turn.say('Hello').finish(),
    'a failure': (turn) => turn.finish({ statusCode: 500 }),
    'an error event': (turn) => turn.event('error', { message: 'x' }),
    'a refusal': (turn) => turn.reply({ error: { code: 1, message: 'x' } }),
    'a cancellation': (turn, { socket }) => {
      turn.answer.cancel(cancelled());
      socket.say({ id: socket.calls('chat/stop')[0]?.id, result: {} });
    },
    'a lost connection': (_, { socket }) => {
      socket.lose();
    },
  };
  for (const [what, end] of Object.entries(ends)) {
    it(`C-12 (12): nothing is left of a turn after ${what}`, async () => {
      const bench = connect();
      const turn = bench.ask();
      end(turn, bench);
      await turn.outcome();
      await settled();
      assertNothingLeft(bench);
      assert.equal(turn.ended, 1);
    });
  }
});
