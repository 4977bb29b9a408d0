/**
 * The one error type that crosses rooms. Every failure a client or a person may see is made by a
 * factory beside the code that detects it, carries a stable code, and names the next step.
 */

/** Stable, documented identifiers; clients and tests match on these, never on messages. */
export type ErrorCode =
  | 'invalid_request'
  | 'unsupported_parameter'
  | 'unsupported_content'
  | 'schema_too_costly'
  | 'invalid_json'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'invalid_api_key'
  | 'host_not_allowed'
  | 'origin_not_allowed'
  | 'owner_key_required'
  | 'not_found'
  | 'method_not_allowed'
  | 'upgrade_refused'
  | 'model_not_found'
  | 'response_not_found'
  | 'previous_response_not_found'
  | 'session_busy'
  | 'item_not_found'
  | 'expectation_failed'
  | 'too_many_requests'
  | 'queue_full'
  | 'queue_timeout'
  | 'no_instance'
  | 'instance_lost'
  | 'start_failed'
  | 'port_in_use'
  | 'port_not_allowed'
  | 'address_not_available'
  | 'leader_gone'
  | 'leader_outdated'
  | 'work_dir_in_use'
  | 'work_dir_unusable'
  | 'binary_not_found'
  | 'upstream_protocol'
  | 'upstream_rejected'
  | 'upstream_auth'
  | 'sign_in_unavailable'
  | 'upstream_rate_limit'
  | 'upstream_session_limit'
  | 'upstream_content_filter'
  | 'upstream_failed'
  | 'upstream_empty'
  | 'upstream_invalid_tool_call'
  | 'upstream_invalid_output'
  | 'upstream_timeout'
  | 'client_too_slow'
  | 'cancelled'
  | 'stopping'
  | 'internal';

export interface GatewayErrorOptions {
  readonly code: ErrorCode;
  /** What went wrong and what to do next, in one or two plain sentences. */
  readonly message: string;
  /** HTTP status the failure maps to when nothing has been sent yet. */
  readonly status: number;
  /** The request field at fault, as a path such as `messages[2].content`. */
  readonly param?: string | undefined;
  /** True when the same request may succeed if it is sent again. */
  readonly retryable?: boolean | undefined;
  /** Seconds a client should wait before it tries again (`Retry-After`). */
  readonly retryAfterSeconds?: number | undefined;
  /** Methods the path does take (`Allow`). */
  readonly allow?: readonly string[] | undefined;
  /** What `message` quotes of others: a process may repeat in it what it was asked. */
  readonly quoted?: string | undefined;
  readonly cause?: unknown;
}

/** A failure with a stable code and an HTTP mapping. Build it through a factory, not directly. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly param: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly allow: readonly string[] | undefined;
  /** The message without what it quotes of others: this may stand in a log. */
  readonly loggable: string;

  constructor(options: GatewayErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.status = options.status;
    this.param = options.param;
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.allow = options.allow;
    this.loggable = options.quoted
      ? options.message.replaceAll(options.quoted, '…')
      : options.message;
  }

  /** By name: the extension and the core are two bundles, each with a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): value is GatewayError {
    return value instanceof Error && value.name === 'GatewayError';
  }
}

/** Anything thrown, as a GatewayError; an unknown error becomes `internal` and keeps its cause. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError({
    code: 'internal',
    status: 500,
    message: 'The gateway failed unexpectedly; its log has the details.',
    cause: error,
  });
}

/** The request is malformed at `param`. */
export function invalidRequest(param: string | undefined, message: string): GatewayError {
  return new GatewayError({ code: 'invalid_request', status: 400, message, param });
}

/** The turn was cancelled by its own client; nobody is left to read an answer. */
export function cancelled(): GatewayError {
  return new GatewayError({
    code: 'cancelled',
    status: 499,
    message: 'The client closed the request.',
  });
}

/** The gateway is shutting down and ends its turns. */
export function stopping(): GatewayError {
  return new GatewayError({
    code: 'stopping',
    status: 503,
    message: 'The gateway is stopping; send the request again when it is back.',
    retryable: true,
    retryAfterSeconds: 1,
  });
}
