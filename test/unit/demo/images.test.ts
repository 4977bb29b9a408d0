import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { dataUri, png, sha256 } from '../../support/pictures';
import { useTempDirs } from '../../support/tempDir';
import { DemoProcess, type Message, RawClient, askParams } from './demoProcess';

const RESULT = 'image/uploadResultNotification';

const running: DemoProcess[] = [];

async function ready(knobs: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const demo = await DemoProcess.start(knobs);
  running.push(demo);
  return RawClient.ready(demo.socketPort);
}

function resultOf(message: Message): Record<string, unknown> {
  return message.params?.['result'] as Record<string, unknown>;
}

function stored(client: RawClient, requestId: string): Promise<Message> {
  return client.until(
    `result of ${requestId}`,
    (message) => message.method === RESULT && resultOf(message)['requestId'] === requestId,
  );
}

/** Uploads a picture and returns its address. */
async function upload(client: RawClient, requestId: string, bytes = png(1)): Promise<string> {
  await client.call('image/upload', { requestId, imageUri: dataUri(bytes) });
  return String(resultOf(await stored(client, requestId))['imageUrl']);
}

function askWith(imageUrls: readonly string[], sessionId = ''): object {
  const chatContext = { text: 'look', localeLang: 'en', preferredLanguage: 'en', imageUrls };
  return { chatContext, sessionId, isReply: sessionId !== '' };
}

describe('demo images', () => {
  const tempDir = useTempDirs();

  afterEach(async () => {
    await Promise.all(running.splice(0).map((demo) => demo.stop()));
  });

  it('replies first and then notifies, with an address of its own for each', async () => {
    const client = await ready();
    const reply = await client.call('image/upload', { requestId: 'u1', imageUri: dataUri(png(1)) });
    assert.deepEqual(reply.result, { requestId: 'u1', result: { success: true } });
    const message = await stored(client, 'u1');
    assert.equal(message.id, undefined);
    assert.ok(client.received.indexOf(reply) < client.received.indexOf(message));
    assert.notEqual(await upload(client, 'u2'), resultOf(message)['imageUrl']);
  });

  it('refuses what is no picture', async () => {
    const client = await ready();
    for (const params of [
      {},
      { imageUri: dataUri(png(1)) },
      { requestId: 'u' },
      { requestId: 'u', imageUri: 'https://example.com/a.png' },
      { requestId: 'u', imageUri: 'data:text/plain;base64,AAAA' },
      { requestId: 'u', imageUri: 'data:image/png;base64,' },
    ]) {
      assert.equal((await client.call('image/upload', params)).error?.code, -32602);
    }
  });

  it('refuses pictures over its limit, which a knob sets', async () => {
    const client = await ready({ DEMO_LINGMA_IMAGE_MAX_BYTES: String(png(1).length) });
    await upload(client, 'fits');
    const imageUri = dataUri(Buffer.concat([png(1), Buffer.alloc(1)]));
    const { result } = await client.call('image/upload', { requestId: 'big', imageUri });
    const { errorCode, result: inner } = result as Record<string, unknown>;
    assert.deepEqual([errorCode, inner], ['TooLarge', { success: false }]);
  });

  it('takes part in turns: says how many came and were held, and records which', async () => {
    const record = path.join(tempDir(), 'record.jsonl');
    const client = await ready({ DEMO_LINGMA_RECORD: record });
    const urls = [await upload(client, 'u1', png(1)), await upload(client, 'u2', png(2))];
    client.post('chat/ask', askParams('r1', 'look', askWith(urls)));
    const first = await client.finish('r1');
    assert.match(String(first.params?.['fullAnswer']), /and 2 images arrived/);
    const sessionId = String(first.params?.['sessionId']);
    client.post('chat/ask', askParams('r2', 'again', askWith(urls.slice(1), sessionId)));
    const second = await client.finish('r2');
    assert.match(String(second.params?.['fullAnswer']), /and 1 image arrived.*and 2 images were/);
    const { result } = await client.call('chat/getSessionById', { sessionId });
    assert.equal((result as Record<string, unknown>)['imageCount'], 3);
    const lines = readFileSync(record, 'utf8').trim().split('\n');
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const digests = [png(1), png(2)].map(sha256);
    assert.deepEqual(
      events
        .filter(({ event }) => event === 'images-received')
        .map(({ requestId, images }) => [requestId, images]),
      [
        ['r1', digests],
        ['r2', digests.slice(1)],
      ],
    );
  });

  it('refuses an ask with an address it never gave out', async () => {
    const client = await ready();
    const urls = [await upload(client, 'u1'), 'https://images.demo.invalid/made-up'];
    client.post('chat/ask', askParams('r1', 'look', askWith(urls)));
    const { params = {} } = await client.finish('r1');
    assert.equal(params['statusCode'], 400);
    assert.match(String(params['reason']), /image not found: .*made-up/);
  });

  it('ends uploads as told', async () => {
    const params = { requestId: 'u', imageUri: dataUri(png(1)) };
    const early = await ready({ DEMO_LINGMA_IMAGE_UPLOAD: 'early' });
    const reply = await early.call('image/upload', params);
    assert.ok(early.received.indexOf(await stored(early, 'u')) < early.received.indexOf(reply));

    const error = await ready({ DEMO_LINGMA_IMAGE_UPLOAD: 'error' });
    assert.equal((await error.call('image/upload', params)).error?.code, -32000);

    const refused = await ready({ DEMO_LINGMA_IMAGE_UPLOAD: 'refused' });
    const { result } = await refused.call('image/upload', params);
    assert.deepEqual((result as Record<string, unknown>)['result'], { success: false });

    const failed = await ready({ DEMO_LINGMA_IMAGE_UPLOAD: 'failed' });
    await failed.call('image/upload', params);
    const message = await stored(failed, 'u');
    assert.equal(resultOf(message)['imageUrl'], '');
    assert.equal(message.params?.['errorCode'], 'StoreFailed');

    for (const client of [refused, await ready({ DEMO_LINGMA_IMAGE_UPLOAD: 'never' })]) {
      await client.call('image/upload', params);
      // Had there been one, it would have come before this reply.
      await client.call('ping', {});
      assert.ok(!client.received.some(({ method }) => method === RESULT));
    }
  });

  it('notifies as late as told', async () => {
    const client = await ready({ DEMO_LINGMA_IMAGE_DELAY_MS: '150' });
    const beganMs = performance.now();
    await upload(client, 'u');
    assert.ok(performance.now() - beganMs >= 149);
  });
});
