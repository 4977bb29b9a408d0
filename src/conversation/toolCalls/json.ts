/** JSON in the text of an answer: where it ends, and what stands in it, letter for letter. */
import type { Reading, Source } from './source';

/** What may stand outside of strings; anything else ends the hope that it is JSON. */
const BETWEEN = /[\s,:+\-.\dtruefalsnE]/;
/** JSON has no line break inside a string, so an open one cannot swallow the rest of the answer. */
const STRING_STOPS = /["\\\u0000-\u001f]/g;

/** Reads one object or list; undefined when none stands here. */
export function* readJson(source: Source): Reading<string | undefined> {
  const text: string[] = [];
  const closers: string[] = [];
  do {
    const next = yield* source.peek();
    if (next === '{' || next === '[') closers.push(next === '{' ? '}' : ']');
    else if (closers.length === 0) return undefined;
    else if (next === closers.at(-1)) closers.pop();
    else if (next === '"') {
      const string = yield* readString(source);
      if (string === undefined) return undefined;
      text.push(string);
      continue;
    } else if (!BETWEEN.test(next)) return undefined;
    source.take();
    text.push(next);
  } while (closers.length > 0);
  const json = text.join('');
  return parses(json) ? json : undefined;
}

function* readString(source: Source): Reading<string | undefined> {
  source.take();
  const text = ['"'];
  for (;;) {
    text.push(yield* source.whileNot(STRING_STOPS));
    const stop = yield* source.peek();
    if (stop !== '"' && stop !== '\\') return undefined;
    source.take();
    text.push(stop);
    if (stop === '"') return text.join('');
    const escaped = yield* source.peek();
    if (!escaped) return undefined;
    source.take();
    text.push(escaped);
  }
}

function parses(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]/g;

/** The members of a JSON object as it spells them, by name; the last of equal names counts. */
export function membersOf(json: string): Map<string, string> {
  const members = new Map<string, string>();
  for (const { name, value } of childrenOf(json)) {
    if (name !== undefined) members.set(JSON.parse(name) as string, value);
  }
  return members;
}

/** The elements of a JSON list as it spells them. */
export function elementsOf(json: string): string[] {
  return childrenOf(json).map(({ value }) => value);
}

interface Child {
  readonly name: string | undefined;
  readonly value: string;
}

/** @param json Valid JSON of an object or a list. */
function childrenOf(json: string): Child[] {
  const children: Child[] = [];
  let depth = 0;
  let from = 0;
  let name: string | undefined;
  for (const { 0: token, index } of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (++depth === 1) from = index + 1;
    } else if (token === '}' || token === ']' || token === ',') {
      if (depth === 1) {
        const value = json.slice(from, index).trim();
        if (value) children.push({ name, value });
        name = undefined;
        from = index + 1;
      }
      if (token !== ',') depth--;
    } else if (token === ':' && depth === 1) {
      name = json.slice(from, index).trim();
      from = index + 1;
    }
  }
  return children;
}
