import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'mocha';
import type { RpcId } from '../../../src/demo/jsonRpc';
import { Outbox } from '../../../src/demo/outbox';
import { FakeTimeouts } from '../../support/fakeTimeouts';

interface Setup {
  readonly outbox: Outbox;
  readonly sent: string[];
  readonly givenUp: RpcId[];
}

function setup(
  more: { stringIds?: boolean; holdBack?: boolean; ackTimeoutMs?: number } = {},
): Setup {
  const sent: string[] = [];
  const givenUp: RpcId[] = [];
  const outbox = new Outbox({
    write: (json) => sent.push(json),
    stringIds: more.stringIds ?? false,
    holdBack: more.holdBack ?? false,
    ackTimeoutMs: more.ackTimeoutMs ?? 0,
    onUnresponsive: (id) => givenUp.push(id),
  });
  return { outbox, sent, givenUp };
}

describe('demo outbox', () => {
  it('numbers its requests from 1 and settles them once', () => {
    const { outbox, sent } = setup();
    const outcomes: unknown[] = [];
    outbox.request('m', { a: 1 }, (outcome) => outcomes.push(outcome));
    outbox.request('m', {});
    assert.equal(sent[0], '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}');
    assert.equal(outbox.unanswered, 2);
    assert.equal(outbox.settle(1, { result: null }), true);
    assert.equal(outbox.settle(1, { result: null }), false);
    assert.deepEqual(outcomes, [{ result: null }]);
    assert.equal(outbox.unanswered, 1);
  });

  it('tells "1" from 1', () => {
    const { outbox } = setup({ stringIds: true });
    outbox.request('m', {});
    assert.equal(outbox.settle(1, { result: {} }), false);
    assert.equal(outbox.settle('1', { result: {} }), true);
  });

  it('holds back behind an unanswered request, and lets everything go on release', () => {
    const { outbox, sent } = setup({ holdBack: true });
    const replied: unknown[] = [];
    for (const method of ['a', 'b', 'c', 'd']) {
      outbox.request(method, {}, () => replied.push(method));
    }
    const methods = (): unknown[] =>
      sent.map((json) => (JSON.parse(json) as { method: unknown }).method);
    assert.deepEqual(methods(), ['a']);
    assert.equal(outbox.unanswered, 4);
    outbox.settle(1, { result: {} });
    assert.deepEqual(methods(), ['a', 'b']);
    outbox.release();
    assert.deepEqual(methods(), ['a', 'b', 'c', 'd']);
    assert.deepEqual(outbox.unansweredIds(), [2, 3, 4]);
    outbox.request('e', {});
    outbox.settle(2, { result: {} });
    outbox.settle(3, { result: {} });
    assert.equal(sent.length, 4);
    outbox.settle(4, { result: {} });
    assert.equal(methods().at(-1), 'e');
    assert.deepEqual(replied, ['a', 'b', 'c', 'd']);
  });

  it('gives up on the oldest request only when that one is late', async () => {
    const now = performance.now.bind(performance);
    try {
      await FakeTimeouts.during(async (clock) => {
        let nowMs = 0;
        performance.now = () => nowMs;
        const pass = (ms: number): void => {
          for (let count = 0; count < ms; count++) {
            nowMs++;
            clock.advance(1);
          }
        };
        const { outbox, givenUp } = setup({ ackTimeoutMs: 60 });
        outbox.request('m', {});
        pass(40);
        outbox.request('m', {});
        outbox.settle(1, { result: {} });
        pass(59);
        assert.deepEqual(givenUp, []);
        pass(1);
        assert.deepEqual(givenUp, [2]);
        await Promise.resolve();
      });
    } finally {
      performance.now = now;
    }
  });

  it('is quiet after it was closed', async () => {
    const { outbox, sent, givenUp } = setup({ ackTimeoutMs: 20 });
    outbox.request('m', {});
    outbox.close();
    outbox.request('m', {});
    await delay(40);
    assert.equal(sent.length, 1);
    assert.deepEqual(givenUp, []);
  });
});
