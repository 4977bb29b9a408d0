import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { agentUsage, contextUsage } from '../../../src/lingma/usage';
import { assertNothingLeft, useChatAsk } from '../../support/chatAsk';

describe('lingma: token figures', () => {
  const start = useChatAsk();

  it('what is in use before the answer is the question, afterwards the answer as well', () => {
    assert.deepEqual(contextUsage({ usedTokens: 90, limitTokens: 1_000 }, false), {
      inputTokens: 90,
    });
    assert.deepEqual(contextUsage({ usedTokens: 99 }, true), { totalTokens: 99 });
  });

  it('what is no figure is none', () => {
    for (const fields of [undefined, null, 7, {}, { usedTokens: '9' }, { usedTokens: -1 }]) {
      assert.equal(contextUsage(fields, true), undefined);
    }
    assert.equal(contextUsage({ usedTokens: 0 }, true), undefined);
    assert.equal(contextUsage({ usedTokens: 1.5 }, true), undefined);
    for (const holder of [undefined, {}, { usage: null }, { usage: { inputTokens: 'many' } }]) {
      assert.equal(agentUsage(holder), undefined);
    }
  });

  it('an agent counts its turns', () => {
    const usage = { inputTokens: 9, outputTokens: 4, cachedReadTokens: 5, thoughtTokens: 1 };
    assert.deepEqual(agentUsage({ usage }), {
      inputTokens: 9,
      outputTokens: 4,
      cachedTokens: 5,
      reasoningTokens: 1,
    });
  });

  it('come with the answer of the turn, also without an id when there is only one', async () => {
    const bench = start();
    const turn = bench.ask();
    bench.event('context/usage/sync', { usedTokens: 90, limitTokens: 1_000 });
    turn.say('Hello');
    turn.event('context/usage/sync', { usedTokens: 97, limitTokens: 1_000 });
    turn.finish();
    assert.equal((await turn.outcome()).text, 'Hello');
    assert.deepEqual(turn.completed[0]?.usage, { inputTokens: 90, totalTokens: 97 });
    assertNothingLeft(bench);
  });

  it('without an id are nobody’s when there are two turns', async () => {
    const bench = start();
    const turns = [bench.ask(), bench.ask()];
    bench.event('context/usage/sync', { usedTokens: 90 });
    for (const turn of turns) turn.say('Hello').finish();
    for (const turn of turns) {
      await turn.outcome();
      assert.equal(turn.completed[0]?.usage, undefined);
    }
  });
});
