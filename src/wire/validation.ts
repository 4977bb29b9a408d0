/** Schema checks whose errors name the field, for every dialect. */
import * as v from 'valibot';
import { GatewayError, invalidRequest } from '../base/errors';
import { isRecord } from '../base/json';

/** Characters of a client's own words that an error repeats: it should not be as long as its request. */
const MAX_SHOWN = 100;
/**
 * Entries of one list of messages or parts; far more than anybody says. Each costs time even if
 * there is nothing in it, so a body of permitted size could hold up everybody else for seconds.
 */
const MOST_ENTRIES = 100_000;

/** `value` as the schema describes it, or `invalid_request` naming the first field at fault. */
export function parseWith<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const param = fieldPath(issue.path?.map((item) => item.key) ?? []);
  throw invalidRequest(param, `${param ?? 'The request body'} is invalid: ${problem(issue)}.`);
}

function problem(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'non_empty') return 'it is empty';
  if (!issue.expected) return issue.message;
  return `expected ${issue.expected}, got ${shortened(issue.received)}`;
}

/** What a client wrote, as far as an error repeats it. */
export function shortened(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

/** A list of messages or parts; one that is far too long is refused before its entries are read. */
export function list<S extends v.GenericSchema>(entry: S) {
  const most = v.check<unknown, string>(
    (input) => !Array.isArray(input) || input.length <= MOST_ENTRIES,
    `it has more than ${MOST_ENTRIES} entries`,
  );
  return v.pipe(v.unknown(), most, v.array(entry));
}

/**
 * `schema`, but values that `isPlain` knows at a glance are taken as they are: a conversation of
 * hundreds of messages comes with every turn, and nearly all of them say a text and nothing else.
 * `isPlain` may know as little as it likes, and nothing that the schema would refuse.
 */
export function quick<S extends v.GenericSchema>(
  schema: S,
  isPlain: (value: Record<string, unknown>) => boolean,
) {
  const asItIs = v.custom<v.InferOutput<S>>(() => true);
  return v.lazy((input): S | typeof asItIs =>
    isRecord(input) && isPlain(input) ? asItIs : schema,
  );
}

/** Whether a value is a list that {@link list} takes, of objects that are all `wanted`. */
export function isListOf(
  value: unknown,
  wanted: (entry: Record<string, unknown>) => boolean,
): boolean {
  if (!Array.isArray(value) || value.length > MOST_ENTRIES) return false;
  return value.every((entry) => isRecord(entry) && wanted(entry));
}

/** Whether a content is a text, or a list of parts of one type, which say a `text` each. */
export function isTextual(content: unknown, type: string): boolean {
  if (typeof content === 'string') return true;
  return isListOf(content, (part) => part['type'] === type && typeof part['text'] === 'string');
}

/** A string or a list of parts, chosen by what is there, so that errors point into the list. */
export function stringOrList<S extends v.GenericSchema>(part: S) {
  const parts = list(part);
  return v.lazy((input) => (Array.isArray(input) ? parts : v.string()));
}

/**
 * A JSON object kept as it came, the very one. valibot's own object schemas make another and leave
 * out members such as `constructor`, which is right for parameters and would falsify a payload.
 */
export const payload = v.pipe(v.unknown(), v.check(isRecord, 'expected an object'));

/** The request asks for what would change the answer's meaning if it were ignored. */
export function unsupportedParameter(param: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_parameter',
    status: 400,
    param,
    message: `${param} is not supported with this value; leave it out.`,
  });
}

/** `['messages', 0, 'content']` as `messages[0].content`. */
function fieldPath(keys: readonly unknown[]): string | undefined {
  if (keys.length === 0) return undefined;
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${shortened(String(key))}`))
    .join('')
    .replace(/^\./, '');
}
