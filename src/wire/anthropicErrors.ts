/** Anthropic's error shape. */
import type { ErrorType } from '@anthropic-ai/sdk/resources/shared';
import type { GatewayError } from '../base/errors';
import type { ErrorShape } from './dialect';

/** `request_too_large` is documented, and missing in the SDK's list. */
export type AnthropicErrorType = ErrorType | 'request_too_large';

export interface AnthropicErrorBody {
  readonly type: 'error';
  readonly error: {
    readonly type: AnthropicErrorType;
    readonly message: string;
  };
}

export function anthropicError(error: GatewayError): AnthropicErrorBody {
  const { param, message, status } = error;
  // The shape has no field for it, so the message must say where the fault is.
  const named = param === undefined || message.includes(param) ? message : `${param}: ${message}`;
  return { type: 'error', error: { type: errorType(status), message: named } };
}

/** Answers name the request; errors inside a stream do not. */
export const anthropicErrors: ErrorShape = {
  body: (error, requestId) => ({ ...anthropicError(error), request_id: requestId }),
  requestIdHeader: 'request-id',
};

function errorType(status: number): AnthropicErrorType {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
    case 421:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    default:
      return status < 500 ? 'invalid_request_error' : 'api_error';
  }
}
