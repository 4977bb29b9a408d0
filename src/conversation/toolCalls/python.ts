/**
 * Calls as Python (protocol §6, `tool_code`): statements that are nothing but calls with named
 * arguments and literal values. There is no telling which parameter a value without a name is for.
 */
import type { CallableTools, Recogniser, WrittenCall } from './call';
import type { Reading, Source } from './source';

type Calls = readonly WrittenCall[] | undefined;

/** Names of tools need not be names in Python. */
const NAME_STOPS = /[\s()=,;:'"`{}[\]<>]/g;
const NUMBER_STOPS = /[^\w.+-]/g;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const DEEPEST = 64;
const WORDS: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' };
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\n': '',
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** After an opening of Python that ends with `closing`. */
export function pythonUntil(closing: string): Recogniser {
  return function* (source, tools): Reading<Calls> {
    const calls: WrittenCall[] = [];
    yield* source.spaces();
    while (!(yield* source.closing(closing))) {
      const call = yield* readStatement(source, tools);
      if (!call) return undefined;
      calls.push(call);
      yield* source.literal(';');
      yield* source.spaces();
    }
    return calls.length > 0 ? calls : undefined;
  };
}

function* readStatement(source: Source, tools: CallableTools): Reading<WrittenCall | undefined> {
  const first = yield* source.whileNot(NAME_STOPS);
  if (!(yield* source.literal('('))) return undefined;
  if (first !== 'print' || tools.has(first)) return yield* readArguments(source, first, tools);
  yield* source.spaces();
  const name = yield* source.whileNot(NAME_STOPS);
  if (!(yield* source.literal('('))) return undefined;
  const call = yield* readArguments(source, name, tools);
  yield* source.spaces();
  return call && (yield* source.literal(')')) ? call : undefined;
}

function* readArguments(
  source: Source,
  written: string,
  tools: CallableTools,
): Reading<WrittenCall | undefined> {
  const name = tools.has(written) ? written : written.replace(/^default_api\./, '');
  if (!tools.has(name)) return undefined;
  const members = new Map<string, string>();
  for (;;) {
    yield* source.spaces();
    if (yield* source.literal(')')) break;
    const key = yield* source.whileNot(NAME_STOPS);
    yield* source.spaces();
    if (!key || members.has(key) || !(yield* source.literal('='))) return undefined;
    const value = yield* readValue(source, 0);
    if (value === undefined) return undefined;
    members.set(key, value);
    if (!(yield* atNext(source, ')'))) return undefined;
  }
  return { name, argumentsJson: objectJson(members) };
}

/** Takes the comma after an item, if any; false when neither it nor `closing` follows. */
function* atNext(source: Source, closing: string): Reading<boolean> {
  yield* source.spaces();
  return (yield* source.literal(',')) || (yield* source.peek()) === closing;
}

/** One literal as JSON; undefined when it is something else. */
function* readValue(source: Source, depth: number): Reading<string | undefined> {
  yield* source.spaces();
  const next = yield* source.peek();
  if (next === '"' || next === "'") {
    const text = yield* readString(source, next);
    return text === undefined ? undefined : JSON.stringify(text);
  }
  if (next === '[' || next === '{') {
    source.take();
    if (depth >= DEEPEST) return undefined;
    return next === '[' ? yield* readList(source, depth) : yield* readDict(source, depth);
  }
  const word = yield* source.whileNot(NUMBER_STOPS);
  return Object.hasOwn(WORDS, word) ? WORDS[word] : JSON_NUMBER.test(word) ? word : undefined;
}

function* readList(source: Source, depth: number): Reading<string | undefined> {
  const items: string[] = [];
  for (;;) {
    yield* source.spaces();
    if (yield* source.literal(']')) return `[${items.join(', ')}]`;
    const item = yield* readValue(source, depth + 1);
    if (item === undefined || !(yield* atNext(source, ']'))) return undefined;
    items.push(item);
  }
}

function* readDict(source: Source, depth: number): Reading<string | undefined> {
  const members = new Map<string, string>();
  for (;;) {
    yield* source.spaces();
    if (yield* source.literal('}')) return objectJson(members);
    const quote = yield* source.peek();
    const key = quote === '"' || quote === "'" ? yield* readString(source, quote) : undefined;
    yield* source.spaces();
    if (key === undefined || members.has(key) || !(yield* source.literal(':'))) return undefined;
    const value = yield* readValue(source, depth + 1);
    if (value === undefined || !(yield* atNext(source, '}'))) return undefined;
    members.set(key, value);
  }
}

function objectJson(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([key, value]) => `${JSON.stringify(key)}: ${value}`).join(', ')}}`;
}

function* readString(source: Source, quote: string): Reading<string | undefined> {
  const long = yield* source.literal(quote.repeat(3));
  if (!long && (yield* source.literal(quote.repeat(2)))) return '';
  if (!long) source.take();
  const end = long ? quote.repeat(3) : quote;
  const stops = quote === '"' ? /["\\\n]/g : /['\\\n]/g;
  const text: string[] = [];
  for (;;) {
    text.push(yield* source.whileNot(stops));
    if (yield* source.literal(end)) return text.join('');
    const next = yield* source.peek();
    if (!next || (next === '\n' && !long)) return undefined;
    source.take();
    const read = next === '\\' ? yield* readEscape(source) : next;
    if (read === undefined) return undefined;
    text.push(read);
  }
}

function* readEscape(source: Source): Reading<string | undefined> {
  const kind = yield* source.peek();
  if (!kind) return undefined;
  source.take();
  const plain = ESCAPES[kind];
  if (plain !== undefined) return plain;
  const digits = HEX_DIGITS[kind];
  // Python keeps the backslash of what is no escape.
  if (digits === undefined)
    return '\\\'"'.includes(kind) ? kind : /\d|N/.test(kind) ? undefined : `\\${kind}`;
  let hex = '';
  while (hex.length < digits) {
    const digit = yield* source.peek();
    if (!/^[\da-fA-F]$/.test(digit)) return undefined;
    source.take();
    hex += digit;
  }
  const code = Number.parseInt(hex, 16);
  return code > 0x10ffff ? undefined : String.fromCodePoint(code);
}
