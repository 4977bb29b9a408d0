/** Edits YAML in place: a parser says where things are, and only those places are rewritten. */
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isRecord } from '../../base/json';
import {
  type EditResult,
  edited,
  endingInLineBreak,
  lineBreakOf,
  sameData,
  shapeProblem,
  splice,
  syntaxProblem,
} from './edit';

/** An item of a list of mappings, told from the others by its `name`. */
export interface YamlItem {
  readonly name: string;
  /** What an item that is there must say. */
  readonly kept: Readonly<Record<string, string>>;
  /** What a new one says besides; later it is the user's. */
  readonly initial: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, unknown>>;

interface Reading {
  /** Null for a text without any content. */
  readonly map: YAMLMap | null;
  readonly data: Fields;
}

/** The text with a string at each key of the top level. */
export function setYamlKeys(text: string, values: Readonly<Record<string, string>>): EditResult {
  let result = text;
  for (const [key, value] of Object.entries(values)) {
    const reading = readYaml(result);
    if ('ok' in reading) return reading;
    if (reading.data[key] === value) continue;
    const changed = setKey(result, reading.map, key, value);
    if (!says(changed, { ...reading.data, [key]: value })) return shapeProblem(key);
    result = changed;
  }
  return edited(result);
}

/** The text with the item in the list at `key`, which is made when it is missing. */
export function setYamlItem(text: string, key: string, item: YamlItem): EditResult {
  const reading = readYaml(text);
  if ('ok' in reading) return reading;
  const { map, data } = reading;
  const items = data[key] ?? [];
  if (!Array.isArray(items)) return shapeProblem(key);
  const list: readonly unknown[] = items;
  const index = list.findIndex((entry) => isRecord(entry) && entry['name'] === item.name);
  const found = list[index];
  const fields = isRecord(found)
    ? { ...found, ...item.kept }
    : { name: item.name, ...item.kept, ...item.initial };
  if (sameData(found, fields)) return edited(text);

  const changed = isRecord(found)
    ? changeItem(text, map, key, index, item.kept)
    : addItem(text, map, key, fields);
  const wanted = isRecord(found)
    ? list.map((entry, place) => (place === index ? fields : entry))
    : [...list, fields];
  if (changed === undefined || !says(changed, { ...data, [key]: wanted })) return shapeProblem(key);
  return edited(changed);
}

function readYaml(text: string): Reading | EditResult {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter });
  if (!Array.isArray(parsed) || parsed.length === 0) return { map: null, data: {} };
  const [document, another] = parsed;
  const [error] = parsed.flatMap(({ errors }) => errors);
  if (error) return syntaxProblem(lineCounter.linePos(error.pos[0]).line);
  if (!document || another) return shapeProblem('---');
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return { map: null, data: {} };
  }
  if (!isMap(contents)) return syntaxProblem(1);
  const data: unknown = document.toJS();
  return { map: contents, data: isRecord(data) ? data : {} };
}

function says(text: string, data: Fields): boolean {
  const reading = readYaml(text);
  return !('ok' in reading) && sameData(reading.data, data);
}

function setKey(text: string, map: YAMLMap | null, key: string, value: string): string {
  const pair = pairOf(map, key);
  return pair
    ? replaceValue(text, pair, JSON.stringify(value))
    : appendLines(text, [`${key}: ${JSON.stringify(value)}`]);
}

function changeItem(
  text: string,
  map: YAMLMap | null,
  key: string,
  index: number,
  values: Readonly<Record<string, string>>,
): string | undefined {
  const item = listOf(map, key)?.items[index];
  if (!isMap(item)) return undefined;
  let result = text;
  // From the last to the first, so that the places of the others stay true.
  const pairs = Object.entries(values)
    .map(([name, value]) => ({ name, value, pair: pairOf(item, name) }))
    .sort((left, right) => startOf(right.pair) - startOf(left.pair));
  for (const { value, pair } of pairs) {
    if (pair) result = replaceValue(result, pair, JSON.stringify(value));
  }
  const missing = pairs.filter(({ pair }) => !pair);
  const first = pairOf(item, 'name');
  if (missing.length === 0 || !first) return result;
  const indent = ' '.repeat(columnOf(text, startOf(first)));
  const eol = lineBreakOf(text);
  // The name's own line may have moved, but its length is the same.
  const again = readYaml(result);
  if ('ok' in again) return undefined;
  const moved = listOf(again.map, key)?.items[index];
  const anchor = isMap(moved) ? pairOf(moved, 'name') : undefined;
  const lineEnd = endOfLine(result, endOf(anchor));
  const lines = missing.map(
    ({ name, value }) => `${eol}${indent}${name}: ${JSON.stringify(value)}`,
  );
  return splice(result, lineEnd, lineEnd, lines.join(''));
}

function addItem(
  text: string,
  map: YAMLMap | null,
  key: string,
  fields: Fields,
): string | undefined {
  const eol = lineBreakOf(text);
  const lines = (indent: string): string[] =>
    Object.entries(fields).map(
      ([name, value], index) =>
        `${indent}${index === 0 ? '- ' : '  '}${name}: ${JSON.stringify(value)}`,
    );
  const pair = pairOf(map, key);
  if (!pair) return appendLines(text, [`${key}:`, ...lines('  ')]);
  const list = listOf(map, key);
  if (!list) {
    // A key without a value.
    const lineEnd = endOfLine(text, endOf({ key: pair.key, value: null }));
    return splice(
      text,
      lineEnd,
      lineEnd,
      lines('  ')
        .map((line) => eol + line)
        .join(''),
    );
  }
  const [start = 0, end = 0] = list.range ?? [];
  if (list.flow) {
    const inner = `${list.items.length > 0 ? ', ' : ''}${JSON.stringify(fields)}`;
    return splice(text, end - 1, end - 1, inner);
  }
  const dash = text.slice(text.lastIndexOf('\n', start) + 1).search(/\S/);
  const last = list.items.at(-1);
  const lastEnd = isMap(last) || isScalar(last) || isSeq(last) ? (last.range?.[1] ?? end) : end;
  // The value of a block may end with the line break behind it.
  const lineEnd = endOfLine(text, text.slice(0, lastEnd).trimEnd().length);
  return splice(
    text,
    lineEnd,
    lineEnd,
    lines(' '.repeat(dash))
      .map((line) => eol + line)
      .join(''),
  );
}

function appendLines(text: string, lines: readonly string[]): string {
  const eol = lineBreakOf(text);
  return endingInLineBreak(text) + lines.map((line) => line + eol).join('');
}

function replaceValue(text: string, pair: Pair, value: string): string {
  if (isScalar(pair.value) && pair.value.range && pair.value.source !== '') {
    const [start, end] = pair.value.range;
    return splice(text, start, end, value);
  }
  const colon = text.indexOf(':', endOf({ key: pair.key, value: null })) + 1;
  return splice(text, colon, colon, ` ${value}`);
}

function pairOf(map: YAMLMap | null, key: string): Pair | undefined {
  return map?.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

function listOf(map: YAMLMap | null, key: string): YAMLSeq | undefined {
  const value = pairOf(map, key)?.value;
  return isSeq(value) ? value : undefined;
}

function startOf(pair: Pair | undefined): number {
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
}

/** Where the pair ends: behind its value, or behind its key when it has none. */
function endOf(pair: { readonly key: unknown; readonly value: unknown } | undefined): number {
  const last = isScalar(pair?.value) ? pair.value : pair?.key;
  return isScalar(last) ? (last.range?.[1] ?? 0) : 0;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  if (newline === -1) return text.length;
  return text[newline - 1] === '\r' ? newline - 1 : newline;
}
