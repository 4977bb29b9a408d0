/** Where a client wants its answer to end. */
import * as v from 'valibot';
import type { AnswerLimits } from '../conversation/messages';

/** More or longer ones are no way to end an answer, but would be a way to slow one down. */
const MOST_SEQUENCES = 64;
const LONGEST_SEQUENCE = 1_000;

const sequence = v.pipe(v.string(), v.nonEmpty(), v.maxLength(LONGEST_SEQUENCE));

/** A list of stop sequences. */
export const stopList = v.pipe(v.array(sequence), v.maxLength(MOST_SEQUENCES));
/** One stop sequence or a list of them. */
export const stopSequences = v.lazy((input) => (Array.isArray(input) ? stopList : sequence));
/** A number of tokens. */
export const tokenLimit = v.pipe(v.number(), v.integer(), v.minValue(1));

/** The limits of an answer; undefined when it has none. */
export function answerLimits(
  stop: string | readonly string[] | null | undefined,
  maxTokens: number | null | undefined,
): AnswerLimits | undefined {
  const sequences = typeof stop === 'string' ? [stop] : (stop ?? []);
  if (sequences.length === 0 && (maxTokens ?? undefined) === undefined) return undefined;
  return { stop: sequences, maxTokens: maxTokens ?? undefined };
}
