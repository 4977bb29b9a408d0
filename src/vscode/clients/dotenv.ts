/**
 * Variables in an `.env` file, as one block between two marks. Readers of such files take the last
 * assignment of a name, so the block at the end wins and every line of the user stays.
 */
import { type EditResult, edited, endingInLineBreak, lineBreakOf, shapeProblem } from './edit';

const OPEN = '# >>> Lingma Gateway';
const CLOSE = '# <<< Lingma Gateway';

/** The text with the variables in its block; a null text is a file that is not there yet. */
export function setEnvBlock(
  text: string | null,
  variables: Readonly<Record<string, string>>,
): EditResult {
  const current = text ?? '';
  const eol = lineBreakOf(current);
  const odd = Object.keys(variables).find((name) => quoted(variables[name] ?? '') === undefined);
  if (odd !== undefined) return shapeProblem(odd);
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  const block = [OPEN, ...lines, CLOSE].join(eol);
  const { start, close } = findBlock(current);
  if (close !== -1) {
    return edited(current.slice(0, start) + block + current.slice(close + CLOSE.length));
  }
  const kept = endingInLineBreak(current);
  return edited(`${kept}${kept === '' ? '' : eol}${block}${eol}`);
}

/** The value as shells and readers of such files take it literally; undefined if there is no way. */
function quoted(value: string): string | undefined {
  if (/^[\w./:@+-]*$/.test(value)) return value;
  return /['\r\n]/.test(value) ? undefined : `'${value}'`;
}

/** A mark that lost its other half belongs to the user, as does all that follows it. */
function findBlock(text: string): { readonly start: number; readonly close: number } {
  let start = lineStart(text, OPEN, 0);
  const close = start === -1 ? -1 : lineStart(text, CLOSE, start);
  for (let next = start; next !== -1 && next < close; next = lineStart(text, OPEN, next + 1)) {
    start = next;
  }
  return { start, close };
}

/** Where a line begins that is exactly this one; -1 when there is none. */
function lineStart(text: string, line: string, from: number): number {
  const pattern = new RegExp(`^${line}(?=\\r?$)`, 'm');
  const found = text.slice(from).search(pattern);
  return found === -1 ? -1 : from + found;
}
