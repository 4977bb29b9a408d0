/** What words and numbers have to do with each other; pure, so that the status bar uses it too. */

/**
 * A message for one and for several. The language's own rules choose between the two, so `one`
 * holds the number as well: some languages use it for 21, or for 0. Languages with further forms
 * get `other`, whose translation has to fit any number.
 */
export interface PluralForms {
  readonly one: string;
  readonly other: string;
}

/** The form that goes with `value`; `language` is the BCP 47 tag of the words that are shown. */
export function pluralForm(value: number, forms: PluralForms, language: string): string {
  return new Intl.PluralRules(language).select(value) === 'one' ? forms.one : forms.other;
}

/** A share of 1 as `87%`. What is neither nothing nor all is never shown as either. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return '<1%';
  if (share < 1 && share >= 0.995) return '>99%';
  return `${Math.round(share * 100)}%`;
}

/** How long unit names are: `4m` or `4 minutes`. */
export type UnitStyle = 'narrow' | 'long';

/**
 * Milliseconds in at most two units, the smaller of which is left out when it is zero: `840ms`,
 * `1.2s`, `4m 10s`, `3h`. Less than nothing is nothing.
 */
export function formatDuration(ms: number, language: string, style: UnitStyle = 'narrow'): string {
  const unit = (value: number, name: string, digits = 0): string =>
    new Intl.NumberFormat(language, {
      style: 'unit',
      unit: name,
      unitDisplay: style,
      maximumFractionDigits: digits,
    }).format(value);
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1000) return unit(whole, 'millisecond');
  if (whole < 9950) return unit(whole / 1000, 'second', 1);
  const seconds = Math.round(whole / 1000);
  if (seconds < 60) return unit(seconds, 'second');
  const [large, largeName, small, smallName] =
    seconds < 3600
      ? [Math.floor(seconds / 60), 'minute', seconds % 60, 'second']
      : seconds < 86_400
        ? [Math.floor(seconds / 3600), 'hour', Math.floor((seconds % 3600) / 60), 'minute']
        : [Math.floor(seconds / 86_400), 'day', Math.floor((seconds % 86_400) / 3600), 'hour'];
  return small === 0
    ? unit(large, largeName)
    : `${unit(large, largeName)} ${unit(small, smallName)}`;
}

/** A count as people read it at a glance: `940`, `12.3K`, `1.2M`. */
export function formatCompact(value: number, language: string): string {
  return new Intl.NumberFormat(language, {
    notation: 'compact',
    maximumFractionDigits: 1,
  }).format(value);
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes in the largest unit that they fill, by thousands: `940B`, `12.3kB`, `1.2MB`. */
export function formatBytes(value: number, language: string): string {
  const filled = value < 1 ? 0 : Math.floor(Math.log10(value) / 3);
  const power = Math.min(filled, BYTE_UNITS.length - 1);
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: BYTE_UNITS[power],
    unitDisplay: 'narrow',
    maximumFractionDigits: 1,
  }).format(value / 1000 ** power);
}
