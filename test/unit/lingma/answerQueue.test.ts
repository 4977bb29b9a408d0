import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { cancelled } from '../../../src/base/errors';
import { type AnswerEvent, AnswerQueue, MAX_WAITING_BYTES } from '../../../src/lingma/answerQueue';
import { isPending, settled } from '../../support/async';
import { assertCode, rejectionOf } from '../../support/errors';

const text = (delta: string): AnswerEvent => ({ type: 'text', delta });
const reasoning = (delta: string): AnswerEvent => ({ type: 'reasoning', delta });

async function drain(queue: AnswerQueue): Promise<AnswerEvent[]> {
  const events: AnswerEvent[] = [];
  for await (const event of queue) events.push(event);
  return events;
}

describe('lingma/answerQueue', () => {
  it('lets deltas of one kind that nobody has taken grow together', async () => {
    const queue = new AnswerQueue();
    for (const event of [text('a'), text('b'), reasoning('c'), reasoning('d'), text('e')]) {
      queue.push(event);
    }
    queue.end();
    assert.deepEqual(await drain(queue), [text('ab'), reasoning('cd'), text('e')]);
  });

  it('keeps order and content for any events', async () => {
    const anyEvent = fc.record({
      type: fc.constantFrom('text' as const, 'reasoning' as const),
      delta: fc.string({ maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent), fc.array(fc.boolean()), async (events, pauses) => {
        const queue = new AnswerQueue();
        const reading = drain(queue);
        for (const [index, event] of events.entries()) {
          queue.push(event);
          if (pauses[index]) await settled();
        }
        queue.end();
        const join = (all: readonly AnswerEvent[]) =>
          all.flatMap(({ type, delta }) => Array.from(delta, (unit) => `${type}:${unit}`));
        const read = await reading;
        assert.deepEqual(join(read), join(events));
        assert.ok(read.every(({ delta }) => delta !== ''));
      }),
      { numRuns: 50 },
    );
  });

  it('ignores empty deltas', async () => {
    const queue = new AnswerQueue();
    queue.push(text(''));
    queue.end();
    assert.deepEqual(await drain(queue), []);
  });

  it('ends only after everything queued has been read', async () => {
    const queue = new AnswerQueue();
    queue.push(text('a'));
    queue.end();
    const reader = queue[Symbol.asyncIterator]();
    assert.deepEqual(await reader.next(), { done: false, value: text('a') });
    assert.deepEqual(await reader.next(), { done: true, value: undefined });
  });

  it('fails only after everything queued has been read', async () => {
    const queue = new AnswerQueue();
    queue.push(text('a'));
    queue.end(cancelled());
    const reader = queue[Symbol.asyncIterator]();
    assert.deepEqual(await reader.next(), { done: false, value: text('a') });
    assertCode(await rejectionOf(reader.next()), 'cancelled');
    assert.equal((await reader.next()).done, true);
  });

  it('counts only the first end, and takes nothing after it', async () => {
    const queue = new AnswerQueue();
    queue.end();
    queue.end(cancelled());
    queue.push(text('late'));
    assert.deepEqual(await drain(queue), []);
  });

  it('wakes a waiting reader for an event, for the end, and for a failure', async () => {
    for (const finish of ['end', 'fail'] as const) {
      const queue = new AnswerQueue();
      const reader = queue[Symbol.asyncIterator]();
      const first = reader.next();
      assert.ok(await isPending(first));
      queue.push(text('a'));
      assert.deepEqual(await first, { done: false, value: text('a') });
      const second = reader.next();
      assert.ok(await isPending(second));
      queue.end(finish === 'fail' ? cancelled() : undefined);
      if (finish === 'fail') assertCode(await rejectionOf(second), 'cancelled');
      else assert.equal((await second).done, true);
    }
  });

  it('C-10 a slow reader delays nobody and finds what came meanwhile as one event', async () => {
    const queue = new AnswerQueue();
    queue.push(text('a'));
    const reader = queue[Symbol.asyncIterator]();
    await reader.next();
    for (let count = 0; count < 10_000; count++) queue.push(text('x'));
    queue.end();
    assert.deepEqual(await reader.next(), { done: false, value: text('x'.repeat(10_000)) });
    assert.equal((await reader.next()).done, true);
  });

  it('does not change an event that its reader has already taken', async () => {
    const queue = new AnswerQueue();
    queue.push(text('a'));
    const reader = queue[Symbol.asyncIterator]();
    const taken = await reader.next();
    queue.push(text('b'));
    assert.deepEqual(taken, { done: false, value: text('a') });
    assert.deepEqual(await reader.next(), { done: false, value: text('b') });
  });

  it('lets no more wait than its bound, and drops all of that beyond it', async () => {
    const queue = new AnswerQueue();
    const half = text('é'.repeat(MAX_WAITING_BYTES / 4));
    assert.deepEqual([queue.push(half), queue.push(half)], [true, true]);
    assert.equal(queue.push(text('!')), false);
    queue.end(cancelled());
    assertCode(await rejectionOf(drain(queue)), 'cancelled');
  });

  it('counts only what waits, and takes one delta of any size', async () => {
    const queue = new AnswerQueue();
    const reader = queue[Symbol.asyncIterator]();
    const much = 'x'.repeat(MAX_WAITING_BYTES - 1);
    for (let count = 0; count < 3; count++) {
      assert.ok(queue.push(text(much)));
      assert.deepEqual(await reader.next(), { done: false, value: text(much) });
    }
    assert.ok(queue.push(text(`${much}!!`)));
  });

  it('a reader who leaves early does no harm', async () => {
    const queue = new AnswerQueue();
    queue.push(text('a'));
    for await (const event of queue) {
      assert.deepEqual(event, text('a'));
      break;
    }
    queue.push(text('b'));
    queue.end();
  });
});
