/**
 * Whether a target's time grows with its input, and not faster: for inputs that repeat what the format
 * consists of. Only what takes long at all is measured a second time, at four times the length, so
 * that nothing depends on how fast or how busy the machine is.
 */
import { median } from '../bench/statistics';
import type { Target } from './target';

const SIZE = 8 * 1024;
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
 * @param every Looks at one in so many only.
 */
export function steepFamilies(target: Target, every = 1): string[] {
  const some = [...families(target)].filter((_, index) => index % every === 0);
  return deliveries(target).flatMap(([delivered, pieces]) => {
    const timed = some.map(([name, build]) => {
      const time = (size: number) => cpuMs(() => target.read(pieces(build(size))));
      return { name, time, ms: time(SIZE) };
    });
    const usual = median(timed.map(({ ms }) => ms));
    return timed.flatMap(({ name, time, ms }) => {
      if (ms < Math.max(WORTH_A_LOOK.ms, WORTH_A_LOOK.times * usual)) return [];
      // A busy machine, or a collection of garbage, makes one measurement wrong, and not all of them.
      const isSteep = () => time(SIZE * LONGER) > MOST_TIMES * time(SIZE);
      return times(ROUNDS).every(isSteep) ? [`${target.name}: ${name}, ${delivered}`] : [];
    });
  });
}

type Build = (size: number) => string;

/** Each word over and over, by itself and after each filler; seeds, and openings before fillers. */
function* families({ words, seeds }: Target): Generator<[name: string, build: Build]> {
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
