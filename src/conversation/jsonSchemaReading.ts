/**
 * What judging by a client's schema may cost, found out before anything is judged. The library walks
 * schema and value in one go and cannot be interrupted, so that a schema is either metered while it
 * does, or used where it may be stopped.
 */
import { isRecord } from '../base/json';

/** A schema as it is used, and what is known of it. */
export interface ReadSchema {
  /** A copy, whose visits are metered and whose patterns can all be compiled; others claim nothing. */
  readonly schema: unknown;
  /** Whether the meter hears of all that it may cost; a regular expression tells it nothing. */
  readonly metered: boolean;
  /** Where a pattern stands that is no regular expression, as a JSON pointer such as `#/pattern`. */
  readonly badPattern: string | undefined;
}

/** What a visit of one subschema costs: some part always, the rest with the size of the value. */
export interface VisitCost {
  /** Steps of some 50 ns each. */
  readonly steps: number;
  /** Whether it looks at every character of a string. */
  readonly readsText: boolean;
  /** Whether it goes through the items of a list; with `true` for them, nothing else tells so. */
  readonly walksList: boolean;
  /** Whether it compares every item of a list with every other. */
  readonly comparesItems: boolean;
}

/** Subschemas that are worth making a validator of in place. */
const MOST_SUBSCHEMAS = 5_000;
/** What the library does at each visit, whatever the subschema says. */
const STEPS_OF_A_VISIT = 60;

/** Formats whose checks take a time in proportion to the text. */
const LINEAR_FORMATS = new Set([
  'date',
  'time',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
  'json-pointer',
]);

/** Members that hold data, in which nothing is a subschema. */
const DATA = new Set(['const', 'enum', 'default', 'required', 'dependentRequired']);
const LISTS = new Set(['prefixItems', 'items', 'allOf', 'anyOf', 'oneOf']);
const MAPS = new Set([
  '$defs',
  'definitions',
  'properties',
  'patternProperties',
  'dependentSchemas',
  'dependencies',
]);
const SUBSCHEMAS = new Set([
  'additionalItems',
  'unevaluatedItems',
  'items',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
]);

const READS_TEXT = ['minLength', 'maxLength', 'format'];
const WALKS_LIST = ['items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'contains'];

/**
 * Reads a schema.
 * @param onVisit Hears, as long as the schema is metered, of each subschema when it is applied.
 */
export function readSchema(schema: unknown, onVisit: (cost: VisitCost) => void): ReadSchema {
  const found = { unseen: false, badPattern: undefined as string | undefined, subschemas: 0 };

  const pattern = (source: string, pointer: string, claims: boolean): string | undefined => {
    const usable = unicodePattern(source);
    if (usable !== undefined) found.unseen = true;
    else if (claims) found.badPattern ??= pointer;
    return usable;
  };
  /** @param claims False where only a `$ref` may make a subschema of it. */
  const copy = (value: unknown, pointer: string, claims: boolean): unknown => {
    if (!isRecord(value)) return value;
    found.subschemas++;
    found.unseen ||= costsUnseen(value);
    const copied: Record<string, unknown> = Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        copyMember(key, member, `${pointer}/${key}`, claims),
      ]),
    );
    dropUnknown(copied);
    meter(copied, onVisit);
    return copied;
  };
  const copyMember = (key: string, member: unknown, at: string, claims: boolean): unknown => {
    if (DATA.has(key)) return member;
    if (key === 'pattern' && typeof member === 'string') return pattern(member, at, claims);
    if (Array.isArray(member)) {
      if (!LISTS.has(key)) return member;
      return member.map((item: unknown, index) => copy(item, `${at}/${index}`, claims));
    }
    if (!isRecord(member)) return member;
    if (!MAPS.has(key)) return copy(member, at, claims && SUBSCHEMAS.has(key));
    const named = Object.entries(member).map(([name, subschema]) => [
      key === 'patternProperties' ? pattern(name, `${at}/${name}`, claims) : name,
      copy(subschema, `${at}/${name}`, claims),
    ]);
    return named.some(([name]) => name === undefined)
      ? undefined
      : (Object.fromEntries(named) as unknown);
  };

  const copied = copy(schema, '#', true);
  const { unseen, subschemas, badPattern } = found;
  return { schema: copied, metered: !unseen && subschemas <= MOST_SUBSCHEMAS, badPattern };
}

