import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { cancelled, type ErrorCode, type GatewayError } from '../../../src/base/errors';
import { ImageUploads, REPLY_LIMIT_MS, RESULT_LIMIT_MS } from '../../../src/lingma/imageUpload';
import { RpcConnection } from '../../../src/lingma/rpc';
import { settled } from '../../support/async';
import { type ChatAskBench, useChatAsk } from '../../support/chatAsk';
import { assertCode } from '../../support/errors';
import { FakeSocket } from '../../support/fakeSocket';
import { FakeTimeouts } from '../../support/fakeTimeouts';

const RESULT = 'image/uploadResultNotification';

/** The parameters of the result message of one upload. */
const stored = (requestId: string, imageUrl: string) => ({ result: { requestId, imageUrl } });

/** The uploads that were sent, in order. */
function uploadsOf(socket: FakeSocket): { id: string | number; requestId: string; uri: string }[] {
  return socket.calls('image/upload').map(({ id, params }) => ({
    id: id ?? '',
    requestId: String(params?.['requestId']),
    uri: String(params?.['imageUri']),
  }));
}

describe('lingma/imageUpload', () => {
  const open: RpcConnection[] = [];
  afterEach(() => {
    for (const rpc of open.splice(0)) rpc.close();
  });

  /** Uploads on a connection whose other end the test plays. */
  function begin(images: readonly string[] = ['data:1']) {
    const socket = new FakeSocket();
    const rpc = new RpcConnection(socket, {
      reply: () => ({}),
      onMessage: (method, params) => uploads.receive(method, params),
      onClose: () => undefined,
    });
    open.push(rpc);
    const uploads = new ImageUploads(rpc);
    const reported: (readonly string[] | GatewayError)[] = [];
    const withdraw = uploads.start(images, {
      uploaded: (urls) => reported.push(urls),
      failed: (error) => reported.push(error),
    });
    const sent = uploadsOf(socket);
    return {
      socket,
      reported,
      withdraw,
      sent,
      /** The reply to the upload of one picture. */
      reply: (index: number, message: object = { result: { result: { success: true } } }) => {
        socket.say({ id: sent[index]?.id, ...message });
      },
      result: (index: number, imageUrl: string) => {
        const params = stored(sent[index]?.requestId ?? '', imageUrl);
        socket.say({ method: RESULT, params });
      },
      nothingLeft: () => {
        assert.equal(uploads.open, 0);
        assert.equal(rpc.pendingCount, 0);
      },
    };
  }

  it('sends each picture with an id of its own', () => {
    const { sent } = begin(['data:1', 'data:2', 'data:1']);
    assert.deepEqual(
      sent.map(({ uri }) => uri),
      ['data:1', 'data:2', 'data:1'],
    );
    assert.equal(new Set(sent.map(({ requestId }) => requestId)).size, 3);
  });

  it('gives the addresses in the order of the pictures, whichever is stored first', () => {
    const upload = begin(['data:1', 'data:2']);
    upload.reply(0);
    upload.reply(1);
    upload.result(1, 'url-2');
    assert.deepEqual(upload.reported, []);
    upload.result(0, 'url-1');
    assert.deepEqual(upload.reported, [['url-1', 'url-2']]);
    upload.nothingLeft();
  });

  it('takes the result before the reply, or without one', () => {
    const upload = begin();
    upload.result(0, 'url');
    assert.deepEqual(upload.reported, [['url']]);
    upload.nothingLeft();
    upload.reply(0, { result: { result: { success: false } } });
    upload.result(0, 'again');
    assert.equal(upload.reported.length, 1);
  });

  it('takes the result as a request, and with its members one level higher', () => {
    const upload = begin();
    const params = { requestId: upload.sent[0]?.requestId, imageUrl: 'url' };
    upload.socket.say({ id: 'server-1', method: RESULT, params });
    assert.deepEqual(upload.reported, [['url']]);
    assert.deepEqual(upload.socket.sent.at(-1), { jsonrpc: '2.0', id: 'server-1', result: {} });
  });

  it('ignores results of others and malformed ones', () => {
    const upload = begin();
    const strange = [undefined, null, [], {}, { result: 5 }, { result: { requestId: 5 } }];
    for (const params of [...strange, stored('somebody else', 'url')]) {
      upload.socket.say({ method: RESULT, params });
    }
    assert.deepEqual(upload.reported, []);
    upload.result(0, 'url');
    assert.deepEqual(upload.reported, [['url']]);
  });

  const replies: Record<string, [message: object, code: ErrorCode | undefined, text?: RegExp]> = {
    'an empty result': [{ result: {} }, undefined],
    'no result': [{ result: null }, undefined],
    'error codes that say nothing': [{ result: { errorCode: null, success: true } }, undefined],
    'an error code of zero': [{ result: { errorCode: 0 } }, undefined],
    'an empty error code': [{ result: { errorCode: '' } }, undefined],
    'success false inside': [
      { result: { errorMessage: 'no room', result: { success: false } } },
      'upstream_rejected',
      /image 1 of 1 .*no room/,
    ],
    'success false': [{ result: { success: false } }, 'upstream_rejected'],
    'an error code': [
      { result: { errorCode: 'TooLarge', errorMessage: 'big' } },
      'upstream_rejected',
      /big, TooLarge/,
    ],
    'an error': [
      { error: { code: -32000, message: 'broken' } },
      'upstream_rejected',
      /broken, -32000/,
    ],
    'an unknown method': [
      { error: { code: -32601, message: 'unknown method' } },
      'unsupported_content',
      /Send text only/,
    ],
  };
  for (const [what, [message, code, text = /./]] of Object.entries(replies)) {
    it(`${code ? 'fails with' : 'goes on after'} ${what}`, () => {
      const upload = begin();
      upload.reply(0, message);
      if (code === undefined) {
        assert.deepEqual(upload.reported, []);
        return;
      }
      const [error] = upload.reported;
      assertCode(error, code);
      assert.equal(error.status, 400);
      assert.match(error.message, text);
      upload.nothingLeft();
    });
  }

  it('fails with a result that names no address', () => {
    const upload = begin(['data:1', 'data:2']);
    const { requestId = '' } = upload.sent[1] ?? {};
    const params = { errorMessage: 'disk full', errorCode: 'E1', ...stored(requestId, '') };
    upload.socket.say({ method: RESULT, params });
    const [error] = upload.reported;
    assertCode(error, 'upstream_rejected');
    assert.match(error.message, /image 2 of 2 .*disk full, E1/);
    upload.nothingLeft();
  });

  it('gives all of them up when one fails, and reports that once', () => {
    const upload = begin(['data:1', 'data:2', 'data:3']);
    upload.result(0, 'url-1');
    upload.reply(1, { result: { success: false } });
    upload.nothingLeft();
    upload.reply(2, { error: { code: 1, message: 'late' } });
    upload.result(2, 'url-3');
    assert.equal(upload.reported.length, 1);
  });

  it('waits for the reply, then for the result, and no longer', async () => {
    await FakeTimeouts.during(async (clock) => {
      const silent = begin();
      clock.advance(REPLY_LIMIT_MS - 1);
      assert.deepEqual(silent.reported, []);
      clock.advance(1);
      assertCode(silent.reported[0], 'upstream_timeout');
      silent.nothingLeft();

      const replied = begin();
      clock.advance(REPLY_LIMIT_MS - 1);
      replied.reply(0);
      clock.advance(RESULT_LIMIT_MS - 1);
      assert.deepEqual(replied.reported, []);
      clock.advance(1);
      assertCode(replied.reported[0], 'upstream_timeout');
      replied.nothingLeft();
      assert.equal(clock.running, 0);
      await settled();
    });
  });

  it('keeps nothing once it is withdrawn', async () => {
    await FakeTimeouts.during(async (clock) => {
      const upload = begin(['data:1', 'data:2']);
      upload.reply(0);
      upload.withdraw();
      upload.nothingLeft();
      assert.equal(clock.running, 0);
      upload.result(0, 'url');
      upload.reply(1, { error: { code: 1, message: 'late' } });
      upload.withdraw();
      assert.deepEqual(upload.reported, []);
      await settled();
    });
  });

  it('fails once when the connection ends, or has ended', async () => {
    const upload = begin(['data:1', 'data:2']);
    upload.reply(0);
    upload.socket.lose();
    assert.equal(upload.reported.length, 1);
    assertCode(upload.reported[0], 'instance_lost');
    upload.nothingLeft();
    await settled();
    assert.equal(upload.reported.length, 1);
  });
});

