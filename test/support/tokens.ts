/** Counters of tokens, with the vocabulary that is shipped and without. */
import { vocabulary } from '../../scripts/vocabulary.mjs';
import type { BytePairs } from '../../src/conversation/bytePairs';
import { TokenCounter } from '../../src/conversation/tokens';
import { readEncoding } from '../../src/conversation/vocabulary';

let reading: Promise<BytePairs> | undefined;

/** The encoding, read once for all tests of a run. */
export function encoding(): Promise<BytePairs> {
  reading ??= readEncoding(vocabulary());
  return reading;
}

/** A counter whose tokenizer never comes. */
export function estimates(): TokenCounter {
  return new TokenCounter(() => Promise.reject(new Error('there is no tokenizer')));
}

/** A counter that has its tokenizer. */
export async function tokenizer(): Promise<TokenCounter> {
  const counter = new TokenCounter(encoding);
  await counter.ready();
  return counter;
}
