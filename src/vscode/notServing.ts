/** Why a window has no gateway to give a turn to, although somebody asked for one. */
import { GatewayError } from '../base/errors';
import type { HostState } from '../dashboard/protocol';

/** The failure of the start, or `no_instance` where it was stopped meanwhile. */
export function notServing(state: HostState): GatewayError {
  const failed = state.kind === 'failed';
  return new GatewayError({
    code: failed ? state.code : 'no_instance',
    status: 503,
    message: failed
      ? state.problem
      : 'The gateway is not running. Start it with the command "Lingma Gateway: Start Gateway".',
    retryable: true,
  });
}
