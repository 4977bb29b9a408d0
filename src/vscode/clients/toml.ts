/**
 * Sets strings in TOML. There is no editor for it that keeps comments, so the text is split into
 * statements here and judged by a real parser.
 */
import { parse as parseToml, TomlError, type TomlTable } from 'smol-toml';
import {
  type EditResult,
  edited,
  endingInLineBreak,
  lineBreakOf,
  sameData,
  shapeProblem,
  splice,
  syntaxProblem,
  valueAt,
  withEntry,
} from './edit';

export interface TomlEntry {
  /** The keys of its table and its own. */
  readonly path: readonly [string, ...string[]];
  readonly value: string;
}

/** A table's header or one assignment, without what is a comment or white space around it. */
interface Statement {
  readonly start: number;
  readonly end: number;
  /** Where the value of an assignment begins; undefined for a header. */
  readonly valueStart: number | undefined;
  /** Full path of the table or of the key; undefined inside arrays of tables. */
  readonly path: readonly string[] | undefined;
}

/** The data of a text; whole numbers that no double holds are `bigint`. */
function parse(text: string): TomlTable {
  return parseToml(text, { integersAsBigInt: 'asNeeded' });
}

/** The text with every entry at its place; a null text is a file that is not there yet. */
export function setToml(text: string | null, entries: readonly TomlEntry[]): EditResult {
  let result = text ?? '';
  try {
    parse(result);
  } catch (error) {
    if (error instanceof TomlError) return syntaxProblem(error.line);
    throw error;
  }
  for (const entry of entries) {
    const before = parse(result);
    if (valueAt(before, entry.path) === entry.value) continue;
    const changed = setOne(result, entry);
    if (!says(changed, withEntry(before, entry))) return shapeProblem(entry.path.join('.'));
    result = changed;
  }
  return edited(result);
}

function says(text: string, data: unknown): boolean {
  try {
    return sameData(parse(text), data);
  } catch {
    return false;
  }
}

function setOne(text: string, { path, value }: TomlEntry): string {
  const eol = lineBreakOf(text);
  const table = path.slice(0, -1);
  const line = `${keyText(path.at(-1) ?? '')} = ${JSON.stringify(value)}`;
  const statements = splitStatements(text);

  const there = statements.find(
    (statement) => statement.valueStart !== undefined && samePath(statement.path, path),
  );
  if (there?.valueStart !== undefined) {
    return splice(text, there.valueStart, there.end, JSON.stringify(value));
  }
  const header = statements.findIndex(
    (statement) => statement.valueStart === undefined && samePath(statement.path, table),
  );
  if (table.length > 0 && header === -1) {
    const name = `[${table.map(keyText).join('.')}]`;
    const kept = endingInLineBreak(text);
    return `${kept}${kept === '' ? '' : eol}${name}${eol}${line}${eol}`;
  }
  const following = statements.slice(header + 1);
  const next = following.findIndex(({ valueStart }) => valueStart === undefined);
  const last = (next === -1 ? following : following.slice(0, next)).at(-1);
  const anchor = last ?? statements[header];
  // A key of the root has to stand before every table.
  if (!anchor || (table.length === 0 && !last)) {
    return `${line}${eol}${text === '' || /^\r?\n/.test(text) ? '' : eol}${text}`;
  }
  const lineEnd = endOfLine(text, anchor.end);
  return splice(text, lineEnd, lineEnd, eol + line);
}

/** Every header and assignment of a text that is known to be valid. */
function splitStatements(text: string): Statement[] {
  const found: Statement[] = [];
  let table: readonly string[] | undefined = [];
  let position = 0;
  while (position < text.length) {
    const start = position + (/^\s*/.exec(text.slice(position))?.[0].length ?? 0);
    if (start >= text.length) break;
    if (text[start] === '#') {
      position = endOfLine(text, start);
      continue;
    }
    const { end, equals } = scanStatement(text, start);
    const source = text.slice(start, end);
    if (source.startsWith('[')) {
      table = source.startsWith('[[') ? undefined : keysOf(`${source}\n`);
      found.push({ start, end, valueStart: undefined, path: table });
    } else {
      const keys = keysOf(`${text.slice(start, equals)}= 0`);
      const valueStart = equals + 1 + (/^[ \t]*/.exec(text.slice(equals + 1))?.[0].length ?? 0);
      found.push({ start, end, valueStart, path: table && [...table, ...keys] });
    }
    position = endOfLine(text, end);
  }
  return found;
}

/** Where the statement ends, its comment aside, and where its first `=` outside of quotes is. */
function scanStatement(text: string, start: number): { end: number; equals: number } {
  let equals = -1;
  let depth = 0;
  let end = start;
  let position = start;
  while (position < text.length) {
    const character = text[position] ?? '';
    const quoted = /^("""|'''|"|')/.exec(text.slice(position, position + 3))?.[0];
    if (quoted !== undefined) {
      position = endOfString(text, position, quoted);
      end = position;
      continue;
    }
    if (character === '#') {
      position = endOfLine(text, position);
      continue;
    }
    if (character === '\n' && depth === 0) break;
    if ('[{'.includes(character)) depth++;
    if (']}'.includes(character)) depth--;
    if (character === '=' && equals === -1) equals = position;
    position++;
    if (!/\s/.test(character)) end = position;
  }
  return { end, equals };
}

function endOfString(text: string, start: number, quote: string): number {
  let position = start + quote.length;
  while (position < text.length && !text.startsWith(quote, position)) {
    position += quote.startsWith('"') && text[position] === '\\' ? 2 : 1;
  }
  position += quote.length;
  // A text of several lines may end with quotes of its own.
  while (quote.length === 3 && text[position] === quote[0]) position++;
  return position;
}

/** Where the line ends, before its break. */
function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  if (newline === -1) return text.length;
  return text[newline - 1] === '\r' ? newline - 1 : newline;
}

/** The keys that a header or the left side of an assignment names. */
function keysOf(source: string): string[] {
  const keys: string[] = [];
  let value: unknown = parse(source);
  while (typeof value === 'object' && value !== null) {
    const [entry] = Object.entries(value);
    if (!entry) break;
    keys.push(entry[0]);
    value = entry[1];
  }
  return keys;
}

function samePath(left: readonly string[] | undefined, right: readonly string[]): boolean {
  return left?.length === right.length && left.every((key, index) => key === right[index]);
}

function keyText(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}
