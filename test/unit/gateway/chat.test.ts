/** Turns that do not come over HTTP, on a gateway of its own with the demo behind it. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { cancelled } from '../../../src/base/errors';
import type { TurnEvent, TurnPlacement } from '../../../src/conversation/events';
import type { Message, TurnRequest } from '../../../src/conversation/messages';
import { Gateway } from '../../../src/gateway/gateway';
import { silentLogger } from '../../../src/observe/log';
import { settingDefaults, toGatewayOptions } from '../../../src/vscode/settings';
import { assertCode, rejectionOf } from '../../support/errors';
import { assistant, user } from '../../support/messages';
import { removeFolder } from '../../support/tempDir';

const never = new AbortController().signal;
const apiKey = 'a key of a test';

function ask(...messages: readonly Message[]): TurnRequest {
  return { model: 'org_auto', messages, tools: [], toolChoice: { mode: 'auto' } };
}

async function readAll(events: AsyncIterable<TurnEvent>) {
  let placement: TurnPlacement | undefined;
  let text = '';
  for await (const event of events) {
    if (event.type === 'start') placement = event.placement;
    if (event.type === 'text') text += event.delta;
  }
  return { reason: placement?.reason, sent: placement?.sentMessages, text };
}

describe('turns within the gateway’s own process', () => {
  let workDir: string;
  let gateway: Gateway;

  beforeEach(async () => {
    workDir = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
    // The demo, whatever is installed on this machine.
    const settings = { ...settingDefaults, lingmaPath: path.resolve('dist/demo.js') };
    const options = toGatewayOptions(settings, { apiKey, workDir, distDir: 'dist' });
    gateway = new Gateway({ ...options, port: 0 }, { logger: silentLogger });
    await gateway.start();
  });
  afterEach(async () => {
    await gateway.stop();
    await removeFolder(workDir);
  });

  it('share the sessions of those that come over HTTP with the gateway’s key', async () => {
    const first = await readAll(gateway.chat(ask(user('DEMO:echo one')), never));
    assert.deepEqual(first, { reason: 'new', sent: 1, text: 'one' });

    const messages = [
      { role: 'user', content: 'DEMO:echo one' },
      { role: 'assistant', content: 'one' },
      { role: 'user', content: 'DEMO:echo two' },
    ];
    const response = await fetch(`${gateway.snapshot().baseUrl ?? ''}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'org_auto', messages }),
    });
    assert.match(response.headers.get('x-lingma-session') ?? '', /^continued;.*sent=1\/3/);

    const last = ask(
      user('DEMO:echo one'),
      assistant('one'),
      user('DEMO:echo two'),
      assistant('two'),
      user('DEMO:echo three'),
    );
    assert.deepEqual(await readAll(gateway.chat(last, never)), {
      reason: 'continued',
      sent: 1,
      text: 'three',
    });
  });

  it('end with `stopping` when the gateway stops in the middle of them', async () => {
    const events = gateway.chat(ask(user('DEMO:gap 20\nDEMO:words 5000')), never);
    const failure = rejectionOf(
      (async () => {
        let seen = 0;
        for await (const { type } of events) {
          if (type === 'text' && ++seen === 3) void gateway.stop();
        }
      })(),
    );
    assertCode(await failure, 'stopping');
    await gateway.stop();
    assert.equal(gateway.snapshot().turns.failed, 1);
  });

  it('end with `stopping` while they wait for the first word', async () => {
    const failure = rejectionOf(readAll(gateway.chat(ask(user('DEMO:hang')), never)));
    while (gateway.snapshot().concurrency.inFlight === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    void gateway.stop();
    assertCode(await failure, 'stopping');
  });

  it('are refused before the start and after the stop', async () => {
    await gateway.stop();
    assertCode(await rejectionOf(readAll(gateway.chat(ask(user('x')), never))), 'stopping');
    assertCode(await rejectionOf(gateway.models(never)), 'stopping');
  });

  it('end with the reason their caller gives', async () => {
    const abort = new AbortController();
    const failure = rejectionOf(readAll(gateway.chat(ask(user('DEMO:hang')), abort.signal)));
    abort.abort(cancelled());
    assertCode(await failure, 'cancelled');
    while (gateway.snapshot().concurrency.inFlight > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  it('may name the models that the process lists', async () => {
    const ids = (await gateway.models(never)).map(({ id }) => id);
    assert.ok(ids.includes('org_auto'), ids.join());
  });
});
