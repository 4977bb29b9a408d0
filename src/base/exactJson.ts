/**
 * JSON whose numbers keep their digits. A double holds 15 of them; an id of 64 bits has 19, and one
 * that is rounded on its way is another id. Values hold ordinary numbers everywhere; beside them it
 * is remembered how those were spelled that a double cannot keep.
 *
 * Parsers written in JavaScript take thirty times as long and as much of the stack as a body is deep.
 * So the native one does the work, on a text in which such numbers stand as marked strings.
 */
import { randomBytes } from 'node:crypto';

/** Begins the string that stands for a number; nobody outside of this process can know it. */
const MARK = `exact-number-${randomBytes(12).toString('base64url')}:`;
const QUOTED_MARK = `"${MARK}`;
/** Decimal digits that every double keeps. */
const EXACT_DIGITS = 15;
/** So many digits and points in a row may be a number that a double cannot keep. */
const LONG = EXACT_DIGITS + 1;
/** And so may an exponent of three digits. */
const LARGE_EXPONENT = /(?:^|[\s:,[])-?\d[\d.]*[eE][+-]?\d{3}/;

type Json = Readonly<Record<string, unknown>>;

/** Spellings of members, by the object or list that holds them. */
const spellings = new WeakMap<object, Map<string, string>>();

/**
 * As `JSON.parse`, and {@link writeJson} will write the value, or any object or list inside it, with
 * the digits that its long numbers had. Throws a SyntaxError for what is no JSON.
 * @param mostLong How many numbers may be longer than a double; each costs several times what an
 * ordinary one does. Throws a RangeError for more.
 */
export function parseJson(json: string, mostLong = Number.POSITIVE_INFINITY): unknown {
  const value: unknown = JSON.parse(json);
  const marked = mayHoldLongNumbers(json) ? markNumbers(json, mostLong) : json;
  if (marked === json) return value;
  const holder = { '': JSON.parse(marked) as unknown };
  unmark(holder);
  return holder[''];
}

/** As `JSON.stringify`, with the digits that {@link parseJson} has met. */
export function writeJson(value: unknown): string {
  if (!holdsLongNumbers(value)) return JSON.stringify(value);
  const json = JSON.stringify(value, function (this: object, key: string, member: unknown) {
    const spelling = typeof member === 'number' ? spellings.get(this)?.get(key) : undefined;
    return spelling === undefined ? member : MARK + spelling;
  });
  return withoutMarks(json);
}

/** A value that has been written already. */
export class JsonText {
  constructor(readonly json: string) {}
}

/**
 * `json` with its value changed, and spelled as `JSON.stringify` does; numbers that a double cannot
 * keep stay as they are. Throws a SyntaxError for what is no JSON.
 * @param change Is given a value in which such numbers are strings, and must leave strings alone.
 */
export function rewriteJson(json: string, change: (value: unknown) => unknown): string {
  const value: unknown = JSON.parse(json);
  const marked = markNumbers(json);
  if (marked === json) return JSON.stringify(change(value));
  return withoutMarks(JSON.stringify(change(JSON.parse(marked))));
}

/**
 * How the number `holder[key]` was spelled, where a double cannot keep it and {@link parseJson} has
 * met it; otherwise undefined.
 */
export function spellingOf(holder: object, key: string | number): string | undefined {
  return typeof (holder as Record<string | number, unknown>)[key] === 'number'
    ? spellings.get(holder)?.get(String(key))
    : undefined;
}

/** Whether {@link writeJson} writes the value differently from `JSON.stringify`. */
export function holdsLongNumbers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const found: object[] = [value];
  for (let holder = found.pop(); holder; holder = found.pop()) {
    if (spellings.has(holder)) return true;
    const members: readonly unknown[] = Array.isArray(holder) ? holder : Object.values(holder);
    for (const member of members) {
      if (typeof member === 'object' && member !== null) found.push(member);
    }
  }
  return false;
}

/** Whether {@link writeJson} writes both values, which came from JSON, alike. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  if (one === null || other === null || Array.isArray(one) !== Array.isArray(other)) {
    return one === other;
  }
  const keys = Object.keys(one);
  const others = Object.keys(other);
  if (keys.length !== others.length) return false;
  return keys.every(
    (key, index) =>
      key === others[index] &&
      isSameJson((one as Json)[key], (other as Json)[key]) &&
      spellingOf(one, key) === spellingOf(other, key),
  );
}

/** Whether a closer look is worth its while; nearly every text is done with here, strings and all. */
function mayHoldLongNumbers(json: string): boolean {
  // Every row that is long enough crosses one of these places.
  for (let at = LONG - 1; at < json.length; at += LONG) {
    if (!isNumeral(json.charCodeAt(at))) continue;
    let start = at;
    while (isNumeral(json.charCodeAt(start - 1))) start--;
    while (isNumeral(json.charCodeAt(at + 1)) && at - start < LONG) at++;
    if (at + 1 - start >= LONG) return true;
  }
  return LARGE_EXPONENT.test(json);
}

