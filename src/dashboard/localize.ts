/** `vscode.l10n.t` for the panel: same messages, same placeholders, the host's translations. */

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
