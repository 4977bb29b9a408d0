/** `vscode.l10n.t` for the panel: same messages, same placeholders, the host's translations. */
import { pluralForm, type PluralForms } from './numbers';

const bundle = new Map<string, unknown>();

/** Takes over translations: a JSON object of English message → translation. */
export function loadBundle(json: string | undefined): void {
  for (const [message, translation] of Object.entries(JSON.parse(json ?? '{}') as object)) {
    bundle.set(message, translation);
  }
}

/** The message in the user's language; `{0}`, `{1}` … stand for the arguments. */
export function t(message: string, ...args: (string | number)[]): string {
  const translation = bundle.get(message);
  const template = typeof translation === 'string' ? translation : message;
  return template.replace(/\{(\d+)\}/g, (hole, index: string) =>
    String(args[Number(index)] ?? hole),
  );
}

/** `t` with the form that goes with `value`. The arguments are as for `t`, the value among them. */
export function plural(value: number, forms: PluralForms, ...args: (string | number)[]): string {
  return t(pluralForm(value, forms, document.documentElement.lang), ...args);
}
