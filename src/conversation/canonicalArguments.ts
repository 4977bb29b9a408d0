/** Tool arguments compared as JSON values: key order, white space and spelling do not matter. */
import { rewriteJson } from '../base/exactJson';

/** Decimal digits that every double keeps. */
const EXACT_DIGITS = 15;

/**
 * The canonical JSON text of a call's arguments: keys sorted, one spelling for each value. Numbers
 * that a double cannot keep stand as they are, because ids may be longer than a double is exact and
 * two of them must not become equal by rounding. What is no JSON stands for itself.
 */
export function canonicalArguments(json: string): string {
  // Some clients write no arguments as nothing at all, and the prompt says the same for both.
  return json === '' ? '{}' : (flatObject(json) ?? anyValue(json));
}

function anyValue(json: string): string {
  try {
    return rewriteJson(json, sortKeys);
  } catch {
    return json;
  }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => [key, sortKeys(member)]),
  );
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const SPACE = 0x20;
const SURROGATES = { first: 0xd800, last: 0xdfff } as const;
/** What JSON.stringify writes behind a backslash, where it needs no code of four digits. */
const ESCAPED = '"\\bfnrt';
const WORDS = ['true', 'false', 'null'];
const NOT_PLAIN = -1;

/**
 * The canonical form of a flat object of plain values, which is what most clients send, without
 * building it: that takes a fraction of the time. Undefined for anything else and when in doubt; a
 * property test holds it against `anyValue`.
 */
function flatObject(json: string): string | undefined {
  if (json.charCodeAt(0) !== OPEN) return undefined;
  const members: Member[] = [];
  let sorted = true;
  let at = 1;
  for (;;) {
    const keyEnd = stringEnd(json, at);
    if (keyEnd === NOT_PLAIN || json.charCodeAt(keyEnd) !== COLON) return undefined;
    const key = json.slice(at + 1, keyEnd - 1);
    // An index comes before other keys wherever it stands, and an escape hides what it sorts as.
    if (isDigit(key.charCodeAt(0)) || key.includes('\\')) return undefined;
    const end = valueEnd(json, keyEnd + 1);
    if (end === NOT_PLAIN) return undefined;
    const last = members.at(-1);
    if (last && key <= last.key) sorted = false;
    members.push({ key, start: at, end });
    const mark = json.charCodeAt(end);
    at = end + 1;
    if (mark === CLOSE) break;
    if (mark !== COMMA) return undefined;
  }
  if (at !== json.length) return undefined;
  return sorted ? json : inOrder(json, members);
}

/** A key and value of an object, and where they stand in its text. */
interface Member {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** Up to so many members, inserting one after the other is faster than sorting. */
const FEW_MEMBERS = 16;

function inOrder(json: string, members: readonly Member[]): string | undefined {
  const sorted = members.length > FEW_MEMBERS ? members.toSorted(byKey) : inserted(members);
  let text = '{';
  let last: string | undefined;
  for (const { key, start, end } of sorted) {
    // Of two members with one name the last counts; that is for a parser to settle.
    if (key === last) return undefined;
    if (text.length > 1) text += ',';
    text += json.slice(start, end);
    last = key;
  }
  return `${text}}`;
}

function inserted(members: readonly Member[]): Member[] {
  const sorted: Member[] = [];
  for (const member of members) {
    let at = sorted.length;
    for (let left = sorted[at - 1]; left && left.key > member.key; left = sorted[at - 1]) {
      sorted[at--] = left;
    }
    sorted[at] = member;
  }
  return sorted;
}

function byKey(left: Member, right: Member): number {
  if (left.key === right.key) return 0;
  return left.key < right.key ? -1 : 1;
}

/** Where the string that begins at `at` ends, behind its last quote. */
function stringEnd(json: string, at: number): number {
  if (json.charCodeAt(at) !== QUOTE) return NOT_PLAIN;
  for (let index = at + 1; index < json.length; index++) {
    const code = json.charCodeAt(index);
    if (code === QUOTE) return index + 1;
    if (code < SPACE || (code >= SURROGATES.first && code <= SURROGATES.last)) return NOT_PLAIN;
    if (code === BACKSLASH && !ESCAPED.includes(json.charAt(++index))) return NOT_PLAIN;
  }
  return NOT_PLAIN;
}

function valueEnd(json: string, at: number): number {
  const code = json.charCodeAt(at);
  if (code === QUOTE) return stringEnd(json, at);
  if (code === MINUS || isDigit(code)) return integerEnd(json, at);
  const word = WORDS.find((one) => json.startsWith(one, at));
  return word === undefined ? NOT_PLAIN : at + word.length;
}

/** Where a whole number that a double keeps ends; fractions and exponents have many spellings. */
function integerEnd(json: string, at: number): number {
  const first = json.charCodeAt(at) === MINUS ? at + 1 : at;
  let end = first;
  while (isDigit(json.charCodeAt(end))) end++;
  const digits = end - first;
  if (digits === 0 || digits > EXACT_DIGITS) return NOT_PLAIN;
  // No leading zero, and no minus before a zero alone.
  return json.charCodeAt(first) === ZERO && end - at > 1 ? NOT_PLAIN : end;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
