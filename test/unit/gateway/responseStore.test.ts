import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { ResponseStore, type ResponseStoreLimits } from '../../../src/gateway/responseStore';
import type { StoredResponse } from '../../../src/wire/openaiStoredResponses';
import { ManualClock } from '../../support/manualClock';

const item = (id: string, text = id) => ({ id, type: 'message', text });
const bytesOf = (id: string) => Buffer.byteLength(JSON.stringify([{ id }, [item(`in-${id}`)]]));

function store(limits: Partial<ResponseStoreLimits> = {}) {
  const clock = new ManualClock();
  const all = { maxResponses: 10, maxBytes: 100_000, ttlMs: 1_000, ...limits };
  const responses = new ResponseStore(clock, all);
  const memory = responses.of('a');
  /** Keeps a response of one question and one answer, which goes on from another. */
  const keep = (id: string, previous?: string, to = memory): void => {
    to.keep({
      id,
      body: { id },
      input: [item(`in-${id}`)],
      output: [item(`out-${id}`)],
      previous: previous === undefined ? undefined : to.find(previous),
    });
  };
  return { clock, responses, memory, keep };
}

const idsOf = (found: StoredResponse | undefined) => found?.input.map((given) => given.id);

describe('gateway/responseStore', () => {
  it('gives a response with the whole conversation before it', () => {
    const { memory, keep } = store();
    keep('1');
    keep('2', '1');
    keep('3', '2');
    keep('other', '1');
    const found = memory.find('3');
    assert.ok(found);
    assert.deepEqual(found.body, { id: '3' });
    assert.deepEqual(idsOf(found), ['in-1', 'out-1', 'in-2', 'out-2', 'in-3']);
    assert.deepEqual(found.output, [item('out-3')]);
    assert.deepEqual(idsOf(memory.find('other')), ['in-1', 'out-1', 'in-other']);
    assert.equal(memory.find('4'), undefined);
  });

  it('keeps clients apart, also those that use the same ids', () => {
    const { responses, memory, keep } = store();
    const other = responses.of('b');
    keep('1');
    assert.equal(other.find('1'), undefined);
    assert.equal(other.findItem('in-1'), undefined);
    assert.equal(other.forget('1'), false);
    keep('1', undefined, other);
    assert.ok(other.forget('1'));
    assert.ok(memory.find('1'));
  });

  it('finds items that came in and that went out, the newest of one id', () => {
    const { memory, keep } = store();
    keep('1');
    assert.deepEqual(memory.findItem('in-1'), item('in-1'));
    assert.deepEqual(memory.findItem('out-1'), item('out-1'));
    const again = { id: '2', body: {}, output: [], previous: undefined };
    memory.keep({ ...again, input: [item('in-1', 'changed')] });
    assert.deepEqual(memory.findItem('in-1'), item('in-1', 'changed'));
    memory.forget('1');
    assert.deepEqual(memory.findItem('in-1'), item('in-1', 'changed'));
    assert.equal(memory.findItem('out-1'), undefined);
  });

  it('forgets the one that was used longest ago when there are too many', () => {
    const { responses, memory, keep } = store({ maxResponses: 2 });
    keep('1');
    keep('2');
    memory.find('1');
    keep('3');
    assert.equal(responses.size, 2);
    assert.deepEqual(
      ['1', '2', '3'].filter((id) => memory.find(id)),
      ['1', '3'],
    );
    assert.equal(memory.findItem('in-2'), undefined);
  });

  it('forgets what nobody has used for its time', () => {
    const { clock, responses, memory, keep } = store();
    keep('1');
    clock.advance(900);
    assert.ok(memory.find('1'));
    clock.advance(900);
    assert.ok(memory.findItem('in-1'));
    clock.advance(1_001);
    assert.equal(memory.findItem('in-1'), undefined);
    assert.equal(memory.find('1'), undefined);
    assert.equal(responses.bytes, 0);
    keep('2');
    clock.advance(1_001);
    keep('3');
    assert.equal(responses.size, 1);
  });

  it('finds an item for as long as any response holds it', () => {
    const { clock, memory, keep } = store({ maxResponses: 3 });
    keep('1');
    /** A client without a memory of its own sends all that was said again. */
    const again = (id: string) => {
      memory.keep({ id, body: {}, input: [item('out-1', id)], output: [], previous: undefined });
    };
    again('2');
    again('3');
    assert.deepEqual(memory.findItem('out-1'), item('out-1', '3'));
    memory.forget('3');
    assert.deepEqual(memory.findItem('out-1'), item('out-1', '2'));
    memory.forget('2');
    assert.deepEqual(memory.findItem('out-1'), item('out-1'));
    again('4');
    assert.ok(memory.find('1'));
    // Pushes out the one used longest ago, which is the newest that holds the item.
    keep('5');
    keep('6');
    assert.equal(memory.find('4'), undefined);
    assert.deepEqual(memory.findItem('out-1'), item('out-1'));
    again('7');
    clock.advance(900);
    assert.ok(memory.find('1'));
    clock.advance(200);
    assert.deepEqual(memory.findItem('out-1'), item('out-1'), 'the newer one has expired');
    memory.forget('1');
    assert.equal(memory.findItem('out-1'), undefined);
  });

  it('holds what came before for as long as anything goes on from it', () => {
    const { responses, memory, keep } = store();
    keep('1');
    keep('2', '1');
    assert.ok(memory.forget('1'));
    assert.equal(memory.find('1'), undefined);
    assert.deepEqual(idsOf(memory.find('2')), ['in-1', 'out-1', 'in-2']);
    assert.equal(responses.bytes, bytesOf('1') + bytesOf('2'));
    assert.ok(memory.forget('2'));
    assert.equal(responses.bytes, 0);
  });

  it('goes on from a response that was forgotten during the turn', () => {
    const { responses, memory, keep } = store();
    keep('1');
    const previous = memory.find('1');
    memory.forget('1');
    memory.keep({ id: '2', body: { id: '2' }, input: [item('in-2')], output: [], previous });
    assert.deepEqual(idsOf(memory.find('2')), ['in-1', 'out-1', 'in-2']);
    assert.equal(responses.bytes, bytesOf('1') + bytesOf('2'));
  });

  it('does not keep what would leave no room for anything else', () => {
    const { responses, memory, keep } = store({ maxBytes: 200 });
    keep('1');
    memory.keep({
      id: 'big',
      body: {},
      input: [item('x', 'x'.repeat(300))],
      output: [],
      previous: undefined,
    });
    assert.equal(memory.find('big'), undefined);
    assert.ok(memory.find('1'));
    assert.equal(responses.size, 1);
  });

  it('survives a conversation of very many turns', () => {
    const { responses, memory, keep } = store({ maxResponses: 1, maxBytes: 1e9 });
    keep('0');
    for (let n = 1; n <= 3_000; n++) keep(String(n), String(n - 1));
    assert.equal(idsOf(memory.find('3000'))?.length, 6_001);
    assert.ok(memory.forget('3000'));
    assert.equal(responses.bytes, 0);
  });

  it('never exceeds its limits, and counts every byte once', () => {
    const step = fc.record({
      id: fc.nat(20).map(String),
      previous: fc.option(fc.nat(20).map(String)),
      forget: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { responses, memory, keep } = store({ maxResponses: 6, maxBytes: 400 });
        const kept = new Set<string>();
        for (const { id, previous, forget } of steps) {
          if (forget) memory.forget(id);
          // Ids are never used twice.
          else if (!kept.has(id)) {
            kept.add(id);
            keep(id, previous ?? undefined);
          }
          assert.ok(responses.size <= 6);
          assert.ok(responses.bytes <= 400, String(responses.bytes));
        }
        for (const id of kept) memory.forget(id);
        assert.deepEqual([responses.size, responses.bytes], [0, 0]);
      }),
    );
  });
});
