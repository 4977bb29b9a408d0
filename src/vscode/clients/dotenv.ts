/**
 * Variables in an `.env` file, as one block between two marks. Readers of such files take the last
 * assignment of a name, so the block at the end wins and every line of the user stays.
 */
import { type EditResult, edited, endingInLineBreak, lineBreakOf } from './edit';

const OPEN = '# >>> Lingma Gateway';
const CLOSE = '# <<< Lingma Gateway';

/** The text with the variables in its block; a null text is a file that is not there yet. */
export function setEnvBlock(
  text: string | null,
  variables: Readonly<Record<string, string>>,
): EditResult {
  const current = text ?? '';
  const eol = lineBreakOf(current);
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const block = [OPEN, ...lines, CLOSE].join(eol);
  const start = lineStart(current, OPEN, 0);
  const close = start === -1 ? -1 : lineStart(current, CLOSE, start);
  if (close !== -1) {
    return edited(current.slice(0, start) + block + current.slice(close + CLOSE.length));
  }
  const kept = endingInLineBreak(current);
  return edited(`${kept}${kept === '' ? '' : eol}${block}${eol}`);
}

/** Where a line begins that is exactly this one; -1 when there is none. */
function lineStart(text: string, line: string, from: number): number {
  const pattern = new RegExp(`^${line}(?=\\r?$)`, 'm');
  const found = text.slice(from).search(pattern);
  return found === -1 ? -1 : from + found;
}
