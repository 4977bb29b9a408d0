import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AnswerOutput } from '../../../src/gateway/answerOutput';
import { estimates, tokenizer } from '../../support/tokens';

const input = { inputTokens: 100, cachedTokens: 80 };
const rules = {
  tools: new Map<string, unknown>(),
  choice: { mode: 'none' as const },
  parallel: true,
  faultIn: () => Promise.resolve(undefined),
};

async function output(reasoning = true, counter = estimates()): Promise<AnswerOutput> {
  const made = new AnswerOutput({ rules, limits: undefined, reasoning }, counter);
  await made.read({ type: 'reasoning', delta: 'hmm ' });
  await made.read({ type: 'text', delta: 'Hello, you' });
  return made;
}

describe('gateway/answerOutput', () => {
  it('estimates what nobody counted', async () => {
    assert.deepEqual((await output()).usage(input, undefined), {
      ...input,
      outputTokens: 4,
      reasoningTokens: 1,
      estimated: true,
    });
  });

  it('counts it with the tokenizer where there is one', async () => {
    const { outputTokens, reasoningTokens } = (await output(true, await tokenizer())).usage(
      input,
      undefined,
    );
    assert.deepEqual([outputTokens, reasoningTokens], [6, 3]);
  });

  it('does not count thoughts that nobody is shown', async () => {
    const { outputTokens, reasoningTokens } = (await output(false)).usage(input, undefined);
    assert.deepEqual([outputTokens, reasoningTokens], [3, 0]);
  });

  it('takes the figures of the process where there are some', async () => {
    const reported = { inputTokens: 70, outputTokens: 9, cachedTokens: 60, reasoningTokens: 5 };
    assert.deepEqual((await output()).usage(input, reported), { ...reported, estimated: false });
  });

  it('knows the input from the whole, and what was cached is never more than that', async () => {
    const { inputTokens, cachedTokens, estimated } = (await output()).usage(input, {
      totalTokens: 74,
    });
    assert.deepEqual([inputTokens, cachedTokens, estimated], [70, 70, false]);
    assert.equal((await output()).usage(input, { totalTokens: 2 }).inputTokens, 0);
  });
});
