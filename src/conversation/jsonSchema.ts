/**
 * JSON schema checks for what a model writes: arguments of calls and structured answers. The
 * library interprets schemas (ajv, four times its size, turns a client's schema into code). Types
 * are strict, values are never changed, and `format` counts.
 *
 * Schemas are the clients', and some take hours to judge a short text by (a pattern such as
 * `^(a+)+$`, items compared in pairs, references that branch). So a check goes on here for a counted
 * number of steps only; what takes more, or cannot be counted, is judged apart, where it can be
 * stopped.
 */
import { isDeeperThan, MAX_JSON_DEPTH } from '../base/depth';
import { GatewayError, invalidRequest } from '../base/errors';
import { readSchema, sizeOf, type ValueSize, type VisitCost } from './jsonSchemaReading';
import { type ComparableSchema, comparableNumbers } from './longNumbers';

/** What is wrong with a value: one line for each fault, such as `#/path: …`; undefined when it fits. */
export type SchemaFault = string | undefined;

/** Judges a value. Rejects with `schema_too_costly`, or with why the turn has ended meanwhile. */
export type SchemaCheck = (value: unknown, patience: Patience) => Promise<SchemaFault>;

/** What the judging of one turn may still take, all its calls together; checks count it down. */
export interface Patience {
  /** In place, where everybody waits: steps of some 50 ns. */
  stepsLeft: number;
  /** Apart: milliseconds. */
  msLeft: number;
  /** Ends the waiting; its reason is what a check rejects with. */
  readonly signal: AbortSignal;
}

/** Steps of one turn, some 25 ms of them. */
const MOST_STEPS = 500_000;
/** A schema with numbers of its own that doubles cannot keep is read again for such a value. */
const STEPS_TO_READ_A_NODE = 20;
/** Milliseconds that the answer of one turn may take apart. */
const MOST_MS = 1_000;
/** The patience with a new turn. */
export function fullPatience(signal: AbortSignal): Patience {
  return { stepsLeft: MOST_STEPS, msLeft: MOST_MS, signal };
}

/** Where a schema stands in its request. */
export interface SchemaField {
  /** The parameter that an error names. */
  readonly param: string;
  /** The schema in words, to begin a sentence with. */
  readonly title: string;
}

/**
 * Makes a check from a schema. A pattern that is no regular expression of ECMAScript claims nothing:
 * tools come with those of other languages.
 */
export type SchemaCompiler = (schema: unknown, field: SchemaField) => SchemaCheck;

/** A value to be judged by a schema in another thread. */
export interface SchemaJob {
  readonly schema: unknown;
  readonly value: unknown;
}

/** The `workerData` of a thread that judges. */
export const SCHEMA_THREAD = 'json-schema-thread';

/** What such a thread says: it takes jobs, and then for each that it has a verdict, or cannot. */
export type ThreadMessage =
  { readonly type: 'ready' } | { readonly type: 'exhausted' } | JudgedMessage;

interface JudgedMessage {
  readonly type: 'judged';
  readonly fault: SchemaFault;
}

/** `exhausted` when there was no verdict within time, memory and stack. */
export type ApartVerdict = Exclude<ThreadMessage, { type: 'ready' }>;

/** Judges where it can be stopped; rejects with the reason of an aborted signal. */
export type JudgeApart = (job: SchemaJob, patience: Patience) => Promise<ApartVerdict>;

/** Throws `invalid_request` for a pattern in a schema that is no regular expression. */
export function assertPatterns(schema: unknown, field: SchemaField): void {
  const { badPattern } = readSchema(schema, () => undefined);
  if (badPattern !== undefined) throw unusablePattern(badPattern, field);
}

/** Loads the library on first use. @param judgeApart Is asked for what is not judged in place. */
export async function loadSchemaCompiler(judgeApart: JudgeApart): Promise<SchemaCompiler> {
  const { judgeBy } = await import('./jsonSchemaValidator');
  const byDoubles: SchemaCompiler = (given, field) => {
    let onVisit: ((cost: VisitCost) => void) | undefined;
    const { schema, metered } = readSchema(given, (cost) => onVisit?.(cost));
    const judge = metered ? judgeBy(schema, isOverspent) : undefined;

    /** `exhausted` when it would take too many steps. */
    const inPlace = (value: unknown, size: ValueSize, patience: Patience): ApartVerdict => {
      if (!judge || patience.stepsLeft <= 0) return { type: 'exhausted' };
      onVisit = (cost) => {
        patience.stepsLeft -= stepsOf(cost, size);
        if (patience.stepsLeft < 0) throw new Overspent();
      };
      try {
        return { type: 'judged', fault: judge(value) };
      } catch {
        return { type: 'exhausted' };
      } finally {
        onVisit = undefined;
      }
    };
    return async (value, patience) => {
      const size = sizeOf(value, MAX_JSON_DEPTH);
      // Nobody could send it back.
      if (size.depth > MAX_JSON_DEPTH)
        return `#: it is nested deeper than ${MAX_JSON_DEPTH} levels`;
      const soon = inPlace(value, size, patience);
      if (soon.type === 'judged') return soon.fault;
      const verdict = await judgeApart({ schema, value }, patience);
      if (verdict.type === 'exhausted') throw tooCostly(field);
      return verdict.fault;
    };
  };
  return (schema, field) => {
    const numbers = comparableNumbers(schema);
    const check = byDoubles(numbers.schema, field);
    const { nodes } = sizeOf(schema, MAX_JSON_DEPTH);
    return async (value, patience) => {
      const pair = isDeeperThan(MAX_JSON_DEPTH, value) ? undefined : numbers.withValue(value);
      if (!pair) return restored(numbers, await check(value, patience));
      if (pair.schema === numbers.schema) return restored(pair, await check(pair.value, patience));
      patience.stepsLeft -= STEPS_TO_READ_A_NODE * nodes;
      if (patience.stepsLeft < 0) throw tooCostly(field);
      return restored(pair, await byDoubles(pair.schema, field)(pair.value, patience));
    };
  };
}

function restored({ restore }: Pick<ComparableSchema, 'restore'>, fault: SchemaFault): SchemaFault {
  return fault && restore(fault);
}

function stepsOf(cost: VisitCost, { nodes, members, items, text }: ValueSize): number {
  const list = cost.walksList ? items : 0;
  const pairs = cost.comparesItems ? 2 * items * nodes : 0;
  return cost.steps + members + list + (cost.readsText ? text / 20 : 0) + pairs;
}

/** Thrown through the library to stop it. */
class Overspent extends Error {}

function isOverspent(error: unknown): boolean {
  return error instanceof Overspent;
}

function unusablePattern(pointer: string, { param, title }: SchemaField): GatewayError {
  return invalidRequest(
    param,
    `${title} cannot be used: ${pointer.slice(0, 200)} is no regular expression of ECMAScript.`,
  );
}

/** An answer cannot be checked by the client's schema in reasonable time. */
function tooCostly({ param, title }: SchemaField): GatewayError {
  return new GatewayError({
    code: 'schema_too_costly',
    status: 400,
    param,
    message: `${title} takes too long to check an answer by, so the answer was not checked and is not given out. Simplify its patterns, its references or its uniqueItems.`,
  });
}
