/** OpenAI's error shape, which everything without a dialect of its own answers in as well. */
import type { ErrorCode, GatewayError } from '../base/errors';
import type { ErrorShape } from './dialect';

export interface OpenAiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: ErrorCode;
  };
}

export function openAiError(error: GatewayError): OpenAiErrorBody {
  return {
    error: {
      message: error.message,
      type: errorType(error.status),
      param: error.param ?? null,
      code: error.code,
    },
  };
}

export const openAiErrors: ErrorShape = { body: (error) => openAiError(error) };

function errorType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403 || status === 421) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'api_error';
}
