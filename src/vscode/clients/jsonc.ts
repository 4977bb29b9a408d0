/** Edits JSON with comments: what is there already is neither moved nor laid out anew. */
import {
  findNodeAtLocation,
  type Node,
  parse,
  type ParseError,
  parseTree,
  visit,
} from 'jsonc-parser';
import {
  type EditResult,
  edited,
  type Entry,
  lineAt,
  lineBreakOf,
  sameData,
  shapeProblem,
  splice,
  syntaxProblem,
  valueAt,
  withEntry,
} from './edit';

const OPTIONS = { allowTrailingComma: true, disallowComments: false };

/**
 * The text with every entry at its place; a null text is a file that is not there yet. Trailing
 * commas and comments are accepted and stay.
 */
export function setJson(text: string | null, entries: readonly Entry[]): EditResult {
  let result = text === null || text.trim() === '' ? '{}\n' : text;
  const broken = problemOf(result);
  if (broken) return broken;
  for (const entry of entries) {
    const before = readJson(result);
    if (sameData(valueAt(before, entry.path), entry.value)) continue;
    const changed = setOne(result, entry);
    const sound = changed !== undefined && sameData(readJson(changed), withEntry(before, entry));
    if (!sound) return shapeProblem(entry.path.join('.'));
    result = changed;
  }
  return edited(result);
}

/**
 * The text with the items at the end of the list at `path`, which is made when it is missing; what
 * the list has stays as it is written. To be given a text that `setJson` has accepted.
 */
export function appendJson(
  text: string,
  path: Entry['path'],
  items: readonly unknown[],
): EditResult {
  const before = readJson(text);
  const present = valueAt(before, path);
  if (present === undefined) return setJson(text, [{ path, value: items }]);
  if (!Array.isArray(present)) return shapeProblem(path.join('.'));
  let result = text;
  for (const item of items) {
    const root = parseTree(result, [], OPTIONS);
    const list = root && findNodeAtLocation(root, [...path]);
    if (list?.type !== 'array') return shapeProblem(path.join('.'));
    result = addMember(result, list, (indent) => layOut(result, item, indent));
  }
  const wanted = withEntry(before, { path, value: [...(present as unknown[]), ...items] });
  return sameData(readJson(result), wanted) ? edited(result) : shapeProblem(path.join('.'));
}

/** The data of a text that `setJson` accepts; undefined for a text that is no JSON at all. */
export function readJson(text: string | null): unknown {
  return text === null ? undefined : (parse(text, [], OPTIONS) as unknown);
}

function problemOf(text: string): EditResult | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, OPTIONS);
  const [error] = errors;
  if (error) return syntaxProblem(lineAt(text, error.offset));
  return root?.type === 'object' ? undefined : syntaxProblem(1);
}

function setOne(text: string, { path, value }: Entry): string | undefined {
  const root = parseTree(text, [], OPTIONS);
  if (!root) return undefined;
  const there = findNodeAtLocation(root, [...path]);
  if (there) {
    const json = layOut(text, value, indentOfLine(text, there.offset));
    return splice(text, there.offset, there.offset + there.length, json);
  }
  // The deepest object that is there takes the rest of the way as one new property.
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const parent = findNodeAtLocation(root, path.slice(0, depth));
    if (!parent) continue;
    if (parent.type !== 'object') return undefined;
    const nested = path
      .slice(depth + 1)
      .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    const name = JSON.stringify(path[depth]);
    return addMember(text, parent, (indent) => `${name}: ${layOut(text, nested, indent)}`);
  }
  return undefined;
}

/** Adds a property to an object, or an item to a list, as `member` lays it out for an indentation. */
function addMember(text: string, parent: Node, member: (indent: string) => string): string {
  const eol = lineBreakOf(text);
  const last = parent.children?.at(-1);
  const close = parent.offset + parent.length - 1;

  if (!last) {
    const outer = indentOfLine(text, parent.offset);
    const indent = outer + indentUnit(text);
    const inner = text.slice(parent.offset + 1, close);
    // Comments inside stay in front of what is added.
    const kept = inner.trimEnd();
    const added = `${kept}${eol}${indent}${member(indent)}${eol}${outer}`;
    return splice(text, parent.offset + 1, close, added);
  }

  const { comma, lineEnd } = restOfLine(text, last.offset + last.length, close);
  const first = parent.children?.[0] ?? last;
  if (!text.slice(parent.offset, first.offset).includes('\n')) {
    const end = last.offset + last.length;
    return comma === undefined
      ? splice(text, end, end, `, ${member(indentOfLine(text, parent.offset))}`)
      : splice(text, comma + 1, comma + 1, ` ${member(indentOfLine(text, parent.offset))},`);
  }
  const indent = indentOfLine(text, first.offset);
  const line = `${eol}${indent}${member(indent)}${comma === undefined ? '' : ','}`;
  const withLine = splice(text, lineEnd, lineEnd, line);
  const end = last.offset + last.length;
  return comma === undefined ? splice(withLine, end, end, ',') : withLine;
}

/**
 * What follows the last property: where its trailing comma is, if it has one, and where the comments
 * end that stand on the same line and so belong to it.
 */
function restOfLine(
  text: string,
  from: number,
  close: number,
): { readonly comma: number | undefined; readonly lineEnd: number } {
  let comma: number | undefined;
  let lineEnd = from;
  const take = (offset: number, length: number, isComma: boolean): void => {
    if (offset < from || offset >= close) return;
    if (isComma) comma = offset;
    // A comma may stand on a line of its own: what is added goes behind it all the same.
    if (isComma || !text.slice(lineEnd, offset).includes('\n')) lineEnd = offset + length;
  };
  visit(
    text,
    {
      onSeparator: (_, offset, length) => {
        take(offset, length, true);
      },
      onComment: (offset, length) => {
        take(offset, length, false);
      },
    },
    OPTIONS,
  );
  return { comma, lineEnd };
}

/** The value as JSON, its further lines indented for a place with this indentation. */
function layOut(text: string, value: unknown, indent: string): string {
  const json = JSON.stringify(value, null, indentUnit(text));
  return json.replaceAll('\n', lineBreakOf(text) + indent);
}

/** What one level is indented by; two spaces where the text does not show it. */
function indentUnit(text: string): string {
  return /\{[^\S\n]*\r?\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
}

function indentOfLine(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}
