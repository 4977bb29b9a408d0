/** What recognisers find, and how a call written as JSON is understood. */
import { isRecord } from '../../base/json';
import { elementsOf, membersOf } from './json';
import type { Reading, Source } from './source';

/** A call as the model wrote it; whether its arguments fit is for others to say. */
export interface WrittenCall {
  readonly name: string;
  /** JSON text of an object, spelled as the model spelled it where it wrote JSON. */
  readonly argumentsJson: string;
}

/** The schemas of the tools that may be called, by their exact names. */
export type CallableTools = ReadonlyMap<string, unknown>;

/**
 * Reads what follows an opening: the calls of the block, or undefined when it holds anything but
 * valid calls of known tools. What it took then is text, and reading goes on behind it.
 */
export type Recogniser = (
  source: Source,
  tools: CallableTools,
) => Reading<readonly WrittenCall[] | undefined>;

const NAME_KEYS = ['tool', 'name', 'tool_name'];
const ARGUMENT_KEYS = ['parameters', 'arguments', 'args', 'input'];
/** Without arguments, a call may hold nothing else that could be meant as some. */
const DECORATIONS = new Set(['id', 'type', 'index']);

/** The calls of a JSON text: one object, or a list of them. */
export function callsIn(json: string, tools: CallableTools): WrittenCall[] | undefined {
  const calls = json.startsWith('[')
    ? elementsOf(json).map((element) => callIn(element, tools))
    : [callIn(json, tools)];
  const known = calls.filter((call) => call !== undefined);
  return known.length > 0 && known.length === calls.length ? known : undefined;
}

function callIn(json: string, tools: CallableTools): WrittenCall | undefined {
  if (!json.startsWith('{')) return undefined;
  const outer = membersOf(json);
  const inner = outer.get('function');
  const members = inner?.startsWith('{') ? membersOf(inner) : outer;
  const name = namedIn(members);
  if (name === undefined || !tools.has(name)) return undefined;
  const key = ARGUMENT_KEYS.find((candidate) => members.has(candidate));
  const written = key === undefined ? undefined : members.get(key);
  if (written !== undefined) {
    const argumentsJson = written.startsWith('"') ? objectIn(written) : written;
    return argumentsJson?.startsWith('{') ? { name, argumentsJson } : undefined;
  }
  const bare = [...members.keys()].every((at) => NAME_KEYS.includes(at) || DECORATIONS.has(at));
  return bare ? { name, argumentsJson: '{}' } : undefined;
}

function namedIn(members: ReadonlyMap<string, string>): string | undefined {
  for (const key of NAME_KEYS) {
    const written = members.get(key);
    if (written?.startsWith('"')) return JSON.parse(written) as string;
  }
  return undefined;
}

/** Arguments inside a JSON string, as OpenAI writes them. */
function objectIn(written: string): string | undefined {
  const text = JSON.parse(written) as string;
  try {
    return isRecord(JSON.parse(text)) ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}