/**
 * Takes out what rests on a pattern that cannot be read: it claims nothing, and neither does what
 * would hold for all the members that the pattern leaves over.
 */
function dropUnknown(subschema: Record<string, unknown>): void {
  if ('pattern' in subschema && subschema['pattern'] === undefined) delete subschema['pattern'];
  if (!('patternProperties' in subschema) || subschema['patternProperties'] !== undefined) return;
  delete subschema['patternProperties'];
  delete subschema['additionalProperties'];
  delete subschema['unevaluatedProperties'];
}

/** Whether a visit may cost what its meter does not hear of. */
function costsUnseen({ format, ...schema }: Readonly<Record<string, unknown>>): boolean {
  // The library reads this one at each visit, which is where the meter stands.
  if (schema['$recursiveRef'] !== undefined) return true;
  return typeof format === 'string' && !LINEAR_FORMATS.has(format);
}

/** Has each visit of `subschema` told: a keyword that the library looks up each time, and misses. */
function meter(
  subschema: Readonly<Record<string, unknown>>,
  onVisit: (cost: VisitCost) => void,
): void {
  if ('$recursiveRef' in subschema) return;
  const cost: VisitCost = {
    steps: STEPS_OF_A_VISIT + ownSize(subschema),
    readsText: READS_TEXT.some((key) => key in subschema),
    walksList: WALKS_LIST.some((key) => key in subschema),
    comparesItems: subschema['uniqueItems'] === true,
  };
  // Not enumerable, so that whoever copies the schema or lists its members does not see it.
  Object.defineProperty(subschema, '$recursiveRef', {
    get: () => {
      onVisit(cost);
      return undefined;
    },
  });
}

/** What a subschema makes a visit look at, without the subschemas in it. */
function ownSize(subschema: Readonly<Record<string, unknown>>): number {
  return Object.entries(subschema).reduce((size, [key, member]) => {
    if (DATA.has(key) && key !== 'default') return size + JSON.stringify(member).length / 4;
    return MAPS.has(key) && isRecord(member) ? size + Object.keys(member).length : size;
  }, 0);
}

/** Escapes of characters that need none; the `u` flag forbids them. */
const NEEDLESS_ESCAPE = /\\([^])/g;
const MAY_BE_ESCAPED = /[\^$\\.*+?()[\]{}|/\p{L}\p{N}]/u;
/** A hyphen behind a class of characters, which is no range. */
const HYPHEN_BEHIND_CLASS = /(\\[dDsSwW])-(?!\])/g;

/**
 * A pattern as JSON Schema means it, with the `u` flag; undefined when it is none. Many are written
 * for engines that allow more, so what means the same to those is spelled so that it is allowed.
 */
function unicodePattern(source: string): string | undefined {
  if (compiles(source)) return source;
  const strict = source
    .replace(HYPHEN_BEHIND_CLASS, '$1\\x2d')
    .replace(NEEDLESS_ESCAPE, (escape, character: string) =>
      MAY_BE_ESCAPED.test(character) || character > '\x7f'
        ? escape
        : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
  return compiles(strict) ? strict : undefined;
}

function compiles(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}

/** How large a value from JSON is. */
export interface ValueSize {
  /** Objects, lists and plain values in it. */
  readonly nodes: number;
  /** Members of the largest object. */
  readonly members: number;
  /** Items of the largest list. */
  readonly items: number;
  /** Characters of the longest string. */
  readonly text: number;
  /** Levels of objects and lists. */
  readonly depth: number;
}

/**
 * Measures a value level by level, because answers may be nested deeper than the stack is.
 * @param deepest Levels after which it stops.
 */
export function sizeOf(value: unknown, deepest: number): ValueSize {
  const size = { nodes: 0, members: 0, items: 0, text: 0, depth: 0 };
  let level: unknown[] = [value];
  while (level.length > 0) {
    const next: unknown[] = [];
    size.nodes += level.length;
    let levels = 0;
    for (const node of level) {
      if (typeof node === 'string') size.text = Math.max(size.text, node.length);
      if (typeof node !== 'object' || node === null) continue;
      levels = 1;
      const inside: readonly unknown[] = Array.isArray(node) ? node : Object.values(node);
      const kind = Array.isArray(node) ? 'items' : 'members';
      size[kind] = Math.max(size[kind], inside.length);
      for (const one of inside) next.push(one);
    }
    size.depth += levels;
    if (size.depth > deepest) return size;
    level = next;
  }
  return size;
}
