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
