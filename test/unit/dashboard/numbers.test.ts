import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { percent, pluralForm } from '../../../src/dashboard/numbers';

describe('dashboard/numbers', () => {
  it('chooses the form by the rules of the language', () => {
    const forms = { one: '{0} miss', other: '{0} misses' };
    const chosen = (language: string, values: readonly number[]): string[] =>
      values.map((value) => pluralForm(value, forms, language));
    assert.deepEqual(chosen('en', [0, 1, 2, 21]), [
      forms.other,
      forms.one,
      forms.other,
      forms.other,
    ]);
    assert.deepEqual(chosen('fr', [0, 1, 2]), [forms.one, forms.one, forms.other]);
    assert.deepEqual(chosen('ru', [1, 2, 5, 21]), [forms.one, forms.other, forms.other, forms.one]);
    assert.deepEqual(chosen('zh-cn', [0, 1, 2]), [forms.other, forms.other, forms.other]);
  });

  it('writes shares as percents, nothing and all only where they are that', () => {
    for (const [share, text] of [
      [0, '0%'],
      [1e-9, '<1%'],
      [0.0049, '<1%'],
      [0.005, '1%'],
      [0.8696, '87%'],
      [0.9949, '99%'],
      [0.995, '>99%'],
      [0.9999, '>99%'],
      [1, '100%'],
    ] as const) {
      assert.equal(percent(share), text, String(share));
    }
  });
});
