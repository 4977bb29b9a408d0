import type { ToolCall } from './directives';
import { RpcError, rpcCodes } from './jsonRpc';
import type { Client, ToolResult, World } from './world';

/**
 * Asks the client to run a tool (protocol §6 `tool/invoke`) and calls `done` when its outcome is
 * there: in the reply, or for an async call in the `tool/invokeResult` that follows. An error reply
 * ends both, since no outcome can follow it.
 */
export function invokeTool(
  ids: { readonly requestId: string; readonly sessionId: string },
  { name, parameters, async }: ToolCall,
  client: Client,
  world: World,
  done: () => void,
): void {
  const toolCallId = `call-${ids.requestId}`;
  const call = { ...ids, toolCallId };
  if (async) {
    client.toolCalls.set(toolCallId, (result) => {
      client.toolCalls.delete(toolCallId);
      world.records.event('tool-result', { ...call, ...result });
      done();
    });
  }
  client.request('tool/invoke', { ...call, name, parameters, async }, (outcome) => {
    world.records.event('tool-replied', { ...call, ...outcome });
    if (async && !('error' in outcome)) return;
    client.toolCalls.delete(toolCallId);
    done();
  });
}

function refuse(problem: string): never {
  throw new RpcError(rpcCodes.badParams, `tool/invokeResult: ${problem}`);
}

function readResult(params: Readonly<Record<string, unknown>>): ToolResult {
  const { name, success, errorMessage, result } = params;
  if (typeof name !== 'string' || name === '') return refuse('name must be a non-empty string');
  if (typeof success !== 'boolean') return refuse('success must be true or false');
  if (errorMessage !== null && typeof errorMessage !== 'string') {
    return refuse('errorMessage must be a string or null');
  }
  return { name, success, errorMessage, result };
}

/**
 * Answers `tool/invokeResult` (protocol §6): nulls when the call was waiting for it, else an error
 * code. Throws an {@link RpcError} for wrong parameters.
 */
export function toolResult(
  params: Readonly<Record<string, unknown>>,
  _world: World,
  client: Client,
): object {
  const { toolCallId } = params;
  if (typeof toolCallId !== 'string') return refuse('toolCallId must be a string');
  const result = readResult(params);
  const settle = client.toolCalls.get(toolCallId);
  if (settle === undefined) {
    return { errorCode: 'NotFound', errorMessage: `no async tool call ${toolCallId} is waiting` };
  }
  settle(result);
  return { errorCode: null, errorMessage: null };
}
