/** Which call a result answers: clients say it by an id that means nothing to a model. */
import type { ContentPart, ToolResultPart } from '../conversation/messages';

/** The calls of a conversation so far, by the client's id. */
export type Calls = Map<string, { readonly name: string; readonly callIndex: number }>;

/** The result of the call with this id, as the neutral conversation has it. */
export function toolResult(
  calls: Calls,
  id: string,
  parts: readonly ContentPart[],
): ToolResultPart {
  const { name, callIndex } = calls.get(id) ?? { name: '', callIndex: 0 };
  return { type: 'toolResult', name, callIndex, parts };
}
