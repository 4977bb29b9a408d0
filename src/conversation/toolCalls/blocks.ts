/** Calls whose block holds JSON (protocol §6). */
import { callsIn, type CallableTools, type WrittenCall } from './call';
import { readJson } from './json';
import type { Reading, Source } from './source';

type Calls = readonly WrittenCall[] | undefined;

/** After the opening of our own contract, or of any other fence: JSON, then the closing fence. */
export function* fencedJson(source: Source, tools: CallableTools): Reading<Calls> {
  yield* source.spaces();
  const json = yield* readJson(source);
  if (json === undefined) return undefined;
  yield* source.spaces();
  return (yield* source.closing('```')) ? callsIn(json, tools) : undefined;
}

/** After `[tool_calls]`: a list, which some close again. */
export function* bracketed(source: Source, tools: CallableTools): Reading<Calls> {
  yield* source.literal(':');
  yield* source.spaces();
  const json = yield* readJson(source);
  const calls = json === undefined ? undefined : callsIn(json, tools);
  if (!calls) return undefined;
  yield* source.spaces();
  if (!(yield* source.literal('[/tool_calls]'))) yield* source.literal('[/TOOL_CALLS]');
  return calls;
}

/** After a `#Tool Call` heading: JSON, in a fence or not. */
export function* headed(source: Source, tools: CallableTools): Reading<Calls> {
  yield* source.literal('s');
  yield* source.literal(':');
  yield* source.spaces();
  if (yield* source.literal('```')) {
    yield* source.literal('json');
    return yield* fencedJson(source, tools);
  }
  const json = yield* readJson(source);
  return json === undefined ? undefined : callsIn(json, tools);
}
