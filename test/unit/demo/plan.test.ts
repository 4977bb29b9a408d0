import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readScript } from '../../../src/demo/directives';
import { type Step, planTurn } from '../../../src/demo/plan';

function plan(
  prompt: string,
  more: { delayMs?: number; prefillMs?: number; gapMs?: number } = {},
): Step[] {
  return planTurn({
    script: readScript(prompt),
    reply: () => 'Good day',
    thinking: undefined,
    deltaChars: 5,
    delayMs: more.delayMs ?? 0,
    prefillMs: more.prefillMs ?? 0,
    gapMs: more.gapMs ?? 0,
  });
}

function brief(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    switch (step.kind) {
      case 'wait':
        return `wait ${step.ms}`;
      case 'progress':
        return step.step;
      case 'answer':
        return step.overwrite ? `over:${step.text}` : step.text;
      case 'think':
        return `think:${step.text}`;
      case 'finish':
        return `finish ${String(step.statusCode)}`;
      default:
        return step.kind;
    }
  });
}

describe('demo plan', () => {
  it('has no waits by default', () => {
    assert.deepEqual(brief(plan('x')), [
      'step_start',
      'title',
      'Good ',
      'day',
      'step_end',
      'finish 200',
    ]);
  });

  it('waits before the first delta and between deltas', () => {
    const steps = ['step_start', 'title', 'wait 7', 'Good ', 'wait 8', 'day', 'step_end'];
    assert.deepEqual(brief(plan('x', { delayMs: 7, gapMs: 8 })), [...steps, 'finish 200']);
    const scripted = plan('DEMO:words 2\nDEMO:delay 0\nDEMO:gap 1', { delayMs: 7, gapMs: 8 });
    assert.deepEqual(brief(scripted).slice(2, 5), ['word1 ', 'wait 1', 'word2']);
  });

  it('adds the time to read the prompt to whatever delay there is', () => {
    assert.equal(brief(plan('x', { prefillMs: 4 }))[2], 'wait 4');
    assert.equal(brief(plan('x', { prefillMs: 4, delayMs: 3 }))[2], 'wait 7');
    assert.equal(brief(plan('DEMO:delay 9', { prefillMs: 4, delayMs: 3 }))[2], 'wait 13');
  });

  it('cuts the answer where the script ends it', () => {
    assert.deepEqual(brief(plan('DEMO:words 9\nDEMO:status-after 1 500')), [
      'step_start',
      'title',
      'word1 ',
      'step_end',
      'finish 500',
    ]);
    assert.deepEqual(brief(plan('DEMO:exit 1')), ['step_start', 'title', 'Good ', 'exit']);
    assert.deepEqual(brief(plan('DEMO:hang')), ['hang']);
    assert.deepEqual(brief(plan('DEMO:words 1\nDEMO:raw-after 0 "{"')).slice(2, 3), ['raw']);
    assert.deepEqual(brief(plan('DEMO:hang-after 0')), ['step_start', 'title', 'hang']);
  });

  it('streams a draft before it overwrites', () => {
    const steps = brief(plan('DEMO:overwrite final'));
    assert.ok(steps.indexOf('over:final') > 3);
    assert.deepEqual(steps.slice(-2), ['step_end', 'finish 200']);
  });

  it('thinks before it answers', () => {
    const steps = brief(plan('DEMO:think one two\nDEMO:echo x'));
    assert.deepEqual(steps.slice(2, 6), ['think:one ', 'think:two', 'think:', 'x']);
  });

  it('thinks again after as many deltas as it was told', () => {
    const steps = brief(plan('DEMO:words 3\nDEMO:think-after 2 hm'));
    assert.deepEqual(steps.slice(2, 7), ['word1 ', 'word2 ', 'think:hm', 'think:', 'word3']);
  });

  it('streams exactly the deltas it was given, in the shape it was told', () => {
    const steps = plan('DEMO:deltas ["a very long one", "", "b"]\nDEMO:content array');
    assert.deepEqual(brief(steps).slice(2, 5), ['a very long one', '', 'b']);
    assert.deepEqual(steps[2], {
      kind: 'answer',
      text: 'a very long one',
      overwrite: false,
      content: 'array',
    });
  });

  it('ends with the reason and the whole answer it was told', () => {
    const steps = plan('DEMO:echo a\nDEMO:full-answer "a\\nb"\nDEMO:finish-reason cancelled');
    assert.deepEqual(steps.at(-1), {
      kind: 'finish',
      statusCode: 200,
      reason: 'cancelled',
      fullAnswer: 'a\nb',
    });
  });
});
