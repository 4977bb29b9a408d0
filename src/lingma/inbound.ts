/**
 * Answers to the requests a process makes of its client (protocol §2.1, §6). A gateway never acts
 * for the process: tools are not run and permissions are not given, in the shape each method wants.
 */
export function replyTo(method: string, params: unknown): unknown {
  switch (method) {
    case 'tool/invoke':
      return {
        toolCallId: field(params, 'toolCallId'),
        name: field(params, 'name'),
        success: false,
        errorMessage: 'This client runs no tools.',
        result: null,
      };
    case 'session/request_permission':
      return {
        requestId: field(params, 'requestId'),
        errorMessage: 'This client grants no permissions.',
        successful: false,
      };
    default:
      return {};
  }
}

function field(params: unknown, name: string): unknown {
  if (typeof params !== 'object' || params === null) return null;
  return (params as Record<string, unknown>)[name] ?? null;
}
