/** How streams begin, break and are given up, in every dialect; read as raw text. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import { after, before, describe, it } from 'mocha';
import { eventually, HeadlessGateway } from '../support/headless';

interface Kind {
  readonly path: string;
  readonly body: (content: string, stream: boolean) => object;
  /** What an answer that came to its end has, and no other. */
  readonly end: RegExp;
  /** What tells of a failure in a stream. */
  readonly failure: RegExp;
  readonly type: RegExp;
}

const EVENT_STREAM = /^text\/event-stream/;

const kinds: Readonly<Record<string, Kind>> = {
  chat: {
    path: '/v1/chat/completions',
    body: (content, stream) => ({
      model: 'org_auto',
      stream,
      messages: [{ role: 'user', content }],
    }),
    end: /"finish_reason":"/,
    failure: /^data: \{"error":\{"message":"[^\n]+\n\ndata: \[DONE\]\n\n$/m,
    type: EVENT_STREAM,
  },
  responses: {
    path: '/v1/responses',
    body: (content, stream) => ({ model: 'org_auto', stream, store: false, input: content }),
    end: /response\.(completed|incomplete)/,
    failure: /^event: error\ndata: [^\n]+\n\nevent: response\.failed\ndata: \{[^\n]+\n\n$/m,
    type: EVENT_STREAM,
  },
  messages: {
    path: '/v1/messages',
    body: (content, stream) => ({
      model: 'org_auto',
      stream,
      max_tokens: 1_000,
      messages: [{ role: 'user', content }],
    }),
    end: /message_(delta|stop)/,
    failure: /^event: error\ndata: \{"type":"error"[^\n]+\n\n$/m,
    type: EVENT_STREAM,
  },
  ollama: {
    path: '/api/chat',
    body: (content, stream) => ({
      model: 'org_auto',
      stream,
      messages: [{ role: 'user', content }],
    }),
    end: /"done":true/,
    failure: /^\{"error":"[^\n]+\}\n$/m,
    type: /^application\/x-ndjson/,
  },
};

function open(
  gateway: HeadlessGateway,
  { path, body }: Kind,
  content: string,
  stream = true,
): ClientRequest {
  const request = httpRequest(gateway.baseUrl + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.apiKey}`, 'content-type': 'application/json' },
  });
  request.end(JSON.stringify(body(content, stream)));
  return request;
}

describe('headless: streams', () => {
  let gateway: HeadlessGateway;
  before(async () => {
    gateway = await HeadlessGateway.launch();
  });
  after(() => gateway.stop());

  async function answerTo(kind: Kind, content: string): Promise<IncomingMessage> {
    const [response] = (await once(open(gateway, kind, content), 'response')) as [IncomingMessage];
    return response;
  }

  for (const [name, kind] of Object.entries(kinds)) {
    describe(name, () => {
      it('a whole answer has one end, which comes last', async () => {
        const response = await answerTo(kind, `Whole, ${name}\nDEMO:words 5`);
        assert.match(response.headers['content-type'] ?? '', kind.type);
        const text = await readAll(response);
        assert.match(text, kind.end);
        assert.doesNotMatch(text, kind.failure);
        assert.ok(text.endsWith('\n'));
      });

      it('headers come with the first event, not before', async () => {
        const startedAt = performance.now();
        const response = await answerTo(kind, `Late, ${name}\nDEMO:delay 400\nDEMO:echo late`);
        assert.ok(performance.now() - startedAt > 350);
        assert.match(String(response.headers['x-lingma-session']), /^new; /);
        await readAll(response);
      });

      it('a failure before the first event is an answer with its own status', async () => {
        const response = await answerTo(kind, `Limit, ${name}\nDEMO:status 429 slow down`);
        assert.equal(response.statusCode, 429);
        assert.match(response.headers['content-type'] ?? '', /^application\/json/);
        assert.match(await readAll(response), /"error"/);
      });

      for (const [how, directive] of [
        ['the process reports one', 'DEMO:status-after 2 500 broken'],
        ['the connection ends', 'DEMO:close-after 2'],
        ['the turn is cancelled inside Lingma', 'DEMO:finish-reason cancelled'],
      ] as const) {
        it(`a failure after it ends the stream without an ordinary end: ${how}`, async () => {
          const content = `Break, ${name}, ${how}\nDEMO:gap 20\nDEMO:words 4\n${directive}`;
          const response = await answerTo(kind, content);
          assert.equal(response.statusCode, 200);
          const text = await readAll(response);
          assert.match(text, /word1/);
          assert.match(text, kind.failure);
          assert.doesNotMatch(text, kind.end);
        });
      }

      for (const streaming of [true, false]) {
        const how = streaming ? 'streamed' : 'plain';
        it(`a client that leaves stops its turn at once, ${how}`, async () => {
          const stops = () => gateway.upstream('chat/stop').length;
          const asks = () => gateway.upstream('chat/ask').length;
          const [stopped, asked] = [stops(), asks()];
          const request = open(
            gateway,
            kind,
            `Leave, ${name}, ${how}\nDEMO:gap 50\nDEMO:words 400`,
            streaming,
          );
          request.once('error', () => undefined);
          if (streaming) {
            const [response] = (await once(request, 'response')) as [IncomingMessage];
            await once(response, 'data');
          } else {
            await eventually('the turn', () => asks() > asked);
          }
          const leftAt = performance.now();
          request.destroy();
          await eventually('a stop', () => stops() > stopped);
          const tookMs = performance.now() - leftAt;
          console.log(`        stopped upstream ${tookMs.toFixed(0)} ms after its client left`);
          // The aim is 100 ms; a busy machine and a polled file need room. The answer would have
          // gone on for twenty seconds.
          assert.ok(tookMs < 5_000, `${tookMs} ms`);
          await eventually('its place', async () => {
            const { concurrency } = await gateway.stats();
            return concurrency.inFlight === 0;
          });
        });
      }
    });
  }

  it('headers come after ten seconds at the latest, and a failure then is told in the stream', async () => {
    const waited = Object.entries(kinds).map(async ([name, kind]) => {
      const startedAt = performance.now();
      const content = `Silent, ${name}\nDEMO:delay 15000\nDEMO:status 500 broken`;
      const response = await answerTo(kind, content);
      const seconds = (performance.now() - startedAt) / 1000;
      assert.ok(seconds > 9.5 && seconds < 14, `${name}: ${seconds} s`);
      assert.equal(response.statusCode, 200);
      assert.match(response.headers['content-type'] ?? '', kind.type);
      const text = await readAll(response);
      assert.match(text, kind.failure);
      assert.doesNotMatch(text, kind.end);
    });
    await Promise.all(waited);
  }).timeout(30_000);

  it('a reader that stands still holds no place, and gets all of it in the end', async () => {
    const gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '4001' } });
    const { chat } = kinds;
    assert.ok(chat);
    const long = '一二三四五六七八九十'.repeat(100_000);
    const readers = Array.from({ length: 3 }, (_, index) =>
      open(gateway, chat, `Still ${index}\nDEMO:echo ${long}`),
    );
    const responses = await Promise.all(
      readers.map(async (reader) => ((await once(reader, 'response')) as [IncomingMessage])[0]),
    );
    for (const response of responses) response.pause();
    await eventually(
      'their places',
      async () => (await gateway.stats()).concurrency.inFlight === 0,
      15_000,
    );
    for (const response of responses) {
      const text = await readAll(response);
      const deltas = [...text.matchAll(/"delta":\{"content":"([^"]*)"/g)].map(([, delta]) => delta);
      assert.ok(deltas.join('') === long, 'the whole answer, character by character');
      assert.match(text, chat.end);
    }
    await gateway.stop();
  });
});
