/**
 * Tools of the caller that the process calls itself (protocol §6). They are run by nobody here: the
 * first call of one goes to the client and ends the turn. Everything else, the tools of an IDE
 * above all, is refused. Where the documents differ, names are read as any of them writes them.
 */
import { isDeeperThan, MAX_CALL_DEPTH } from '../base/depth';
import { writeJson } from '../base/exactJson';
import { isRecord } from '../base/json';
import type { Tool } from '../conversation/messages';
import type { WrittenCall } from '../conversation/toolCalls/call';

/** Sends a request whose reply does not matter. */
type Send = (method: string, params: object) => void;

export class NativeTools {
  readonly #names: ReadonlySet<string>;
  readonly #send: Send;
  /** Calls that were decided on: each is approved or refused once. */
  readonly #decided = new Set<string>();

  constructor(tools: readonly Tool[] | undefined, send: Send) {
    this.#names = new Set(tools?.map(({ name }) => name));
    this.#send = send;
  }

  /** Takes any event of the turn; returns the call that ends it. */
  receive(method: string, params: Readonly<Record<string, unknown>>): WrittenCall | undefined {
    if (method === 'tool/call/sync') this.#decide(params);
    return method === 'tool/invoke' ? this.#invoked(params) : undefined;
  }

  #decide(params: Readonly<Record<string, unknown>>): void {
    const { sessionId, requestId, toolCallId, toolCallStatus, type } = params;
    if (toolCallStatus !== 'PENDING' || typeof toolCallId !== 'string') return;
    if (this.#decided.has(toolCallId)) return;
    this.#decided.add(toolCallId);
    // One without a name could be anything, and the process would run it where it is.
    const approval = this.#names.has(nameIn(params));
    this.#send('tool/call/approve', { type, sessionId, requestId, toolCallId, approval });
  }

  #invoked(params: Readonly<Record<string, unknown>>): WrittenCall | undefined {
    const { toolCallId, async: isAsync } = params;
    const name = nameIn(params);
    if (isAsync === true) {
      // What the reply says to a call that waits for it (`inbound.ts`).
      this.#send('tool/invokeResult', { toolCallId, name, ...NOT_RUN });
    }
    const given = params['parameters'] ?? params['arguments'] ?? {};
    if (!this.#names.has(name) || !isRecord(given)) return undefined;
    // No client could send it back, and writing it would overflow the stack.
    if (isDeeperThan(MAX_CALL_DEPTH, given)) return undefined;
    return { name, argumentsJson: writeJson(given) };
  }
}

/** How a process is told that a call was not run. */
export const NOT_RUN = {
  success: false,
  errorMessage:
    'This client runs no tools itself. If the tool is one of the caller’s, the caller runs it and sends the result with its next message.',
  result: null,
} as const;

/** Tools as the protocol takes them at the root of the parameters of a turn (protocol §6). */
export function toolParams(tools: readonly Tool[]): object[] {
  return tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name, description, parameters },
  }));
}

function nameIn(params: Readonly<Record<string, unknown>>): string {
  const name = params['name'] ?? params['toolName'] ?? params['tool_name'];
  return typeof name === 'string' ? name : '';
}
