import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Message } from '../../../src/conversation/messages';
import { InputTokens } from '../../../src/gateway/inputTokens';
import { Chain } from '../../../src/session/chain';
import { assistant, user } from '../../support/messages';

const none = { session: undefined, matched: 0 };
const owner = { instanceId: 'lingma-1', incarnation: 1 };
const held = {
  session: { sessionId: 's', owner, messageCount: 2, turns: 1, reminders: [] },
  matched: 2,
};

/** Ten tokens for each message, and a record of what was counted. */
function bench() {
  const counted: number[] = [];
  const tokens = new InputTokens({
    messages: (messages: readonly Message[]) => {
      counted.push(messages.length);
      return 10 * messages.length;
    },
  });
  const turn = (messages: readonly Message[]) => ({
    messages,
    chain: new Chain('scope', messages),
    toolTokens: () => 5,
  });
  return { tokens, turn, counted };
}

describe('gateway/inputTokens', () => {
  const asked = [user('one')];
  const answer = assistant('two');
  const next = [...asked, answer, user('three')];

  it('counts all of a conversation that is new', () => {
    const { tokens, turn } = bench();
    assert.deepEqual(tokens.of(turn(next), none), { inputTokens: 35, cachedTokens: 0 });
  });

  it('counts the answer and what is new of one that goes on, with the same result', () => {
    const { tokens, turn, counted } = bench();
    const before = turn(asked);
    tokens.answered(before.chain.headAfter(answer), tokens.of(before, none));
    counted.length = 0;
    const usage = tokens.of(turn(next), held);
    assert.deepEqual(usage, { inputTokens: 35, cachedTokens: 25 });
    assert.deepEqual(counted, [1, 1]);
  });

  it('knows a conversation whose session is gone, and calls nothing of it cached', () => {
    const { tokens, turn, counted } = bench();
    const before = turn(asked);
    tokens.answered(before.chain.headAfter(answer), tokens.of(before, none));
    counted.length = 0;
    assert.deepEqual(tokens.of(turn(next), none), { inputTokens: 35, cachedTokens: 0 });
    assert.deepEqual(counted, [1, 1]);
  });

  it('counts anew what a session holds when it has forgotten the turn before', () => {
    const { tokens, turn } = bench();
    const usage = tokens.of(turn(next), held);
    assert.deepEqual(usage, { inputTokens: 35, cachedTokens: 25 });
  });
});
