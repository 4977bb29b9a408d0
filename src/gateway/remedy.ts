/** What may be done about a turn that failed before its client saw anything of it. */
import type { GatewayError } from '../base/errors';
import type { Incarnation } from '../lingma/instance';
import type { Lease } from '../session/lease';

/** Failures that a fresh session would meet just the same. */
const NOT_THE_SESSIONS_FAULT = new Set([
  'cancelled',
  'stopping',
  'too_many_requests',
  'queue_full',
  'queue_timeout',
  'no_instance',
  'upstream_auth',
  'upstream_rate_limit',
  'upstream_content_filter',
  'unsupported_content',
  'schema_too_costly',
  'upstream_invalid_tool_call',
  'upstream_invalid_output',
  'body_too_large',
]);

/** How far a try got, for what may be done about its failure. */
export interface Try {
  readonly lease: Pick<Lease, 'session'>;
  /** The process it ran on; undefined while it waited for one. */
  readonly owner: Incarnation | undefined;
  /** Whether its prompt may have reached the process. */
  readonly asked: boolean;
}

/**
 * What may help a turn that failed before its client saw anything; each is tried once. A process
 * that is full gets room only where no other one can take the turn.
 */
export type Remedy = 'fresh' | 'elsewhere' | 'room';

/** What to try, in this order. @param others Whether other processes take turns now. */
export function remedyFor(error: GatewayError, { lease, asked }: Try, others: boolean): Remedy[] {
  if (error.code === 'upstream_session_limit') return others ? ['elsewhere', 'room'] : ['room'];
  if (error.code === 'instance_lost') return ['fresh'];
  return lease.session && asked && !NOT_THE_SESSIONS_FAULT.has(error.code) ? ['fresh'] : [];
}

/** Where the next try may run. */
export interface Where {
  /** This process and no other. */
  readonly on?: Incarnation | undefined;
  /** Rather not on this one, which has just failed the turn. */
  readonly avoid?: Incarnation | undefined;
}
