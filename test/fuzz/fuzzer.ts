/**
 * Tries one target with many inputs. Each input follows from the seed and its number; those that
 * reach code which none before them has reached are kept, and changed further.
 */
import assert from 'node:assert/strict';
import { Random } from '../bench/reuse/random';
import { cutAt } from '../support/cuts';
import { Coverage } from './coverage';
import { mutate, pick } from './mutate';
import type { Target } from './target';

/** What has run is asked for so many inputs at a time, because it takes some milliseconds. */
const BATCH = 250;
/** Shorter inputs are also read character by character. */
const SHORT = 200;

export interface Campaign {
  readonly inputs: number;
  readonly kept: number;
  readonly blocks: number;
  readonly ms: number;
}

/** An input that a target did not stand. */
export class Finding extends Error {
  override readonly name = 'Finding';

  constructor(target: Target, input: string, cause: unknown) {
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`${target.name} fails for ${JSON.stringify(input)}\n${what}`, { cause });
  }
}

/** Throws a `Finding` for the first input that fails, made as short as it can be. */
export function fuzz(target: Target, inputs: number, seed: number): Campaign {
  const startedAtMs = performance.now();
  const coverage = new Coverage();
  try {
    const corpus = [...target.seeds];
    for (const [index, input] of corpus.entries()) check(target, input, seed, index);
    const known = coverage.take();
    for (let done = 0; done < inputs; done += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, inputs - done) }, (_, index) => {
        const random = Random.of(seed, target.name, done + index);
        return mutate(pick(corpus, random), pick(corpus, random), target, random);
      });
      for (const [index, input] of batch.entries()) check(target, input, seed, done + index);
      const reached = coverage.take();
      const news = new Set([...reached].filter((block) => !known.has(block)));
      for (const block of news) known.add(block);
      if (news.size > 0) corpus.push(...reaching(news, batch, target, coverage));
    }
    const kept = corpus.length - target.seeds.length;
    return { inputs, kept, blocks: known.size, ms: performance.now() - startedAtMs };
  } finally {
    coverage.close();
  }
}

/** Those of the inputs that are the first to reach one of the blocks. */
function reaching(
  blocks: ReadonlySet<string>,
  inputs: readonly string[],
  target: Target,
  coverage: Coverage,
): string[] {
  if (inputs.length === 1) return [...inputs];
  const half = Math.ceil(inputs.length / 2);
  const [left, right] = [inputs.slice(0, half), inputs.slice(half)];
  for (const input of left) check(target, input, 0, 0);
  const reached = coverage.take();
  const here = new Set([...blocks].filter((block) => reached.has(block)));
  const there = new Set([...blocks].filter((block) => !reached.has(block)));
  return [
    ...(here.size > 0 ? reaching(here, left, target, coverage) : []),
    ...(there.size > 0 ? reaching(there, right, target, coverage) : []),
  ];
}

/** Checks one input: whole, in pieces, and character by character. */
export function check(target: Target, input: string, seed: number, number: number): void {
  const random = Random.of(seed, 'cuts', number);
  const fails = (candidate: string): unknown => {
    try {
      const result = target.read([candidate]);
      target.judge?.(candidate, result, random);
      if (target.isWhole) return undefined;
      const cuts = Array.from({ length: 1 + random.below(8) }, () => random.below(LONG));
      assert.deepEqual(target.read(cutAt(candidate, cuts)), result, 'cut somewhere');
      if (candidate.length > SHORT) return undefined;
      assert.deepEqual(target.read(candidate.split('')), result, 'cut everywhere');
      return undefined;
    } catch (error) {
      return error ?? 'threw nothing';
    }
  };
  if (fails(input) === undefined) return;
  const shortest = shortened(input, (candidate) => fails(candidate) !== undefined);
  throw new Finding(target, shortest, fails(shortest));
}

const LONG = 2 ** 30;

/** Takes parts out of an input for as long as it still fails. */
function shortened(input: string, fails: (input: string) => boolean): string {
  let shortest = input;
  for (
    let size = Math.ceil(input.length / 2);
    size > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < shortest.length;) {
      const candidate = shortest.slice(0, at) + shortest.slice(at + size);
      if (fails(candidate)) shortest = candidate;
      else at += size;
    }
  }
  return shortest;
}
