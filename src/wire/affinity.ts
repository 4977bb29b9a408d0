/**
 * Which of several gateways a conversation belongs to, as the balancer in front of them has computed
 * it (docs/deploy/haproxy.cfg). It finds nothing here. The ids of stored responses carry it, because
 * what goes on from one by its id may say nothing else of its conversation.
 */
import type { IncomingHttpHeaders } from 'node:http';

const HEADER = 'x-lingma-affinity';

/** The sixteen digits a balancer has put on a request; undefined without one. */
export function affinityOf(headers: IncomingHttpHeaders): string | undefined {
  const value = headers[HEADER];
  return typeof value === 'string' && /^[0-9A-F]{16}$/.test(value) ? value : undefined;
}
