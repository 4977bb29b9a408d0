import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  formatBytes,
  formatCompact,
  formatDuration,
  percent,
  pluralForm,
} from '../../../src/dashboard/numbers';

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

  it('writes durations in at most two units', () => {
    for (const [ms, text] of [
      [-5, '0ms'],
      [0, '0ms'],
      [840.4, '840ms'],
      [999.6, '1s'],
      [1240, '1.2s'],
      [9949, '9.9s'],
      [9950, '10s'],
      [59_499, '59s'],
      [59_500, '1m'],
      [250_000, '4m 10s'],
      [3_600_000, '1h'],
      [5_412_000, '1h 30m'],
      [86_400_000, '1d'],
      [90_000_000, '1d 1h'],
    ] as const) {
      assert.equal(formatDuration(ms, 'en'), text, String(ms));
    }
    assert.equal(formatDuration(1_800_000, 'en', 'long'), '30 minutes');
    assert.equal(formatDuration(250_000, 'zh-cn'), '4分钟 10秒');
  });

  it('shortens counts', () => {
    assert.deepEqual(
      [0, 940, 12_345, 1_240_000].map((value) => formatCompact(value, 'en')),
      ['0', '940', '12.3K', '1.2M'],
    );
  });

  it('shows bytes in the largest unit they fill', () => {
    const shown = [0, 1, 999, 1000, 48_900_000, 1.2e9, 3e15].map((value) =>
      formatBytes(value, 'en'),
    );
    assert.deepEqual(shown, ['0B', '1B', '999B', '1kB', '48.9MB', '1.2GB', '3,000TB']);
    assert.equal(formatBytes(3310, 'zh-cn'), '3.3 kB');
  });
});