const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

function isNumeral(code: number): boolean {
  return (code >= ZERO && code <= NINE) || code === POINT;
}

function withoutMarks(json: string): string {
  const [first = '', ...pieces] = json.split(QUOTED_MARK);
  let text = first;
  for (const piece of pieces) {
    const quote = piece.indexOf('"');
    text += piece.slice(0, quote) + piece.slice(quote + 1);
  }
  return text;
}

/**
 * Numbers of 16 characters and more, and those with an exponent of three digits. All others are
 * exact: they have 15 digits at most and lie where a double keeps so many.
 */
const DOUBTFUL_NUMBER = /-?\d(?:[\d.eE+-]{15,}|[\d.]*[eE][+-]?\d{3,})/g;

/**
 * @param json Valid JSON; its numbers that a double cannot keep become marked strings. Throws a
 * RangeError for more than `most` of them.
 */
function markNumbers(json: string, most = Number.POSITIVE_INFINITY): string {
  let text = '';
  let copied = 0;
  let marks = 0;
  /** Everything before it has been dealt with; never inside a string. */
  let from = 0;
  let quote = json.indexOf('"');
  let found = doubtfulNumber(json, 0);
  while (found) {
    const { 0: number, index } = found;
    if (quote < 0 || index < quote) {
      from = index + number.length;
      if (!isExact(number)) {
        if (++marks > most) throw new RangeError(`more than ${most} long numbers`);
        text += `${json.slice(copied, index)}${QUOTED_MARK}${number}"`;
        copied = from;
      }
    } else {
      from = stringEnd(json, quote);
      quote = json.indexOf('"', from);
      if (index >= from) continue;
    }
    found = doubtfulNumber(json, from);
  }
  return text + json.slice(copied);
}

/** The first one from there on, be it inside a string. */
function doubtfulNumber(json: string, from: number): RegExpExecArray | null {
  DOUBTFUL_NUMBER.lastIndex = from;
  return DOUBTFUL_NUMBER.exec(json);
}

/** Where the string that begins at `quote` ends, behind its last quote. */
function stringEnd(json: string, quote: number): number {
  for (let end = json.indexOf('"', quote + 1); ; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
}

const WHOLE_NUMBER = /^-?\d+$/;

/** Whether a double stands for this very number, so that its own spelling can replace this one. */
function isExact(number: string): boolean {
  const value = Number(number);
  if (Number.isSafeInteger(value) && WHOLE_NUMBER.test(number)) return true;
  const shown = String(value);
  if (shown === number) return true;
  // Below this, whole numbers are shown digit by digit: other digits are another number.
  if (Math.abs(value) < 1e21 && WHOLE_NUMBER.test(number)) return false;
  if (!Number.isFinite(value)) return false;
  const { digits, exponent } = decimal(number);
  if (value !== 0 && digits.length <= EXACT_DIGITS) return true;
  const kept = decimal(shown);
  return kept.digits === digits && kept.exponent === exponent;
}

/** A number's significant digits, none for zero, and the power of ten behind them. */
function decimal(number: string): { digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = number.replace(/^-/, '').split(/[eE]/);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  let first = 0;
  while (all[first] === '0') first++;
  let end = all.length;
  while (end > first && all[end - 1] === '0') end--;
  const digits = all.slice(first, end);
  const exponent = Number(power) - fraction.length + (all.length - end);
  return { digits, exponent: digits === '' ? 0 : exponent };
}

/**
 * Turns marked strings back into numbers and remembers how they were spelled. Goes through its own
 * list, because bodies may be nested deeper than the stack is.
 */
function unmark(root: object): void {
  const found: object[] = [root];
  const visit = (holder: object, key: string | number, member: unknown): void => {
    if (typeof member === 'object' && member !== null) found.push(member);
    if (typeof member !== 'string' || !member.startsWith(MARK)) return;
    const spelling = member.slice(MARK.length);
    const known = spellings.get(holder) ?? new Map<string, string>();
    spellings.set(holder, known.set(String(key), spelling));
    // The parser made it a member of its own, `__proto__` included, so no setter is called.
    (holder as Record<string | number, unknown>)[key] = Number(spelling);
  };
  for (let holder = found.pop(); holder; holder = found.pop()) {
    const members = holder as Record<string, unknown>;
    // A list of millions must not become as many pairs.
    if (Array.isArray(holder))
      for (const [at, member] of holder.entries()) visit(holder, at, member);
    else for (const key of Object.keys(members)) visit(holder, key, members[key]);
  }
}
