/** Tool calls and their results on the wire. */
import { type GatewayError, invalidRequest } from '../base/errors';
import type { ContentPart, ToolResultPart } from '../conversation/messages';
import { shortened } from './validation';

/** The calls of a conversation so far, by the client's id. */
export type Calls = Map<string, { readonly name: string; readonly callIndex: number }>;

/**
 * The result of the call with this id, as the neutral conversation has it: clients say which call a
 * result answers by an id that means nothing to a model.
 */
export function toolResult(
  calls: Calls,
  id: string,
  parts: readonly ContentPart[],
  isError = false,
): ToolResultPart {
  const { name, callIndex } = calls.get(id) ?? { name: '', callIndex: 0 };
  return { type: 'toolResult', name, callIndex, ...(isError ? { isError } : {}), parts };
}

/** `tool_choice` demands a call, and the request has no tool that could be called. */
export function nothingToCall(): GatewayError {
  return invalidRequest(
    'tool_choice',
    'tool_choice asks for a tool call, but the request offers no tool that the model could call. ' +
      'Add one to tools, or leave tool_choice out.',
  );
}

/** `tool_choice` names a tool that the request does not have. @param param Where the name stands. */
export function unknownChoice(param: string, name: string, among = 'tools'): GatewayError {
  return invalidRequest(
    param,
    `${param} names "${shortened(name)}", which is not among the ${among}.`,
  );
}

/** UTF-16 units in one delta of arguments. */
const ARGUMENTS_PER_DELTA = 1024;

/**
 * The deltas that arguments are streamed in. They are cut from the finished call: until its
 * arguments have been checked against their schema a call may yet be repaired, and what a client
 * has been sent cannot be taken back. One event of a whole file would be more than some read.
 */
export function argumentDeltas(argumentsJson: string): string[] {
  const deltas: string[] = [];
  for (let from = 0; from < argumentsJson.length;) {
    let end = from + ARGUMENTS_PER_DELTA;
    // A pair of surrogates is one character.
    if (/[\uD800-\uDBFF]/.test(argumentsJson.charAt(end - 1))) end++;
    deltas.push(argumentsJson.slice(from, end));
    from = end;
  }
  return deltas;
}
