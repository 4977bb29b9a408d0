/**
 * Long whole numbers under a JSON schema. Whoever checks a value by a schema compares doubles, and
 * to those two neighbouring ids of 64 bits are one number. So both are given stand-ins first: other
 * doubles, as near as can be, which are equal, smaller and greater where the numbers are.
 */
import { holdsLongNumbers, spellingOf } from '../base/exactJson';

/** From here on not every whole number is a double. */
const FIRST_INEXACT = 2n ** 53n;
/** Well below the largest double, so that there is always a next one. */
const LAST_COMPARED = 2n ** 1000n;
const MOST_DIGITS = 300;

/** Something whose numbers compare as they are spelled. */
interface Comparable {
  /** The given schema itself when none of its numbers had to be replaced. */
  readonly schema: unknown;
  /** A text about it, with the numbers that were meant. */
  readonly restore: (text: string) => string;
}

/** A schema together with a value. */
export interface ComparablePair extends Comparable {
  readonly value: unknown;
}

/** A schema for all values whose numbers a double keeps. */
export interface ComparableSchema extends Comparable {
  /**
   * For any other value; undefined where this schema will do. Costs a walk through the value, and
   * one through the schema when both have such numbers.
   */
  readonly withValue: (value: unknown) => ComparablePair | undefined;
}

/**
 * A schema with stand-ins for what {@link spellingOf} knows of in it. Fractions stay as they are.
 * Schemas and values must be no deeper than the stack.
 */
export function comparableNumbers(given: unknown): ComparableSchema {
  const ofSchema = numbersIn(given);
  const isLong = holdsLongNumbers(given);
  const { schema, restore } = comparablePair(given, undefined, isLong ? ofSchema : new Set());
  return {
    schema,
    restore,
    withValue: (value) => {
      const ofValue = numbersIn(value);
      // Smaller ones are no double's neighbours, whatever the schema says.
      if (ofValue.size === 0 || !(isLong || holdsLongNumbers(value))) return undefined;
      // Without numbers to replace there is no need to look.
      const like = ofSchema.size === 0 ? undefined : given;
      const pair = comparablePair(like, value, new Set([...ofSchema, ...ofValue]));
      return like === undefined ? { ...pair, schema } : pair;
    },
  };
}

function comparablePair(
  schema: unknown,
  value: unknown,
  sizes: ReadonlySet<bigint>,
): ComparablePair {
  const standIns = standInsFor(sizes);
  const standInFor = (number: bigint): number | undefined => {
    const standIn = standIns.get(sizeOf(number));
    return standIn === undefined || number >= 0n ? standIn : -standIn;
  };
  const meant = new Map([...standIns].map(([size, standIn]) => [String(standIn), String(size)]));
  return {
    schema: replaceNumbers(schema, standInFor),
    value: replaceNumbers(value, standInFor),
    restore: (text) =>
      meant.size === 0 ? text : text.replace(LONG, (found) => meant.get(found) ?? found),
  };
}

/** The sizes of the numbers that may need stand-ins. */
function numbersIn(value: unknown): Set<bigint> {
  const sizes = new Set<bigint>();
  replaceNumbers(value, (number) => {
    sizes.add(sizeOf(number));
    return undefined;
  });
  return sizes;
}

/** A number as `String` writes large ones, without its sign. */
const LONG = /\d(?:\.\d+)?e\+\d+|\d{16,}/g;

/** A double of its own for each, in the order of the numbers. */
function standInsFor(sizes: ReadonlySet<bigint>): Map<bigint, number> {
  const standIns = new Map<bigint, number>();
  let last = 0;
  for (const size of [...sizes].sort((left, right) => (left < right ? -1 : 1))) {
    last = Math.max(Number(size), nextDouble(last));
    standIns.set(size, last);
  }
  return standIns;
}

/**
 * A copy in which whole numbers that reach what doubles cannot keep are what `change` gives; the
 * value itself, or a part of it, where nothing changes.
 */
function replaceNumbers(value: unknown, change: (number: bigint) => number | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const holder = value as Readonly<Record<string, unknown>>;
  const replaced = Object.entries(holder).map(([key, member]): [string, unknown] => {
    const number = typeof member === 'number' ? wholeNumber(holder, key, member) : undefined;
    if (number === undefined) return [key, replaceNumbers(member, change)];
    return [key, change(number) ?? member];
  });
  if (replaced.every(([key, member]) => Object.is(member, holder[key]))) return value;
  return Array.isArray(value) ? replaced.map(([, member]) => member) : Object.fromEntries(replaced);
}

/** A member as the number it was spelled as, if it is of those that need a stand-in. */
function wholeNumber(holder: object, key: string, member: number): bigint | undefined {
  const spelling = spellingOf(holder, key);
  if (spelling === undefined && !Number.isInteger(member)) return undefined;
  if (spelling !== undefined && !isWhole(spelling)) return undefined;
  const number = BigInt(spelling ?? digitsOf(member));
  const size = sizeOf(number);
  return size >= FIRST_INEXACT && size < LAST_COMPARED ? number : undefined;
}

/** A whole number as JSON has it, which is not what a large double exactly is, without exponent. */
function digitsOf(number: number): string {
  const [mantissa = '', exponent] = String(number).split('e+');
  if (exponent === undefined) return mantissa;
  const [whole = '', fraction = ''] = mantissa.split('.');
  return whole + fraction.padEnd(Number(exponent), '0');
}

function isWhole(spelling: string): boolean {
  return spelling.length <= MOST_DIGITS && /^-?\d+$/.test(spelling);
}

function sizeOf(number: bigint): bigint {
  return number < 0n ? -number : number;
}

/** The smallest double above a positive one. */
function nextDouble(number: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, number);
  bits.setBigUint64(0, bits.getBigUint64(0) + 1n);
  return bits.getFloat64(0);
}
