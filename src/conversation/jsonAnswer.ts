/** Answers that have to be JSON: whether one is, and the JSON in it. */
import { isRecord } from '../base/json';
import type { SchemaCompiler } from './jsonSchema';
import type { JsonFormat } from './messages';

/** The JSON of an answer as the client gets it, or what is wrong with the answer. */
export type JsonVerdict =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly fault: string };

/** An answer that is one fenced block and nothing else: models like to wrap JSON so. */
const WHOLE_FENCE = /^\s*```[ \t]*(?:json[5c]?)?[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```\s*$/i;

/**
 * A check of whole answers. The text passes unchanged, but for a fence around all of it; JSON in
 * the middle of prose is not looked for.
 */
export function jsonCheck(
  { schema }: JsonFormat,
  compile: SchemaCompiler,
): (text: string) => JsonVerdict {
  const faultIn = schema === undefined ? anyObject : compile(schema);
  return (text) => {
    const json = unfenced(text);
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch (error) {
      return { ok: false, fault: `it is no JSON (${messageOf(error)})` };
    }
    const fault = faultIn(value);
    return fault === undefined
      ? { ok: true, text: json }
      : { ok: false, fault: `it does not fit the schema: ${fault}` };
  };
}

function unfenced(text: string): string {
  const inner = WHOLE_FENCE.exec(text)?.[1];
  // With a second fence inside it is several blocks.
  return inner === undefined || inner.includes('```') ? text : inner;
}

function anyObject(value: unknown): string | undefined {
  return isRecord(value) ? undefined : 'it must be one JSON object';
}

/** The parser quotes what it met; more than a line of it helps nobody. */
function messageOf(error: unknown): string {
  return (
    (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 200) ?? ''
  );
}
