import { isRecord } from '../base/json';

/** Deeper than any content is nested; a hostile one must not exhaust the stack. */
const MAX_DEPTH = 4;

/**
 * The text of a content that comes as a string, as one block or as a list of either (protocol §8.1,
 * C-24). A block holds its text in `text` or `content`; one of another type than text has none.
 */
export function contentText(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value;
  if (depth === MAX_DEPTH) return '';
  if (Array.isArray(value)) return value.map((item) => contentText(item, depth + 1)).join('');
  if (!isRecord(value)) return '';
  const { type = 'text', text, content } = value;
  return type === 'text' || type === 'content' ? contentText(text ?? content, depth + 1) : '';
}
