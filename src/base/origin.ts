/**
 * The web origin a text names, spelled as browsers send it: `http://localhost:3000`, and also
 * `app://obsidian.md` or `chrome-extension://…`. Undefined for anything else; `*` and `null` are
 * no origins, for they would let in every page or every sandboxed one.
 */
export function parseOrigin(text: string): string | undefined {
  const spelled = text.trim().toLowerCase().replace(/\/$/, '');
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s*\\]+$/.test(spelled)) return undefined;
  if (!/^https?:/.test(spelled)) return spelled;
  // Browsers leave the usual port out.
  return URL.canParse(spelled) ? new URL(spelled).origin : undefined;
}
