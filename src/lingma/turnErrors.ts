/** Failures of a running turn, mapped from the process's status codes (protocol §4a.2). */
import { type ErrorCode, GatewayError } from '../base/errors';

interface Mapping {
  readonly code: ErrorCode;
  readonly status: number;
  readonly hint: string;
  readonly retryable?: boolean;
}

const upstreamFailure: Mapping = {
  code: 'upstream_failed',
  status: 502,
  hint: 'Send the request again; if it keeps failing, see the gateway log.',
  retryable: true,
};

const mappings = new Map<number, Mapping>([
  [400, { code: 'upstream_rejected', status: 400, hint: 'Check the request.' }],
  [
    401,
    {
      code: 'upstream_auth',
      status: 401,
      hint:
        'Lingma is signed out: run "Lingma Gateway: Sign in to Lingma" in VS Code, or POST ' +
        "/internal/login with the gateway's own key, then try again.",
    },
  ],
  [
    403,
    {
      code: 'upstream_auth',
      status: 403,
      hint: "Check this account's Lingma permission and quota.",
    },
  ],
  [
    406,
    { code: 'upstream_content_filter', status: 400, hint: 'Change the content and try again.' },
  ],
  [
    408,
    { code: 'upstream_timeout', status: 504, hint: 'Send the request again.', retryable: true },
  ],
  [409, { code: 'upstream_rate_limit', status: 429, hint: 'Wait a moment.', retryable: true }],
  [429, { code: 'upstream_rate_limit', status: 429, hint: 'Wait a moment.', retryable: true }],
]);

/** The process holds as many sessions as it can; another process, or fewer sessions, will do. */
const sessionLimit: Mapping = {
  code: 'upstream_session_limit',
  status: 429,
  hint: 'Lower lingmaGateway.sessionMaxPerInstance (--session-max-per-instance), or run more instances.',
  retryable: true,
};

/** The turn ended with `statusCode`; undefined when the process named none. */
export function finishError(statusCode: number | undefined, reason: string): GatewayError {
  const mapping = /session limit/i.test(reason)
    ? sessionLimit
    : (mappings.get(statusCode ?? 0) ?? upstreamFailure);
  const what = [statusCode === undefined ? '' : `status ${statusCode}`, reason].filter(Boolean);
  return new GatewayError({
    code: mapping.code,
    status: mapping.status,
    message: `Lingma ended the turn with an error (${what.join(', ') || 'no reason given'}). ${mapping.hint}`,
    quoted: reason,
    retryable: mapping.retryable,
    retryAfterSeconds: mapping.status === 429 ? 2 : undefined,
  });
}

/** Whether signing in is what helps; a missing permission is `upstream_auth` as well. */
export function wantsSignIn({ code, status }: GatewayError): boolean {
  return code === 'upstream_auth' && status === 401;
}

/** A finished turn without any text: an error rather than an empty success (protocol §8). */
export function emptyAnswer(): GatewayError {
  return new GatewayError({
    code: 'upstream_empty',
    status: 502,
    message: 'Lingma finished the turn without an answer. Send the request again.',
    retryable: true,
  });
}

/** A turn that was to continue a session was answered in another one, so without its history. */
export function sessionReplaced(): GatewayError {
  return new GatewayError({
    code: 'upstream_failed',
    status: 502,
    message: 'Lingma answered in another session than the one it was asked to continue. Try again.',
    retryable: true,
  });
}

/** The client let more of the answer wait than the gateway keeps for it. */
export function clientTooSlow(): GatewayError {
  return new GatewayError({
    code: 'client_too_slow',
    status: 408,
    message:
      'The client stopped reading while the answer went on; the turn was stopped. Read the stream ' +
      'as it comes, or ask for a shorter answer.',
  });
}

/** The turn stood still, or ran, for longer than its limit. */
export function turnTimeout(what: string, limitMs: number): GatewayError {
  return new GatewayError({
    code: 'upstream_timeout',
    status: 504,
    message: `Lingma ${what} for ${limitMs / 1000} s; the turn was stopped. Send the request again.`,
    retryable: true,
  });
}
