/**
 * Judging by `@cfworker/json-schema`; a bundle of its own (`dist/jsonSchemaValidator.js`), loaded on
 * first use. It is also the code of the threads that judge by schemas which may take long
 * (`src/gateway/schemaThreads.ts`): those ask for it by {@link SCHEMA_THREAD}.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Validator } from '@cfworker/json-schema';
import { isRecord } from '../base/json';
import { SCHEMA_THREAD, type SchemaJob, type ThreadMessage } from './jsonSchema';

/** Faults beyond these are of no help to a model. */
const MOST_FAULTS = 8;
/** Characters of one fault; it may quote a whole `enum`. */
const LONGEST_FAULT = 2_000;

/**
 * What is wrong with a value: one line for each fault, such as `#/path: …`; undefined when it fits,
 * or when the schema cannot be used (a remote `$ref`), so that nothing is claimed.
 */
export type Judge = (value: unknown) => string | undefined;

/**
 * Makes a judge; never throws. The judge throws what `isStop` names, and a RangeError when schema or
 * value go deeper than the stack.
 */
export function judgeBy(schema: unknown, isStop: (error: unknown) => boolean = never): Judge {
  if (!isRecord(schema)) return schema === false ? () => '#: nothing fits' : fitsAnything;
  let validator: Validator;
  try {
    validator = new Validator(schema, draftOf(schema), false);
  } catch {
    return fitsAnything;
  }
  return (value) => {
    try {
      const result = validator.validate(value);
      return result.valid ? undefined : describe(result.errors);
    } catch (error) {
      if (error instanceof RangeError || isStop(error)) throw error;
      return undefined;
    }
  };
}

interface Fault {
  readonly keyword: string;
  readonly instanceLocation: string;
  readonly error: string;
}

/** The innermost faults: what holds them only says that something inside is wrong. */
function describe(faults: readonly Fault[]): string {
  const telling = faults.filter(({ keyword }) => !CONTAINERS.has(keyword));
  const shown = (telling.length > 0 ? telling : faults).slice(0, MOST_FAULTS);
  return [
    ...new Set(
      shown.map(({ instanceLocation, error }) =>
        `${instanceLocation}: ${error}`.slice(0, LONGEST_FAULT),
      ),
    ),
  ].join('\n');
}

const CONTAINERS = new Set([
  'properties',
  'patternProperties',
  'items',
  'prefixItems',
  '$ref',
  'allOf',
]);

type Draft = '4' | '7' | '2019-09' | '2020-12';

/** As the schema says; the newest reads what older ones mean alike. */
function draftOf(schema: Readonly<Record<string, unknown>>): Draft {
  const named = schema['$schema'];
  if (typeof named !== 'string') return '2020-12';
  if (/draft-0?4/.test(named)) return '4';
  if (/draft-0?[67]/.test(named)) return '7';
  return named.includes('2019-09') ? '2019-09' : '2020-12';
}

function fitsAnything(): undefined {
  return undefined;
}

function never(): boolean {
  return false;
}

/** One job after the other, each answered with its verdict. */
function serve(port: NonNullable<typeof parentPort>): void {
  const say = (message: ThreadMessage): void => {
    port.postMessage(message);
  };
  port.on('message', ({ schema, value }: SchemaJob) => {
    try {
      say({ type: 'judged', fault: judgeBy(schema)(value) });
    } catch {
      say({ type: 'exhausted' });
    }
  });
  say({ type: 'ready' });
}

if (!isMainThread && parentPort && workerData === SCHEMA_THREAD) serve(parentPort);
