/** Text of others in markdown and in notifications of ours. */

/** A problem's text may hold anything, a path above all; it must not become a link or markup. */
export function escapeMarkdown(text: string): string {
  // A colon as well: addresses become links by themselves.
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>$~&:=]/g, '\\$&');
}

/**
 * The text of a notification in which nothing is a link: VS Code makes one of `[text](command:…)`,
 * and runs the command when it is clicked.
 */
export function withoutLinks(text: string): string {
  return text.replaceAll('](', '] (');
}
