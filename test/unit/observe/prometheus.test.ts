import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Histogram } from '../../../src/observe/histogram';
import { histogram, metric } from '../../../src/observe/prometheus';
import { readExposition } from '../../support/exposition';

describe('observe/prometheus', () => {
  const family = { name: 'a_total', help: 'What it counts.' };

  function problemsOf(lines: readonly string[]): readonly string[] {
    return readExposition([...lines, ''].join('\n')).problems;
  }

  it('writes what a strict reader takes, whatever stands in a label', () => {
    const odd = 'a "b" \\ c\nd {e="f"} ,';
    const measured = new Histogram([0.1, 1]);
    for (const value of [0.05, 0.5, 5]) measured.add(value);
    const text = [
      ...metric('counter', family, [
        [{ odd }, 2],
        [{ odd: '' }, 0.5],
      ]),
      ...histogram({ name: 'b_seconds', help: 'How long.' }, measured.read()),
      '',
    ].join('\n');
    const { families, problems } = readExposition(text);
    assert.deepEqual(problems, []);
    assert.equal(families.get('a_total')?.samples[0]?.labels['odd'], odd);
    const buckets = families.get('b_seconds')?.samples.map(({ value }) => value);
    assert.deepEqual(buckets, [1, 2, 3, 5.55, 3]);
  });

  it('says nothing of a family without samples', () => {
    assert.deepEqual(metric('gauge', family, []), []);
  });

  it('is read by a reader that would notice', () => {
    const { buckets, ...rest } = new Histogram([1]).read();
    assert.deepEqual(problemsOf(metric('gauge', family, 1)), ['a_total is a gauge']);
    assert.deepEqual(problemsOf(metric('gauge', { ...family, name: 'wait_ms' }, 1)), [
      'wait_ms is badly named',
    ]);
    assert.deepEqual(
      problemsOf(
        metric('counter', family, [
          [{ x: 1 }, 1],
          [{ x: 1 }, 1],
        ]),
      ),
      ['twice: a_total{x="1"} 1'],
    );
    assert.deepEqual(
      problemsOf(histogram({ name: 'h', help: 'x' }, { ...rest, buckets, count: -1 })),
      ['h: its buckets do not rise'],
    );
    assert.deepEqual(problemsOf(['a 1']), ['a stands among the lines of nobody']);
    assert.deepEqual(problemsOf(['# TYPE a gauge', 'a{b="c" 1']), [
      'unreadable: a{b="c" 1',
      'a has no help',
      'a has no samples',
    ]);
  });
});
