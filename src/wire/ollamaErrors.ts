/** Ollama's error shape: one sentence. */
import type { GatewayError } from '../base/errors';
import type { ErrorShape } from './dialect';

export const ollamaErrors: ErrorShape = { body: (error) => ollamaError(error) };

/** The sentence names the field; the code is ours. */
export function ollamaError(error: GatewayError): { error: string; code: string } {
  const { param, message, code } = error;
  const named = param === undefined || message.includes(param) ? message : `${param}: ${message}`;
  return { error: named, code };
}
