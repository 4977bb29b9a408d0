/** The program behind a request, as it names itself. */

const MAX_LENGTH = 40;

/**
 * The product that a `User-Agent` begins with, without its version: `claude-cli` of
 * `claude-cli/2.1.0 (external, cli)`. At most 40 characters of printable ASCII; null when there are
 * none.
 */
export function agentName(userAgent: string | undefined): string | null {
  const product = /^[^/(]*/.exec(userAgent ?? '')?.[0] ?? '';
  const printable = product.replace(/[^\x20-\x7e]/g, '').trim();
  return printable.slice(0, MAX_LENGTH).trim() || null;
}
