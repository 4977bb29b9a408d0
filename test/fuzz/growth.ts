/**
 * Whether a target's time grows with its input, and not faster: for inputs that repeat what the format
 * consists of. Only what takes long at all is measured a second time, at four times the length, so
 * that nothing depends on how fast or how busy the machine is.
 */
import { median } from '../bench/statistics';
import type { Repeat, Target } from './target';

const SIZE = 8 * 1024;
/** Of inputs whose unit is many characters long. */
const REPEAT_SIZE = 64 * 1024;
/** Characters of a piece. */
const PIECE = 8;
const LONGER = 4;
/** What is read faster than this, or than so many times the usual, has no steps for each pair of characters. */
const WORTH_A_LOOK = { ms: 8, times: 3 };
/** Linear time gives 4, time with the square of the length 16. */
const MOST_TIMES = 9;
const ROUNDS = 3;

/** What stands between, behind and in front of words in hostile texts. */
const FILLERS = ['a', ' ', '\n', '\\', '"', '`', '\u2028', '{'];

/**
 * Families whose time grows faster than their inputs, each in words; none when all is well.
 * @param every Looks at one in so many only; at all of the target's own repeats.
 */
export function steepFamilies(target: Target, every = 1): string[] {
  const some = [...families(target)].filter((_, index) => index % every === 0);
  return deliveries(target).flatMap(([delivered, pieces]) => {
    const steep = (size: number, group: readonly Family[], usual?: number): string[] => {
      const timed = group.map(([name, build]) => {
        const time = (length: number) => cpuMs(() => target.read(pieces(build(length))));
        return { name, time, ms: time(size) };
      });
      const most = WORTH_A_LOOK.times * (usual ?? median(timed.map(({ ms }) => ms)));
      return timed.flatMap(({ name, time, ms }) => {
        if (ms < Math.max(WORTH_A_LOOK.ms, most)) return [];
        // A busy machine, or a collection of garbage, makes one measurement wrong, and not all of them.
        const isSteep = () => time(size * LONGER) > MOST_TIMES * time(size);
        return times(ROUNDS).every(isSteep) ? [`${target.name}: ${name}, ${delivered}`] : [];
      });
    };
    // Whole inputs are all as much work, so what is usual for them says nothing.
    const wholes = (target.repeats ?? []).map(wholeInput);
    return [...steep(SIZE, some), ...steep(REPEAT_SIZE, wholes, 0)];
  });
}

type Build = (size: number) => string;
type Family = readonly [name: string, build: Build];

/** Each word over and over, by itself and after each filler; seeds, and openings before fillers. */
function* families({ words, seeds }: Target): Generator<Family> {
  for (const unit of [...words, ...FILLERS, ...seeds]) yield [shown(unit), repeated(unit)];
  for (const word of words) {
    for (const filler of FILLERS) {
      const [all, once] = [`${word}${filler}`, repeated(filler)];
      yield [shown(all), repeated(all)];
      yield [`${shown(word)}, then ${shown(filler)}`, (size) => word + once(size)];
      // Of what must not stand there, so that everything in front of it is tried again.
      yield [
        `${shown(word)}, then ${shown(filler)} and an odd end`,
        (size) => `${word}"x"${once(size)}\u2028x>`,
      ];
    }
  }
}

function repeated(unit: string): Build {
  return (size) => unit.repeat(Math.ceil(size / Math.max(1, unit.length))).slice(0, size);
}

function wholeInput({ head, unit, middle = '', close = '', tail }: Repeat): Family {
  const each = unit.length + close.length;
  const build = (size: number): string => {
    const count = Math.ceil(size / each);
    return head + unit.repeat(count) + middle + close.repeat(count) + tail;
  };
  return [`${shown(unit)} behind ${shown(head)}`, build];
}

function shown(text: string): string {
  return JSON.stringify(text.length > 30 ? `${text.slice(0, 30)}…` : text);
}

/** In one piece, and in as many as can be. */
function deliveries({ isWhole }: Target): [name: string, pieces: (text: string) => string[]][] {
  return [
    ['whole', (text) => [text]],
    ...(isWhole ? [] : ([['in pieces', inPieces]] as [string, (text: string) => string[]][])),
  ];
}

function inPieces(text: string): string[] {
  const count = Math.ceil(text.length / PIECE);
  return Array.from({ length: count }, (_, index) =>
    text.slice(index * PIECE, (index + 1) * PIECE),
  );
}

function times(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Time of the processor, which others on the machine take nothing of. */
function cpuMs(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
