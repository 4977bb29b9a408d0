/** Changes inputs at random, with the words of their format at hand. */
import type { Random } from '../bench/reuse/random';
import type { Target } from './target';

/** Longer inputs find nothing that shorter ones do not, and take more time. */
const LONGEST = 16 * 1024;
const MOST_CHANGES = 5;

/** What readers of text tend to stumble over. */
const ODD_TEXTS = [
  ...['', ' ', '\n', '\r\n', '\r', '\t', '\u00a0', '\u2028', '\u2029', '\ufeff', '\0', '\x7f'],
  ...['"', "'", '\\', '\\"', '\\u0000', '`', '```', '````', '<', '>', '|', '{', '}', '[', ']', ':'],
  ...['é', '你好', '🙂', '\ud83d', '\ude42', 'e\u0301', 'ﬁ', 'İ'],
  ...['-0', '1e999', '0.1', '12345678901234567890', '1e-400', 'NaN', 'null', 'true', '__proto__'],
];
const ODD_VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e99, '', 'x', ' ', '\ud83d', '🙂', [], {}, [null], [[]]],
  ...[{ type: 'text' }, { type: 'text', text: 'x' }, { role: 'user', content: 'x' }],
];

type Change = (input: string, random: Random, target: Target, other: string) => string;

const changes: readonly Change[] = [
  insert(({ words }, random) => pick(words, random)),
  insert(({ words }, random) => pick(words, random)),
  insert((_, random) => pick(ODD_TEXTS, random)),
  insert(({ kind }, random) => String.fromCharCode(random.below(kind === 'bytes' ? 256 : 65_536))),
  // Takes a part out, says it again, or puts another one in its place.
  (input, random) => replacePart(input, random, () => ''),
  (input, random) => replacePart(input, random, (part) => part.repeat(2 + random.below(4))),
  (input, random, { words }) => replacePart(input, random, () => pick(words, random)),
  (input, random, _, other) => {
    const from = random.below(other.length + 1);
    return replacePart(input, random, () => other.slice(from, from + random.below(200)));
  },
  (input, random, _, other) =>
    input.slice(0, random.below(input.length + 1)) + other.slice(random.below(other.length + 1)),
];

/** Another input made of `input`; `other` is one to take parts from. */
export function mutate(input: string, other: string, target: Target, random: Random): string {
  let changed = input;
  if (target.kind === 'json' && random.chance(0.7)) {
    changed = mutateJson(input, other, random) ?? input;
    if (random.chance(0.9)) return bounded(changed, target);
  }
  for (let left = 1 + random.below(MOST_CHANGES); left > 0; left--) {
    changed = pick(changes, random)(changed, random, target, other);
  }
  return bounded(changed, target);
}

export function pick<T>(items: readonly T[], random: Random): T {
  const item = items[random.below(items.length)];
  if (item === undefined && items.length === 0) throw new RangeError('nothing to pick from');
  return item as T;
}

function bounded(input: string, { kind, longest = LONGEST }: Target): string {
  const short = input.slice(0, longest);
  if (kind !== 'bytes') return short;
  return !/[^\0-\xff]/.test(short) ? short : Buffer.from(short).toString('latin1');
}

function insert(what: (target: Target, random: Random) => string): Change {
  return (input, random, target) => {
    const at = random.below(input.length + 1);
    return input.slice(0, at) + what(target, random) + input.slice(at);
  };
}

function replacePart(input: string, random: Random, by: (part: string) => string): string {
  const from = random.below(input.length + 1);
  const to = from + 1 + random.below(random.chance(0.5) ? 4 : 60);
  return input.slice(0, from) + by(input.slice(from, to)) + input.slice(to);
}

/** Changes some places of a JSON value; undefined for what is none. */
function mutateJson(input: string, other: string, random: Random): string | undefined {
  try {
    const holder = { value: JSON.parse(input) as unknown };
    const gifts = [...ODD_VALUES, ...placesOf(JSON.parse(other)).map(({ at, key }) => at[key])];
    for (let left = 1 + random.below(MOST_CHANGES); left > 0; left--) {
      const { at, key } = pick(placesOf(holder), random);
      if (random.chance(0.2)) Reflect.deleteProperty(at, key);
      else at[key] = structuredClone(pick(gifts, random));
    }
    return JSON.stringify(holder.value);
  } catch {
    return undefined;
  }
}

interface Place {
  readonly at: Record<string, unknown>;
  readonly key: string;
}

/** Every member and element inside a value. */
function placesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const at = value as Record<string, unknown>;
  return Object.keys(at).flatMap((key) => [{ at, key }, ...placesOf(at[key])]);
}
