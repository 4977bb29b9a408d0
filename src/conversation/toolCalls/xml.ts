/**
 * Calls in angle brackets (protocol §6). The values of parameters are plain text there, so the
 * tool's schema says which of them are texts and which are JSON.
 */
import { isRecord } from '../../base/json';
import { callsIn, type CallableTools, type WrittenCall } from './call';
import { readJson } from './json';
import type { Reading, Source } from './source';

type Calls = readonly WrittenCall[] | undefined;

/** After `<tool_call>`: a call as JSON, or functions. */
export function* toolCallElement(source: Source, tools: CallableTools): Reading<Calls> {
  yield* source.spaces();
  if ((yield* source.peek()) === '{') {
    const json = yield* readJson(source);
    if (json === undefined) return undefined;
    yield* source.spaces();
    return (yield* source.closing('</tool_call>')) ? callsIn(json, tools) : undefined;
  }
  return yield* elements(source, tools, '<function=', functionElement, '</tool_call>');
}

/** After `<function_calls>`: invocations. */
export function* functionCalls(source: Source, tools: CallableTools): Reading<Calls> {
  yield* source.spaces();
  return yield* elements(source, tools, '<invoke name=', invokeElement, '</function_calls>');
}

/** After `<function=`: the name, then parameters or one JSON object. */
export function* functionElement(source: Source, tools: CallableTools): Reading<Calls> {
  const name = unquoted(yield* source.word('>'));
  if (!tools.has(name)) return undefined;
  yield* source.spaces();
  if ((yield* source.peek()) !== '{') {
    return yield* parameters(source, tools, name, '<parameter=', '</function>');
  }
  const json = yield* readJson(source);
  if (json === undefined) return undefined;
  yield* source.spaces();
  return (yield* source.literal('</function>')) ? [{ name, argumentsJson: json }] : undefined;
}

/** After `<invoke name=`: the name, then parameters. */
export function* invokeElement(source: Source, tools: CallableTools): Reading<Calls> {
  const name = unquoted(yield* source.word('>'));
  return yield* parameters(source, tools, name, '<parameter name=', '</invoke>');
}

function* elements(
  source: Source,
  tools: CallableTools,
  opening: string,
  element: typeof functionElement,
  closing: string,
): Reading<Calls> {
  const calls: WrittenCall[] = [];
  while (yield* source.literal(opening)) {
    const read = yield* element(source, tools);
    if (!read) return undefined;
    calls.push(...read);
    yield* source.spaces();
  }
  return calls.length > 0 && (yield* source.closing(closing)) ? calls : undefined;
}

/** The parameters of one call, each once, and its end; half a call is none. */
function* parameters(
  source: Source,
  tools: CallableTools,
  name: string,
  opening: string,
  closing: string,
): Reading<Calls> {
  if (!tools.has(name)) return undefined;
  const schema = tools.get(name);
  const values = new Map<string, string>();
  for (;;) {
    yield* source.spaces();
    if (yield* source.literal(closing)) break;
    if (!(yield* source.literal(opening))) return undefined;
    const key = unquoted(yield* source.word('>'));
    const value = key && (yield* source.through('</parameter>'));
    if (!key || value === undefined || values.has(key)) return undefined;
    values.set(key, valueJson(value, typesOf(schema, key)));
  }
  const members = [...values].map(([key, value]) => `${JSON.stringify(key)}: ${value}`);
  return [{ name, argumentsJson: `{${members.join(', ')}}` }];
}

/** `"name"`, perhaps with attributes of no meaning behind it, or `name`; empty when it is neither. */
function unquoted(written: string | undefined): string {
  const text = (written ?? '').trim();
  // One way to match only: a second one for white space took the square of its length.
  const [, quoted, bare] = /^(?:"([^"]+)"(?:\s[^]*)?|([^\s"]+))$/.exec(text) ?? [];
  return quoted ?? bare ?? '';
}

/** JSON of a value; text that is not what the schema wants stays text, for the check to find. */
function valueJson(written: string, types: ReadonlySet<string> | undefined): string {
  // Templates put the value on lines of its own.
  const [, own] = /^\r?\n([^]*?)\r?\n$/.exec(written) ?? [];
  const text = own ?? written;
  if (!types || types.has('string')) return JSON.stringify(text);
  try {
    JSON.parse(text);
    return text.trim();
  } catch {
    return JSON.stringify(text);
  }
}

/** The types a schema allows for one property; undefined when it does not say. */
function typesOf(schema: unknown, key: string): ReadonlySet<string> | undefined {
  if (!isRecord(schema) || !isRecord(schema['properties'])) return undefined;
  const { properties } = schema;
  const types = Object.hasOwn(properties, key) ? allowedTypes(properties[key]) : [];
  return types.length > 0 ? new Set(types) : undefined;
}

function allowedTypes(schema: unknown): string[] {
  if (!isRecord(schema)) return [];
  const { type, anyOf, oneOf } = schema;
  const values = schema['enum'] ?? ('const' in schema ? [schema['const']] : undefined);
  if (type === undefined && Array.isArray(values)) return values.map((value) => typeof value);
  return [type, anyOf, oneOf]
    .flat()
    .flatMap((one: unknown) => (typeof one === 'string' ? [one] : allowedTypes(one)));
}
