/** Answers that have to be JSON: whether one is, and the JSON in it. */
import { parseJson } from '../base/exactJson';
import { isRecord } from '../base/json';
import { assertPatterns, type Patience, type SchemaCheck, type SchemaCompiler } from './jsonSchema';
import type { JsonFormat } from './messages';

/** The JSON of an answer as the client gets it, or what is wrong with the answer. */
export type JsonVerdict =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly fault: string };

const FENCE = '```';
/** How models name the language of a fenced block of JSON, if they do. */
const LANGUAGES = new Set(['', 'json', 'json5', 'jsonc']);

/**
 * A check of whole answers. The text passes unchanged, but for a fence around all of it; JSON in
 * the middle of prose is not looked for. Throws `invalid_request` for a schema that cannot be used;
 * the check rejects as a {@link SchemaCheck} does.
 */
export function jsonCheck(
  { schema, path = 'format' }: JsonFormat,
  compile: SchemaCompiler,
): (text: string, patience: Patience) => Promise<JsonVerdict> {
  const field = { param: path, title: `The JSON schema in ${path}` };
  if (schema !== undefined) assertPatterns(schema, field);
  const faultIn = schema === undefined ? anyObject : compile(schema, field);
  return async (text, patience) => {
    const json = unfenced(text);
    let value: unknown;
    try {
      value = parseJson(json);
    } catch (error) {
      return { ok: false, fault: `it is no JSON (${messageOf(error)})` };
    }
    const fault = await faultIn(value, patience);
    return fault === undefined
      ? { ok: true, text: json }
      : { ok: false, fault: `it does not fit the schema: ${fault}` };
  };
}

/**
 * What one fenced block holds, when the text is that and nothing else: models like to wrap JSON so.
 * Without a regular expression, which would try each of the many blanks that some models end with.
 */
function unfenced(text: string): string {
  const block = text.trim();
  const lineEnd = block.indexOf('\n');
  if (lineEnd < 0 || !block.startsWith(FENCE) || !block.endsWith(FENCE)) return text;
  const language = block.slice(FENCE.length, lineEnd).trim().toLowerCase();
  const inner = block.slice(lineEnd + 1, -FENCE.length);
  // With a second fence inside it is several blocks.
  return LANGUAGES.has(language) && !inner.includes(FENCE) ? inner.trimEnd() : text;
}

const anyObject: SchemaCheck = (value) =>
  Promise.resolve(isRecord(value) ? undefined : 'it must be one JSON object');

/** The parser quotes what it met; more than a line of it helps nobody. */
function messageOf(error: unknown): string {
  return (
    (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 200) ?? ''
  );
}
