/**
 * JSON schema checks for what a model writes: arguments of calls and structured answers. The
 * library interprets schemas (ajv, four times its size, turns a client's schema into code). Types
 * are strict, values are never changed, and `format` counts.
 */
import { isRecord } from '../base/json';

/** What is wrong with a value: one line for each fault, such as `#/path: …`; undefined when it fits. */
export type SchemaCheck = (value: unknown) => string | undefined;

/** Faults beyond these are of no help to a model. */
const MOST_FAULTS = 8;

/** Makes checks from schemas. Get it once; it never throws. */
export type SchemaCompiler = (schema: unknown) => SchemaCheck;

/** Loads the library on first use. */
export async function loadSchemaCompiler(): Promise<SchemaCompiler> {
  const { Validator } = await import('@cfworker/json-schema');
  return (schema) => {
    if (!isRecord(schema) && typeof schema !== 'boolean') return fitsAnything;
    let validator: InstanceType<typeof Validator>;
    try {
      validator = new Validator(schema, draftOf(schema), false);
    } catch {
      return fitsAnything;
    }
    return (value) => {
      let result: ReturnType<typeof validator.validate>;
      try {
        result = validator.validate(value);
      } catch {
        // The schema cannot be used (a remote `$ref`, a pattern that is none): nothing is claimed.
        return undefined;
      }
      if (result.valid) return undefined;
      return describe(result.errors);
    };
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
    ...new Set(shown.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)),
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
function draftOf(schema: Readonly<Record<string, unknown>> | boolean): Draft {
  const named = typeof schema === 'object' ? schema['$schema'] : undefined;
  if (typeof named !== 'string') return '2020-12';
  if (/draft-0?4/.test(named)) return '4';
  if (/draft-0?[67]/.test(named)) return '7';
  return named.includes('2019-09') ? '2019-09' : '2020-12';
}

function fitsAnything(): undefined {
  return undefined;
}
