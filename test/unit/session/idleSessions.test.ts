import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { IdleSessions, type Waiting } from '../../../src/session/idleSessions';

const session = (key: string, head: string, storedAtMs: number): Waiting => ({
  key,
  head,
  storedAtMs,
});

describe('session/idleSessions', () => {
  it('is a list by age with an index by head, whatever is added, taken and put back', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('add'), pick: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('take'), pick: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('put back'), pick: fc.nat(9) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const real = new IdleSessions<Waiting>();
        let here: Waiting[] = [];
        let away: Waiting[] = [];
        for (const [now, { kind, pick }] of steps.entries()) {
          if (kind === 'add') {
            const added = session(`s${now}`, `head ${pick}`, now);
            real.add(added);
            here.push(added);
          } else if (kind === 'take') {
            const taken = here[pick];
            if (!taken) continue;
            assert.equal(real.remove(taken), true);
            assert.equal(real.remove(taken), false, 'only once');
            here = here.filter((one) => one !== taken);
            away.push(taken);
          } else {
            const returned = away[pick];
            if (!returned) continue;
            real.add(returned);
            away = away.filter((one) => one !== returned);
            here = [...here, returned].sort((one, two) => one.storedAtMs - two.storedAtMs);
          }
          assert.deepEqual([...real.oldestFirst()], here);
          assert.equal(real.size, here.length);
          for (const one of here) assert.equal(real.get(one.key), one);
          for (const one of away) assert.equal(real.get(one.key), undefined);
          for (const head of ['head 0', 'head 1', 'head 2']) {
            const found = real.findLast(head, () => true);
            assert.equal(
              found !== undefined,
              here.some((one) => one.head === head),
            );
            assert.ok(!found || here.includes(found));
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds the one added last of those that match', () => {
    const sessions = new IdleSessions<Waiting>();
    for (const [index, key] of ['a', 'b', 'c'].entries()) sessions.add(session(key, 'h', index));
    assert.equal(sessions.findLast('h', () => true)?.key, 'c');
    assert.equal(sessions.findLast('h', ({ key }) => key !== 'c')?.key, 'b');
    assert.equal(
      sessions.findLast('h', () => false),
      undefined,
    );
    assert.equal(
      sessions.findLast('other', () => true),
      undefined,
    );
  });

  it('may lose the session it has just given while it is gone through', () => {
    const sessions = new IdleSessions<Waiting>();
    for (const [index, key] of ['a', 'b', 'c'].entries()) sessions.add(session(key, 'h', index));
    for (const one of sessions.oldestFirst()) sessions.remove(one);
    assert.equal(sessions.size, 0);
  });
});
