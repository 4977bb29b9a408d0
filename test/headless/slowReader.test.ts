/** A client that stops reading costs a bounded amount of memory, and nobody but itself its answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { eventually, HeadlessGateway } from '../support/headless';

/** Far more than may wait for a client. */
const ANSWER = 48 * 1024 * 1024;

describe('headless: a client that does not read', () => {
  let gateway: HeadlessGateway;
  before(async () => {
    gateway = await HeadlessGateway.launch({ env: { DEMO_LINGMA_DELTA_CHARS: '65536' } });
  });
  after(() => gateway.stop());

  const ask = (content: string): Promise<IncomingMessage> => {
    const request = httpRequest(`${gateway.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.apiKey}`, 'content-type': 'application/json' },
      agent: false,
    });
    const messages = [{ role: 'user', content }];
    request.end(JSON.stringify({ model: 'org_auto', stream: true, messages }));
    request.on('error', () => undefined);
    return once(request, 'response').then(([response]) => response as IncomingMessage);
  };

  /** Of the gateway's process, in bytes; Linux only. */
  const residentBytes = (): number => {
    const status = readFileSync(`/proc/${gateway.child.pid ?? 0}/status`, 'utf8');
    return 1_024 * Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  };

  it('loses its turn and its connection once too much waits for it', async () => {
    const others = await gateway.openai().chat.completions.create({
      model: 'org_auto',
      messages: [{ role: 'user', content: 'Warm up\nDEMO:echo warm' }],
    });
    assert.equal(others.choices[0]?.message.content, 'warm');
    const before = process.platform === 'linux' ? residentBytes() : 0;

    const response = await ask(`Go on and on\nDEMO:gap 1\nDEMO:size ${ANSWER}`);
    response.on('error', () => undefined);
    response.pause();
    const besides = await gateway.openai().chat.completions.create({
      model: 'org_auto',
      messages: [{ role: 'user', content: 'Besides\nDEMO:echo here' }],
    });
    assert.equal(besides.choices[0]?.message.content, 'here');
    await eventually('the stop', () => gateway.upstream('chat/stop').length === 1, 15_000);
    await eventually('its place', async () => (await gateway.stats()).concurrency.inFlight === 0);

    const { turns } = await gateway.stats();
    assert.deepEqual([turns.completed, turns.failed], [2, 1]);
    if (process.platform === 'linux') {
      const grown = residentBytes() - before;
      console.log(`      the gateway grew by ${(grown / 2 ** 20).toFixed(0)} MiB`);
      // What waits, once more as events on their way, and the collector's share.
      assert.ok(grown < 100 * 2 ** 20, `${grown} bytes`);
    }
    // The end of what was under way, and no end of an answer.
    let read = 0;
    let tail = '';
    response.on('data', (chunk: Buffer) => {
      read += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-200);
    });
    response.resume();
    await eventually('the end of the connection', () => response.closed);
    assert.ok(read < ANSWER / 2, `${read} bytes`);
    assert.doesNotMatch(tail, /\[DONE\]/);
    assert.equal(response.complete, false);
  });
});
