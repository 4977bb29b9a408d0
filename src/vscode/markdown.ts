/** Text of others in markdown of ours. */

/** A problem's text may hold anything, a path above all; it must not become a link or markup. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>$~&]/g, '\\$&');
}
