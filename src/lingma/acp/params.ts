/**
 * The parameters of our calls. The official library's types hold those for standard agents to the
 * specification; a Lingma runtime gets the fields of its own beside them (protocol §4b).
 */
import type {
  CancelNotification,
  ContentBlock,
  InitializeRequest,
  NewSessionRequest,
  PromptRequest,
  SetSessionConfigOptionRequest,
} from '@agentclientprotocol/sdk';
import { GatewayError } from '../../base/errors';
import { version } from '../../base/version';
import type { AskRequest } from '../dialect';
import type { ModelChoice } from './facts';

/** Whether the other end is a Lingma runtime or a standard agent. */
export type Runtime = 'lingma' | 'agent';

/** The key in `_meta` that ties a turn's messages together (protocol §4b). */
export const REQUEST_ID = 'ai-coding/request-id';

/** `initialize` for a standard agent: it is offered nothing it could act through. */
export function initializeParams(): InitializeRequest {
  return {
    protocolVersion: 1,
    clientInfo: { name: 'lingma-gateway', version },
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  };
}

/** `session/new` in the empty folder `cwd`. */
export function newSessionParams(runtime: Runtime, cwd: string): NewSessionRequest {
  const params = { cwd, mcpServers: [] };
  return runtime === 'agent' ? params : { ...params, _meta: {}, ...timestamp() };
}

/** The call that gives a session another model. */
export function setModelCall(
  runtime: Runtime,
  choice: ModelChoice,
  sessionId: string,
  modelId: string,
): { readonly method: string; readonly params: object } {
  if (choice.by === 'option') {
    const params: SetSessionConfigOptionRequest = {
      sessionId,
      configId: choice.configId,
      value: modelId,
    };
    return { method: 'session/set_config_option', params };
  }
  const params = { sessionId, modelId };
  return {
    method: 'session/set_model',
    params: runtime === 'agent' ? params : { ...params, _meta: {}, ...timestamp() },
  };
}

/** `session/prompt`. */
export function promptParams(
  runtime: Runtime,
  sessionId: string,
  requestId: string,
  request: Pick<AskRequest, 'prompt' | 'images' | 'modelKey' | 'mode'>,
): PromptRequest {
  const prompt: ContentBlock[] = [
    { type: 'text', text: runtime === 'agent' ? asSpoken(request.prompt) : request.prompt },
    ...request.images.map(imageBlock),
  ];
  if (runtime === 'agent') return { sessionId, prompt };
  const { modelKey, mode } = request;
  return {
    sessionId,
    prompt,
    _meta: {
      [REQUEST_ID]: requestId,
      'ai-coding/mode': mode,
      // Empty keys are left out (protocol §4b).
      ...(modelKey ? { 'ai-coding/model': modelKey } : {}),
      'ai-coding/enabled-mcp-servers': [],
    },
  };
}

/** `session/cancel`. */
export function cancelParams(
  runtime: Runtime,
  sessionId: string,
  requestId: string,
): CancelNotification {
  return runtime === 'agent' ? { sessionId } : { sessionId, _meta: { [REQUEST_ID]: requestId } };
}

/**
 * Agents take a prompt that begins with a slash for a command to themselves. What a client of the
 * API writes is said to the model, so it goes under the name of its speaker, as in a transcript.
 */
function asSpoken(prompt: string): string {
  return /^\s*\//.test(prompt) ? `[User]\n${prompt}` : prompt;
}

function imageBlock(uri: string): ContentBlock {
  const [, mimeType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(uri) ?? [];
  if (mimeType === undefined || data === undefined) throw notInline();
  return { type: 'image', mimeType, data };
}

/** Milliseconds since the epoch, which Lingma's own clients send along (protocol §4b). */
function timestamp(): { readonly timestamp: number } {
  return { timestamp: Date.now() };
}

function notInline(): GatewayError {
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    message: 'An image is no base64 data: URI. Send it as one.',
  });
}
