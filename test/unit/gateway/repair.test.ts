import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { writeCall } from '../../../src/conversation/toolBlocks';
import { type Piece, splitAnswer } from '../../../src/conversation/toolCalls/splitter';
import { AnswerGate, type AnswerRules, judge } from '../../../src/gateway/repair';
import { assertCode } from '../../support/errors';

const TOOLS = new Map<string, unknown>([
  ['read', { title: 'what read takes' }],
  ['run', {}],
]);
const RULES: AnswerRules = {
  tools: TOOLS,
  choice: { mode: 'auto' },
  parallel: true,
  faultIn: ({ argumentsJson }) =>
    Promise.resolve(argumentsJson.includes('bad') ? 'it is bad' : undefined),
};

const good = (n: number): string => writeCall('read', JSON.stringify({ n }));
const bad = writeCall('read', '{"bad":true}');

/** What a client gets: before the repair, and with it. */
async function play(answer: string, second: string | undefined, change: Partial<AnswerRules> = {}) {
  const rules = { ...RULES, ...change };
  const gate = new AnswerGate(rules);
  const before: Piece[] = [];
  for (const piece of splitAnswer(answer, TOOLS)) before.push(...(await gate.add(piece)));
  before.push(...(await gate.end()));
  const { repair } = gate;
  assert.equal((await judge(answer, rules)).repair, repair);
  const after = second === undefined ? [] : await gate.mend(second);
  return { before: shown(before), after: shown(after), repair };
}

async function rejectsWith(turn: Promise<unknown>, code: 'upstream_invalid_tool_call') {
  assertCode(await turn.catch((error: unknown) => error), code);
}

function shown(pieces: readonly Piece[]): string[] {
  return pieces.map((piece) => (piece.type === 'text' ? piece.text.trim() : piece.argumentsJson));
}

describe('gateway/repair', () => {
  it('lets a good answer pass at once', async () => {
    const { before, repair } = await play(`a\n${good(1)}\n${good(2)}\nb`, undefined);
    assert.deepEqual(before, ['a', '{"n":1}', '{"n":2}', 'b']);
    assert.equal(repair, undefined);
  });

  it('holds back from the first bad call on, and puts the repaired ones in their places', async () => {
    const answer = `a\n${good(1)}\n${bad}\nb\n${good(2)}\n${bad}`;
    const { before, after, repair } = await play(answer, `Sorry.\n${good(3)}\n${good(4)}`);
    assert.deepEqual(before, ['a', '{"n":1}']);
    assert.deepEqual(after, ['{"n":3}', 'b', '{"n":2}', '{"n":4}']);
    assert.match(repair ?? '', /call 2, of read: it is bad[^]*what read takes[^]*call 4/);
  });

  it('fails when the second answer is no better', async () => {
    for (const second of ['', 'no', bad, `${good(1)}\n${good(2)}`]) {
      await rejectsWith(play(bad, second), 'upstream_invalid_tool_call');
    }
    await rejectsWith(play(`${bad}${bad}`, good(1)), 'upstream_invalid_tool_call');
  });

  it('has a call made where one must be', async () => {
    const choice = { mode: 'required' } as const;
    assert.equal((await play(good(1), undefined, { choice })).repair, undefined);
    const { before, after } = await play('I think', `${good(1)}${good(2)}`, { choice });
    assert.deepEqual([before, after], [['I think'], ['{"n":1}', '{"n":2}']]);
    await rejectsWith(play('I think', 'so', { choice }), 'upstream_invalid_tool_call');
  });

  it('has the chosen tool called and no other', async () => {
    const choice = { mode: 'named', name: 'run' } as const;
    const run = writeCall('run', '{"n":9}');
    assert.deepEqual((await play(good(1), run, { choice })).after, ['{"n":9}']);
    assert.match((await play('hm', undefined, { choice })).repair ?? '', /run/);
    await rejectsWith(play('hm', good(1), { choice }), 'upstream_invalid_tool_call');
  });

  it('has one call chosen where only one may be made, and keeps the text', async () => {
    const parallel = false;
    assert.deepEqual((await play(`a${good(1)}b`, undefined, { parallel })).before, [
      'a',
      '{"n":1}',
      'b',
    ]);
    const { before, after } = await play(`a${good(1)}b${good(2)}`, good(1), { parallel });
    assert.deepEqual([before, after], [['a'], ['b', '{"n":1}']]);
    await rejectsWith(
      play(`${good(1)}${good(2)}`, `${good(1)}${good(2)}`, { parallel }),
      'upstream_invalid_tool_call',
    );
  });

  it('drops nothing, whatever the answer and wherever it is bad', async () => {
    const part = fc.constantFrom('a', good(1), good(2), bad);
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const faults = parts.filter((one) => one === bad).length;
        const second = faults > 0 ? good(7).repeat(faults) : undefined;
        const { before, after } = await play(parts.join('\n'), second);
        const calls = [...before, ...after].filter((one) => one.startsWith('{'));
        const expected = parts.flatMap((one) => {
          if (one === 'a') return [];
          return one === bad ? ['{"n":7}'] : [one === good(1) ? '{"n":1}' : '{"n":2}'];
        });
        assert.deepEqual(calls, expected);
      }),
    );
  });
});
