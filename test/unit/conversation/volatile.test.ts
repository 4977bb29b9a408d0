import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { remindersIn, withoutNoise } from '../../../src/conversation/volatile';
import { assistant, system, user } from '../../support/messages';
import { canonicalMessage } from '../../support/canonical';

const reminder = (text: string): string => `<system-reminder>${text}</system-reminder>`;
const billing = 'x-anthropic-billing-header: cc_version=2.1; cch=1a2b3;';

describe('conversation/volatile', () => {
  it("removes a vendor's billing line, alone or in front of a prompt, from system messages only", () => {
    assert.deepEqual(withoutNoise([system(billing), user('hi')]), [user('hi')]);
    assert.deepEqual(withoutNoise([system(`${billing}\nBe kind.`)]), [system('Be kind.')]);
    assert.deepEqual(withoutNoise([system(billing, 'Be kind.')]), [system('Be kind.')]);
    const kept = [user(billing), system(`Be kind.\n${billing}`)];
    assert.deepEqual(withoutNoise(kept), kept);
  });

  it('leaves reminders out of what identifies a message, wherever they stand', () => {
    const plain = canonicalMessage(user('question'));
    for (const said of [
      user(reminder('date: today'), 'question'),
      user('question', reminder('date: today')),
      user(`${reminder('a')}\nquestion`),
      user(reminder('a'), reminder('b\nc'), 'question'),
    ]) {
      assert.equal(canonicalMessage(said), plain);
    }
    assert.notEqual(
      canonicalMessage(assistant(reminder('a'), 'x')),
      canonicalMessage(assistant('x')),
    );
    assert.notEqual(canonicalMessage(user('<system-reminder>open')), canonicalMessage(user('')));
  });

  it('finds the reminders of users, in order', () => {
    const messages = [
      user(`${reminder('a')} x ${reminder('b')}`),
      assistant(reminder('not one')),
      user(reminder('c')),
    ];
    assert.deepEqual(remindersIn(messages), [reminder('a'), reminder('b'), reminder('c')]);
  });
});
