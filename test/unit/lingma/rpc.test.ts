import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { GatewayError } from '../../../src/base/errors';
import { encodeFrame } from '../../../src/lingma/framing';
import { RpcConnection, type RpcReply } from '../../../src/lingma/rpc';
import { countTimers, settled } from '../../support/async';
import { assertCode, rejectionOf } from '../../support/errors';
import { FakeSocket } from '../../support/fakeSocket';

const LONG_MS = 60_000;

function connect() {
  const socket = new FakeSocket();
  /** What happened, in order. */
  const events: string[] = [];
  const closed: GatewayError[] = [];
  const heard: { method: string; params: unknown }[] = [];
  const send = socket.send.bind(socket);
  socket.send = (text) => {
    events.push('write');
    send(text);
  };
  const rpc = new RpcConnection(socket, {
    reply: (method, params) => (method === 'wants/body' ? { echoed: params } : {}),
    onMessage: (method, params) => {
      events.push(`hear ${method}`);
      heard.push({ method, params });
    },
    onClose: (error) => {
      events.push('closed');
      closed.push(error);
    },
  });
  return { socket, rpc, events, closed, heard };
}

describe('lingma/rpc', () => {
  describe('inbound', () => {
    it('answers an id that a double cannot keep with all its digits', () => {
      const { socket } = connect();
      for (const id of ['12345678901234567890', '"12345678901234567890"', '0']) {
        socket.deliver(encodeFrame(`{"jsonrpc":"2.0","id":${id},"method":"x"}`));
        assert.ok(socket.frames.at(-1)?.includes(`"id":${id},`), socket.frames.at(-1));
      }
    });

    it('C-2 answers a request before its handler runs', () => {
      const { socket, events, heard } = connect();
      socket.say({ id: 41, method: 'chat/answer', params: { text: 'hi' } });
      assert.deepEqual(events, ['write', 'hear chat/answer']);
      assert.deepEqual(socket.sent, [{ jsonrpc: '2.0', id: 41, result: {} }]);
      assert.deepEqual(heard, [{ method: 'chat/answer', params: { text: 'hi' } }]);
    });

    it('C-2 answers each of several requests of one message before the next handler runs', () => {
      const { socket, events } = connect();
      const frame = (id: number) =>
        encodeFrame(JSON.stringify({ jsonrpc: '2.0', id, method: `m${id}` }));
      socket.deliver(frame(1) + frame(2));
      assert.deepEqual(events, ['write', 'hear m1', 'write', 'hear m2']);
    });

    it('C-2 answers a request whose handler throws', () => {
      const socket = new FakeSocket();
      new RpcConnection(socket, {
        reply: () => ({}),
        onMessage: () => {
          throw new Error('handler defect');
        },
        onClose: () => undefined,
      });
      socket.say({ id: 1, method: 'chat/answer' });
      assert.deepEqual(socket.sent, [{ jsonrpc: '2.0', id: 1, result: {} }]);
    });

    it('C-2 answers unknown methods as well', () => {
      const { socket } = connect();
      socket.say({ id: 7, method: 'never/heard/of', params: null });
      assert.deepEqual(socket.sent, [{ jsonrpc: '2.0', id: 7, result: {} }]);
    });

    it('answers with the body the method wants', () => {
      const { socket } = connect();
      socket.say({ id: 1, method: 'wants/body', params: { a: 1 } });
      assert.deepEqual(socket.sent[0]?.result, { echoed: { a: 1 } });
    });

    it('C-4 echoes string ids, and numbers of any kind, unchanged', () => {
      const { socket, closed } = connect();
      const ids = ['srv-1', '', '7', 0, -3, 1.5, Number.MAX_SAFE_INTEGER];
      for (const id of ids) socket.say({ id, method: 'chat/answer' });
      assert.deepEqual(
        socket.sent.map(({ id }) => id),
        ids,
      );
      assert.deepEqual(closed, []);
    });

    it('does not answer a notification', () => {
      const { socket, heard } = connect();
      socket.say({ method: 'session/update', params: {} });
      assert.deepEqual(socket.frames, []);
      assert.equal(heard.length, 1);
    });

    it('ignores what is neither request nor reply', () => {
      const { socket, closed, heard } = connect();
      for (const odd of [[], [{ id: 1, method: 'batched' }], 5, null, 'text', {}]) {
        socket.deliver(encodeFrame(JSON.stringify(odd)));
      }
      socket.say({ id: null });
      socket.say({ id: { a: 1 }, result: 1 });
      assert.deepEqual([socket.frames, closed, heard], [[], [], []]);
    });
  });

  describe('requests', () => {
    it('numbers them and settles each with its own reply, in any order', async () => {
      const { socket, rpc } = connect();
      const first = rpc.request('a', { x: 1 }, LONG_MS);
      const second = rpc.request('b', {}, LONG_MS);
      assert.deepEqual(socket.sent, [
        { jsonrpc: '2.0', id: 1, method: 'a', params: { x: 1 } },
        { jsonrpc: '2.0', id: 2, method: 'b', params: {} },
      ]);
      assert.equal(rpc.pendingCount, 2);
      socket.say({ id: 2, result: 'two' });
      socket.say({ id: 1, result: null });
      assert.deepEqual(await Promise.all([first, second]), [null, 'two']);
      assert.equal(rpc.pendingCount, 0);
    });

    it('C-3 an inbound request with the id of a pending one does not settle it', async () => {
      const { socket, rpc } = connect();
      const pending = rpc.request('initialize', {}, LONG_MS);
      socket.say({ id: 1, method: 'chat/answer', params: {}, result: 'not the reply' });
      assert.equal(rpc.pendingCount, 1);
      assert.deepEqual(socket.sent[1], { jsonrpc: '2.0', id: 1, result: {} });
      socket.say({ id: 1, result: 'the reply' });
      assert.equal(await pending, 'the reply');
    });

    it('makes an error reply a typed error with code and words', async () => {
      const { socket, rpc } = connect();
      const pending = rpc.request('chat/stop', {}, LONG_MS);
      socket.say({ id: 1, error: { code: -32601, message: 'no such method' } });
      const error = await rejectionOf(pending);
      assertCode(error, 'upstream_rejected');
      assert.match(error.message, /chat\/stop.*no such method.*-32601/);
      assert.equal(rpc.pendingCount, 0);
    });

    it('takes an error reply without code or words', async () => {
      const { socket, rpc } = connect();
      const pending = rpc.request('a', {}, LONG_MS);
      socket.say({ id: 1, error: {} });
      assertCode(await rejectionOf(pending), 'upstream_rejected');
    });

    it('takes "error": null beside a result as success', async () => {
      const { socket, rpc } = connect();
      const pending = rpc.request('a', {}, LONG_MS);
      socket.say({ id: 1, error: null, result: 5 });
      assert.equal(await pending, 5);
    });

    it('times out with a typed error and forgets the request', async () => {
      const { socket, rpc } = connect();
      const error = await rejectionOf(rpc.request('slow', {}, 5));
      assertCode(error, 'upstream_timeout');
      assert.equal(error.status, 504);
      assert.match(error.message, /slow/);
      assert.equal(rpc.pendingCount, 0);
      socket.say({ id: 1, result: 'late' });
      assert.equal(rpc.pendingCount, 0);
    });

    it('leaves no timer behind, however a request ends', async () => {
      const { socket, rpc } = connect();
      const before = await countTimers();
      const answered = rpc.request('a', {}, LONG_MS);
      const refused = rpc.request('b', {}, LONG_MS);
      const lost = rpc.request('c', {}, LONG_MS);
      assert.equal(await countTimers(), before + 3);
      socket.say({ id: 1, result: 1 });
      socket.say({ id: 2, error: { code: 1, message: 'no' } });
      socket.lose();
      await Promise.allSettled([answered, refused, lost]);
      await Promise.allSettled([rpc.request('too late', {}, LONG_MS)]);
      assert.equal(await countTimers(), before);
    });

    it('ignores a second reply, and replies nobody asked for', async () => {
      const { socket, rpc, closed } = connect();
      const replies: (RpcReply | GatewayError)[] = [];
      rpc.send('a', {}, (reply) => replies.push(reply));
      socket.say({ id: 1, result: 1 });
      socket.say({ id: 1, result: 2 });
      socket.say({ id: '1', result: 3 });
      socket.say({ id: 99, error: { code: 1, message: 'stray' } });
      await settled();
      assert.deepEqual(replies, [{ result: 1 }]);
      assert.deepEqual(closed, []);
    });

    it('a forgotten request is never heard of again', async () => {
      const { socket, rpc } = connect();
      const replies: unknown[] = [];
      const id = rpc.send('a', {}, (reply) => replies.push(reply));
      rpc.forget(id);
      assert.equal(rpc.pendingCount, 0);
      socket.say({ id, result: 1 });
      rpc.close();
      await settled();
      assert.deepEqual(replies, []);
    });
  });

  describe('the end', () => {
    it('C-7 rejects everything pending, once, and tells the handler once', async () => {
      const { socket, rpc, closed } = connect();
      const replies: (RpcReply | GatewayError)[] = [];
      const pending = rpc.request('a', {}, LONG_MS);
      rpc.send('b', {}, (reply) => replies.push(reply));
      socket.lose('reset by peer');
      socket.lose('again');
      rpc.close();
      const error = await rejectionOf(pending);
      assertCode(error, 'instance_lost');
      assert.ok(error.retryable);
      assert.match(error.message, /reset by peer/);
      assert.deepEqual(replies, [error]);
      assert.deepEqual(closed, [error]);
      assert.equal(rpc.pendingCount, 0);
    });

    it('has nothing pending any more when the handler hears of it', () => {
      const socket = new FakeSocket();
      const seen: number[] = [];
      const rpc: RpcConnection = new RpcConnection(socket, {
        reply: () => ({}),
        onMessage: () => undefined,
        onClose: () => seen.push(rpc.pendingCount),
      });
      rpc.send('a', {}, () => seen.push(rpc.pendingCount));
      socket.lose();
      assert.deepEqual(seen, [0, 0]);
    });

    it('C-11 survives a socket that reports its end from within close()', async () => {
      const { socket, rpc, closed } = connect();
      socket.close = () => {
        socket.lose('closed');
      };
      const pending = rpc.request('a', {}, LONG_MS);
      rpc.close();
      assertCode(await rejectionOf(pending), 'instance_lost');
      assert.equal(closed.length, 1);
    });

    const broken: Record<string, string> = {
      'a body that is not JSON': encodeFrame('{"id":'),
      'an empty body': encodeFrame(''),
      'a missing length': 'X: 1\r\n\r\n{}',
      'a negative length': 'Content-Length: -5\r\n\r\n{}',
      'bare JSON': '{"jsonrpc":"2.0","id":1,"result":{}}',
    };
    for (const [what, data] of Object.entries(broken)) {
      it(`C-7 ${what} closes the connection with a typed error`, async () => {
        const { socket, rpc, closed } = connect();
        const pending = rpc.request('a', {}, LONG_MS);
        socket.deliver(data);
        assertCode(await rejectionOf(pending), 'upstream_protocol');
        assertCode(closed[0], 'upstream_protocol');
        assert.equal(closed.length, 1);
        assert.equal(socket.closeCalls, 1);
        assert.equal(rpc.pendingCount, 0);
      });
    }

    it('C-7 acts on the good frames that came before a bad one in the same message', () => {
      const { socket, closed, heard } = connect();
      const good = encodeFrame(JSON.stringify({ id: 1, method: 'chat/finish', params: {} }));
      socket.deliver(`${good}Content-Length: -1\r\n\r\n`);
      assert.deepEqual(
        heard.map(({ method }) => method),
        ['chat/finish'],
      );
      assert.equal(closed.length, 1);
    });

    it('writes nothing and hears nothing afterwards', async () => {
      const { socket, rpc, heard } = connect();
      rpc.close();
      socket.say({ id: 5, method: 'chat/answer' });
      socket.deliver('rubbish');
      const error = await rejectionOf(rpc.request('late', {}, LONG_MS));
      assertCode(error, 'instance_lost');
      rpc.send('later', {}, () => undefined);
      await settled();
      assert.deepEqual([socket.frames, heard], [[], []]);
      assert.equal(rpc.pendingCount, 0);
    });

    it('C-11 a handler that closes the connection hears nothing of the rest of the message', () => {
      const socket = new FakeSocket();
      const heard: string[] = [];
      const rpc: RpcConnection = new RpcConnection(socket, {
        reply: () => ({}),
        onMessage: (method) => {
          heard.push(method);
          rpc.close();
        },
        onClose: () => heard.push('closed'),
      });
      const frame = (method: string) => encodeFrame(JSON.stringify({ jsonrpc: '2.0', method }));
      socket.deliver(frame('first') + frame('second'));
      assert.deepEqual(heard, ['first', 'closed']);
    });

    it('tells a request sent too late asynchronously, so that its caller knows its id', async () => {
      const { rpc } = connect();
      rpc.close();
      const order: string[] = [];
      rpc.send('late', {}, () => order.push('reply'));
      order.push('sent');
      await settled();
      assert.deepEqual(order, ['sent', 'reply']);
    });
  });
});
