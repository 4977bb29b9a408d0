/** Reads the vocabulary that tokens are counted with, a little at a time. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BytePairs } from './bytePairs';

/** Milliseconds of work after which others get their turn. */
const SLICE_MS = 2;
/** Tokens that are read between two looks at the clock. */
const BATCH = 500;
/** Characters of the vocabulary that are counted, so that the first count of a client is no slow one. */
const WARM_UP = { rounds: 24, characters: 400 };

/**
 * The encoding with this vocabulary (`scripts/vocabulary.mjs` writes it): every token in the order of
 * its rank, as one byte for its length and then its bytes. Rejects when there is none in it.
 */
export async function readEncoding(vocabulary: Buffer): Promise<BytePairs> {
  const ranks = new Map<string, number>();
  let startedAtMs = performance.now();
  for (let at = 0; at < vocabulary.length;) {
    const end = at + 1 + (vocabulary[at] ?? 0);
    ranks.set(vocabulary.toString('latin1', at + 1, end), ranks.size);
    at = end;
    if (ranks.size % BATCH > 0 || performance.now() - startedAtMs < SLICE_MS) continue;
    await nextTurn();
    startedAtMs = performance.now();
  }
  // Every text can be written in single bytes, or it cannot be counted.
  if (ranks.size < 256) throw new Error('the vocabulary is not whole');
  const encoding = new BytePairs(ranks);
  for (let round = 0; round < WARM_UP.rounds; round++) {
    const from = round * WARM_UP.characters;
    encoding.count(vocabulary.toString('latin1', from, from + WARM_UP.characters));
    await nextTurn();
  }
  return encoding;
}
