/** Token figures as processes report them; what is no count is left out. */
import { isRecord } from '../base/json';
import type { ReportedUsage } from './dialect';

/**
 * Lingma's own figure: how much of the model's context is in use (protocol §4a.2
 * `context/usage/sync`, §4b `context_usage`). Sent before the answer it counts what is asked, after
 * it the answer as well.
 * @param answered Whether any of the answer has come.
 */
export function contextUsage(fields: unknown, answered: boolean): ReportedUsage | undefined {
  const used = isRecord(fields) ? count(fields['usedTokens']) : undefined;
  if (!used) return undefined;
  return answered ? { totalTokens: used } : { inputTokens: used };
}

/** A standard agent's figures of one turn (protocol §4c), in a chunk's `_meta` or in its reply. */
export function agentUsage(holder: unknown): ReportedUsage | undefined {
  const fields = isRecord(holder) ? holder['usage'] : undefined;
  if (!isRecord(fields)) return undefined;
  const inputTokens = count(fields['inputTokens']);
  const outputTokens = count(fields['outputTokens']);
  if (!inputTokens && !outputTokens) return undefined;
  return {
    inputTokens,
    outputTokens,
    cachedTokens: count(fields['cachedReadTokens']),
    reasoningTokens: count(fields['thoughtTokens']),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