describe('lingma/chatAsk with pictures', () => {
  const connect = useChatAsk();

  function store(bench: ChatAskBench, urls: readonly string[]): void {
    uploadsOf(bench.socket).forEach(({ id, requestId }, index) => {
      bench.socket.say({ id, result: { requestId, result: { success: true } } });
      bench.socket.say({ method: RESULT, params: stored(requestId, urls[index] ?? '') });
    });
  }

  function assertNothingLeft({ dialect, rpc }: ChatAskBench): void {
    assert.equal(dialect.openTurns, 0);
    assert.equal(rpc.pendingCount, 0);
  }

  it('asks at once when there is none, and says nothing of images', () => {
    const bench = connect();
    bench.ask({ images: [] });
    assert.deepEqual(
      bench.socket.sent.map(({ method }) => method),
      ['chat/ask'],
    );
    const context = bench.socket.calls('chat/ask')[0]?.params?.['chatContext'];
    assert.deepEqual(Object.keys(context as object).includes('imageUrls'), false);
  });

  it('asks once all are stored, and names where', async () => {
    const bench = connect();
    const { answer } = bench.ask({ images: ['data:1', 'data:2'], sessionId: 's-7' });
    assert.equal(bench.socket.calls('chat/ask').length, 0);
    store(bench, ['url-1', 'url-2']);
    const [ask] = bench.socket.calls('chat/ask');
    const { requestId, sessionId, isReply, chatContext } = ask?.params ?? {};
    assert.deepEqual([sessionId, isReply], ['s-7', true]);
    assert.deepEqual((chatContext as Record<string, unknown>)['imageUrls'], ['url-1', 'url-2']);
    bench.event('chat/answer', { requestId, sessionId: 's-7', text: 'Two.' });
    bench.event('chat/finish', { requestId, sessionId: 's-7', statusCode: 200 });
    const events = [];
    for await (const event of answer) events.push(event);
    assert.deepEqual(events, [{ type: 'text', delta: 'Two.' }]);
    assertNothingLeft(bench);
  });

  it('ends at once when it is cancelled meanwhile, and asks nothing', async () => {
    await FakeTimeouts.during(async (clock) => {
      const bench = connect();
      const turn = bench.ask({ images: ['data:1'] });
      turn.answer.cancel(cancelled());
      assert.equal(turn.ended, 1);
      assertNothingLeft(bench);
      assert.equal(clock.running, 0);
      store(bench, ['url-1']);
      assertCode((await turn.outcome()).error, 'cancelled');
      assert.deepEqual(
        bench.socket.sent.flatMap(({ method }) => method ?? []),
        ['image/upload'],
      );
    });
  });

  it('fails when an upload does', async () => {
    const bench = connect();
    const turn = bench.ask({ images: ['data:1'] });
    bench.socket.say({ id: uploadsOf(bench.socket)[0]?.id, result: { success: false } });
    assertCode((await turn.outcome()).error, 'upstream_rejected');
    assert.equal(bench.socket.calls('chat/ask').length, 0);
    assertNothingLeft(bench);
  });

  it('loses its process during an upload as it would later', async () => {
    const bench = connect();
    const turn = bench.ask({ images: ['data:1'] });
    bench.socket.lose();
    assertCode((await turn.outcome()).error, 'instance_lost');
    assert.equal(turn.ended, 1);
    assertNothingLeft(bench);
  });

  it('is stopped by its own limit while the process stores nothing', async () => {
    await FakeTimeouts.during(async (clock) => {
      const bench = connect({ turnMs: 5_000 });
      const turn = bench.ask({ images: ['data:1'] });
      clock.advance(5_000);
      assertCode((await turn.outcome()).error, 'upstream_timeout');
      assertNothingLeft(bench);
      assert.equal(clock.running, 0);
    });
  });
});
