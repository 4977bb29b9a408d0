/** The end of an answer as a Lingma runtime reports it, alike in both dialects (protocol §4a.2, §4b). */
import type { GatewayError } from '../base/errors';
import { emptyAnswer, finishError } from './turnErrors';

/** The failure that an end reports, whatever has been said; undefined when it reports none. */
export function reportedFailure(
  fields: Readonly<Record<string, unknown>>,
): GatewayError | undefined {
  const reason = reasonOf(fields);
  const status = statusCode(fields['statusCode']);
  // Cancelled is reported with status 200 (protocol §4a.2), yet it is no answer.
  if (reason === 'cancelled') return finishError(408, 'the turn was cancelled inside Lingma');
  return status === 200 || status === undefined ? undefined : finishError(status, reason);
}

/** What makes the end of this whole answer a failure; undefined when the answer is good. */
export function finishProblem(
  fields: Readonly<Record<string, unknown>>,
  answer: string,
): GatewayError | undefined {
  const failure = reportedFailure(fields);
  // Thoughts, cards and line breaks are no answer.
  if (failure || answer.trim() !== '') return failure;
  const status = statusCode(fields['statusCode']);
  return status === undefined ? finishError(status, reasonOf(fields)) : emptyAnswer();
}

function reasonOf(fields: Readonly<Record<string, unknown>>): string {
  return typeof fields['reason'] === 'string' ? fields['reason'] : '';
}

/** A status as a number, whether it came as one or as text; undefined when there is none. */
function statusCode(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return undefined;
}
